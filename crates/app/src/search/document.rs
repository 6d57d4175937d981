//! A package, its tags and datasets as the index holds them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    access::{PackageFacts, access_terms},
    dataset::DatasetPath,
    metadata::Tags,
    package::Package,
    search::{NumberField, SearchDocument, TermField, TextField, VALUE_BREAK, tag_term},
};

use super::{
    analysis::{self, Token},
    value::tag_number,
};

/// So many bytes of dataset names are indexed; what is cut off is told by `truncated`.
pub const FILE_NAME_BYTES: usize = 256 * 1024;
/// Longer tag values are not suggested whole.
const SUGGESTED_CHARACTERS: usize = 50;

/// Gathers a document; datasets come page by page.
#[derive(Debug)]
pub struct DocumentBuilder {
    document: SearchDocument,
    text: BTreeMap<TextField, Vec<String>>,
    spelled: BTreeMap<TextField, BTreeSet<String>>,
    words: BTreeSet<String>,
    file_name_bytes: usize,
}

/// The document of a package with all its current datasets: path, format and size of each.
pub fn build<'a>(
    package: &Package,
    tags: &Tags,
    datasets: impl IntoIterator<Item = (&'a DatasetPath, Option<String>, u64)>,
) -> SearchDocument {
    let mut builder = DocumentBuilder::new(package, tags);
    for (path, format, size) in datasets {
        builder.dataset(path, format, size);
    }
    builder.finish()
}

impl DocumentBuilder {
    /// Begins with everything but the datasets.
    #[must_use]
    pub fn new(package: &Package, tags: &Tags) -> Self {
        let mut builder = Self {
            document: described(package, tags),
            text: BTreeMap::new(),
            spelled: BTreeMap::new(),
            words: BTreeSet::new(),
            file_name_bytes: 0,
        };
        builder.add_text(TextField::Name, package.name.as_str());
        builder.add_text(TextField::Description, package.description.as_str());
        for (name, value) in tags.iter() {
            builder.add_tag(name, value);
        }
        builder
    }

    /// Adds one current dataset.
    pub fn dataset(&mut self, path: &DatasetPath, format: Option<String>, size: u64) {
        self.document.datasets += 1;
        self.document.bytes = self.document.bytes.saturating_add(size);
        if let Some(format) = format {
            *self.document.formats.entry(format.to_lowercase()).or_default() += 1;
        }
        self.file_name_bytes += path.as_str().len();
        if self.file_name_bytes > FILE_NAME_BYTES {
            self.document.truncated = true;
            return;
        }
        self.add_name(TextField::Files, path.as_str());
    }

    /// Adds the name or comment of a table or column.
    pub fn column(&mut self, name: &str) {
        self.add_name(TextField::Columns, name);
    }

    /// The document.
    #[must_use]
    pub fn finish(mut self) -> SearchDocument {
        let document = &mut self.document;
        let numbers = [(NumberField::Bytes, document.bytes), (NumberField::Datasets, document.datasets)];
        document.numbers.extend(numbers.map(|(field, number)| (field, approximate(number))));
        document.terms.insert(TermField::Format, document.formats.keys().cloned().collect());
        let value_break = format!(" {VALUE_BREAK} ");
        let all: Vec<String> = self.text.values().flatten().cloned().collect();
        self.text.insert(TextField::All, all);
        // Indexes score by averages over the documents that have a field. One without text has a break, so that all count.
        let text =
            |field| self.text.get(&field).filter(|values| !values.is_empty()).map_or(VALUE_BREAK.to_owned(), |all| all.join(&value_break));
        document.text = TextField::ALL.into_iter().map(|field| (field, text(field))).collect();
        let all: BTreeSet<String> = self.spelled.values().flatten().cloned().collect();
        self.spelled.insert(TextField::All, all);
        document.spelled =
            self.spelled.into_iter().map(|(field, words)| (field, words.into_iter().collect::<Vec<_>>().join(" "))).collect();
        document.words = self.words.into_iter().collect();
        self.document
    }

    fn add_text(&mut self, field: TextField, text: &str) {
        let tokens = analysis::tokens(text);
        self.words.extend(tokens.iter().map(|token| token.word.clone()).filter(|word| is_suggested(word)));
        self.add_tokens(field, &tokens);
    }

    /// A name is found as a whole and by its parts where its case changes.
    fn add_name(&mut self, field: TextField, name: &str) {
        self.add_text(field, name);
        if let Some(split) = analysis::split_at_case(name) {
            self.add_tokens(field, &analysis::tokens(&split));
        }
    }

    fn add_tag(&mut self, name: &str, value: &str) {
        self.add_text(TextField::Tags, name);
        self.add_text(TextField::Tags, value);
        let tokens = analysis::tokens(value);
        let terms: BTreeSet<String> = tokens.iter().flat_map(|token| [tag_term(name, &token.text), tag_term(name, &token.word)]).collect();
        self.document.terms.entry(TermField::TagWord).or_default().extend(terms);
        if tokens.len() > 1 && value.chars().count() <= SUGGESTED_CHARACTERS {
            let words: Vec<String> = tokens.into_iter().map(|token| token.word).collect();
            self.words.insert(words.join(" "));
        }
    }

    fn add_tokens(&mut self, field: TextField, tokens: &[Token]) {
        if tokens.is_empty() {
            return;
        }
        let joined: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        self.text.entry(field).or_default().push(joined.join(" "));
        self.spelled.entry(field).or_default().extend(tokens.iter().map(|token| token.word.clone()));
    }
}

/// Numbers and single characters complete nothing.
fn is_suggested(word: &str) -> bool {
    word.chars().nth(1).is_some() && word.chars().any(char::is_alphabetic)
}

/// The part that needs no analysis.
fn described(package: &Package, tags: &Tags) -> SearchDocument {
    let times = [(NumberField::Created, package.created_at), (NumberField::Changed, package.updated_at)];
    let mut numbers: BTreeMap<NumberField, f64> = times.into_iter().map(|(field, time)| (field, milliseconds(time))).collect();
    numbers.extend(tags.iter().filter_map(|(name, value)| Some((NumberField::Tag(name.to_owned()), tag_number(value)?))));
    let groups = package.visibility.groups().iter().map(ToString::to_string).collect();
    let terms = BTreeMap::from([
        (TermField::Access, access_terms(PackageFacts::from(package))),
        (TermField::Owner, vec![package.owner.to_string()]),
        (TermField::Group, groups),
        (TermField::Tag, tags.iter().map(|(name, value)| tag_term(name, value)).collect()),
        (TermField::Year, vec![package.created_at.year().to_string()]),
    ]);
    SearchDocument {
        package_id: package.id,
        sequence: package.sequence,
        name: package.name.as_str().to_owned(),
        description: package.description.as_str().to_owned(),
        tags: tags.to_map(),
        owner: package.owner.to_string(),
        visibility: package.visibility.name().to_owned(),
        text: BTreeMap::new(),
        spelled: BTreeMap::new(),
        terms,
        numbers,
        words: Vec::new(),
        formats: BTreeMap::new(),
        datasets: 0,
        bytes: 0,
        created_at: package.created_at,
        updated_at: package.updated_at,
        truncated: false,
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of the years 0 to 9999 are below 2^53")]
fn milliseconds(time: domain::Timestamp) -> f64 {
    time.as_millis() as f64
}

/// Sums of bytes beyond 2^53 are rounded: ranges and orders of such sizes need no more.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn approximate(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use domain::{PackageId, Timestamp, package::Visibility};

    use super::*;

    fn package() -> Package {
        let time = Timestamp::from_millis(1_577_836_800_000).expect("in range");
        Package {
            id: PackageId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("a ulid")),
            name: "Flights of 2019".parse().expect("a name"),
            description: "Delayed by weather.".parse().expect("a description"),
            owner: "ann".parse().expect("a user"),
            visibility: Visibility::Groups(["team".parse().expect("a group")].into()),
            sequence: 7,
            version: 1,
            revision: 1,
            metadata_version: 1,
            datasets: 0,
            bytes: 0,
            created_at: time,
            updated_at: time,
            deleted_at: None,
        }
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Tags::parse(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), "/tags").expect("valid tags")
    }

    fn path(text: &str) -> DatasetPath {
        text.parse().expect("a path")
    }

    #[test]
    fn every_field_has_its_tokens_and_all_has_everyones() {
        let paths = [path("data/flights-2k.json"), path("AirportList.csv")];
        let datasets = paths.iter().map(|path| (path, path.format(), 10));
        let document = build(&package(), &tags(&[("source", "Weather Service")]), datasets);
        assert_eq!(document.text[&TextField::Name], "flight of 2019");
        assert_eq!(document.text[&TextField::Tags], "sourc | weather servic");
        assert_eq!(document.text[&TextField::Files], "data flight 2k json | airportlist csv | airport list csv");
        assert_eq!(document.text[&TextField::Columns], VALUE_BREAK);
        for field in [TextField::Name, TextField::Description, TextField::Tags, TextField::Files] {
            assert!(document.text[&TextField::All].contains(&document.text[&field]), "{field:?}");
        }
        assert_eq!(document.spelled[&TextField::Name], "2019 flights of");
        assert!(document.spelled[&TextField::All].split(' ').any(|word| word == "airportlist"));
        assert_eq!(document.formats, BTreeMap::from([("csv".to_owned(), 1), ("json".to_owned(), 1)]));
        assert_eq!((document.datasets, document.bytes, document.truncated), (2, 20, false));
        for word in ["flights", "weather", "weather service", "airportlist"] {
            assert!(document.words.iter().any(|known| known == word), "{word}");
        }
    }

    #[test]
    fn terms_and_numbers_are_exact() {
        let document = build(&package(), &tags(&[("rows", "5"), ("day", "1970-01-02"), ("a=b", "C d")]), []);
        assert_eq!(document.terms[&TermField::Access], ["user:ann", "group:team"]);
        assert_eq!(document.terms[&TermField::Group], ["team"]);
        assert_eq!(document.terms[&TermField::Year], ["2020"]);
        assert_eq!(document.terms[&TermField::Tag], ["a\\=b=C d", "day=1970-01-02", "rows=5"]);
        assert!(document.terms[&TermField::TagWord].contains(&"rows=5".to_owned()));
        assert_eq!(document.numbers[&NumberField::Tag("rows".to_owned())], 5.0);
        assert_eq!(document.numbers[&NumberField::Tag("day".to_owned())], 86_400_000.0);
        assert_eq!(document.numbers.get(&NumberField::Tag("a=b".to_owned())), None);
        assert_eq!(document.numbers[&NumberField::Created], 1_577_836_800_000.0);
    }

    #[test]
    fn file_names_beyond_256_kibibytes_are_cut_off_and_it_says_so() {
        let long: Vec<DatasetPath> = (0..400).map(|number| path(&format!("{}/file{number}.csv", "x".repeat(800)))).collect();
        let document = build(&package(), &Tags::default(), long.iter().map(|path| (path, path.format(), 1)));
        assert!(document.truncated);
        assert!(document.text[&TextField::Files].contains("file0 csv"));
        assert!(!document.text[&TextField::Files].contains("file399"));
        assert_eq!(document.datasets, 400);
    }
}

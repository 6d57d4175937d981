//! Documents for the suite: small vocabularies, so that everything meets everything.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Timestamp,
    search::{NumberField, QueryNode, SearchDocument, TermField, TextField, VALUE_BREAK, tag_term},
};

use crate::builders::package_id;

const WORDS: [&str; 12] =
    ["flights", "flight", "delays", "weather", "airports", "énergie", "oil", "sold", "solid", "city", "cities", "a'b"];
const FORMATS: [&str; 4] = ["csv", "json", "parquet", "png"];
const OWNERS: [&str; 3] = ["ann", "bob", "cyd"];
const GROUPS: [&str; 3] = ["red", "green", "blue"];
const TAGS: [(&str, [&str; 3]); 3] =
    [("level", ["open", "closed", "open=half"]), ("level=x", ["open", "half", "none"]), ("rows", ["1", "2.5", "-3"])];

/// A generator that gives the same in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }

    pub(super) fn one<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.one(&WORDS)).collect::<Vec<_>>().join(" ")
    }
}

/// A document whose text is its name, visible to everyone.
pub(super) fn document(number: u64, sequence: u64, name: &str) -> SearchDocument {
    let time = Timestamp::from_millis(1_600_000_000_000 + i64::try_from(number).unwrap_or(0) * 86_400_000).expect("in range");
    let mut document = SearchDocument {
        package_id: package_id(number),
        sequence,
        name: name.to_owned(),
        description: String::new(),
        tags: BTreeMap::new(),
        owner: "ann".to_owned(),
        visibility: "everyone".to_owned(),
        text: BTreeMap::new(),
        spelled: BTreeMap::new(),
        terms: BTreeMap::new(),
        numbers: BTreeMap::new(),
        words: Vec::new(),
        formats: BTreeMap::new(),
        datasets: 0,
        bytes: 0,
        created_at: time,
        updated_at: time,
        truncated: false,
    };
    write_text(&mut document, TextField::Name, &[name]);
    document.terms.insert(TermField::Access, vec!["everyone".to_owned()]);
    document.terms.insert(TermField::Owner, vec!["ann".to_owned()]);
    document
}

/// A document of dice.
pub(super) fn random_document(dice: &mut Dice, number: u64, sequence: u64) -> SearchDocument {
    let name_words = 1 + dice.below(3);
    let mut document = document(number, sequence, &dice.words(name_words));
    document.description = dice.words(6);
    let (first, second) = (dice.words(2), dice.words(2));
    let description = document.description.clone();
    write_text(&mut document, TextField::Description, &[&description]);
    write_text(&mut document, TextField::Files, &[&first, &second]);
    document.owner = dice.one(&OWNERS).to_owned();
    document.terms.insert(TermField::Owner, vec![document.owner.clone()]);
    set_access(dice, &mut document);
    for (name, values) in TAGS {
        if dice.below(3) > 0 {
            tag(&mut document, name, dice.one(&values));
        }
    }
    for format in FORMATS {
        let count = dice.below(4) as u64;
        if count > 0 {
            document.formats.insert(format.to_owned(), count);
            document.datasets += count;
            document.bytes += count * 100;
        }
    }
    document.terms.insert(TermField::Format, document.formats.keys().cloned().collect());
    set_numbers(dice, &mut document);
    document
}

fn set_access(dice: &mut Dice, document: &mut SearchDocument) {
    let groups: BTreeSet<&str> = (0..dice.below(3)).map(|_| dice.one(&GROUPS)).collect();
    let mut access = vec![format!("user:{}", document.owner)];
    if dice.below(4) == 0 {
        access.push("everyone".to_owned());
    } else {
        document.visibility = if groups.is_empty() { "private" } else { "groups" }.to_owned();
        access.extend(groups.iter().map(|group| format!("group:{group}")));
        document.terms.insert(TermField::Group, groups.iter().map(ToString::to_string).collect());
    }
    document.terms.insert(TermField::Access, access);
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn set_numbers(dice: &mut Dice, document: &mut SearchDocument) {
    let month = 2_678_400_000_i64;
    let offset = i64::try_from(dice.below(20)).unwrap_or(0) * month;
    document.created_at = Timestamp::from_millis(1_600_000_000_000 + offset).expect("in range");
    document.updated_at = Timestamp::from_millis(1_700_000_000_000 + offset / 3).expect("in range");
    document.terms.insert(TermField::Year, vec![document.created_at.year().to_string()]);
    document.numbers.extend([
        (NumberField::Created, document.created_at.as_millis() as f64),
        (NumberField::Changed, document.updated_at.as_millis() as f64),
        (NumberField::Bytes, document.bytes as f64),
        (NumberField::Datasets, document.datasets as f64),
    ]);
}

/// Adds a tag with all that follows from it.
pub(super) fn tag(document: &mut SearchDocument, name: &str, value: &str) {
    document.tags.insert(name.to_owned(), value.to_owned());
    document.terms.entry(TermField::Tag).or_default().push(tag_term(name, value));
    document.terms.entry(TermField::TagWord).or_default().push(tag_term(name, &stem(value)));
    if let Ok(number) = value.parse() {
        document.numbers.insert(NumberField::Tag(name.to_owned()), number);
    }
    let values: Vec<String> = document.tags.values().cloned().collect();
    write_text(document, TextField::Tags, &values.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Puts text into a field, and into `All`.
pub(super) fn write_text(document: &mut SearchDocument, field: TextField, values: &[&str]) {
    let stems = values.iter().map(|value| value.split(' ').map(stem).collect::<Vec<_>>().join(" "));
    document.text.insert(field, stems.collect::<Vec<_>>().join(&format!(" {VALUE_BREAK} ")));
    let words: BTreeSet<&str> = values.iter().flat_map(|value| value.split(' ')).collect();
    document.words = document.words.drain(..).chain(words.iter().map(ToString::to_string)).collect::<BTreeSet<_>>().into_iter().collect();
    document.spelled.insert(field, words.into_iter().collect::<Vec<_>>().join(" "));
    let own = |texts: &BTreeMap<TextField, String>, between: &str| {
        let others = texts.iter().filter(|(field, _)| **field != TextField::All);
        others.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(between)
    };
    let all = own(&document.text, &format!(" {VALUE_BREAK} "));
    document.text.insert(TextField::All, all);
    let all = own(&document.spelled, " ");
    document.spelled.insert(TextField::All, all);
}

/// As if it were English, so that stems differ from words.
fn stem(word: &str) -> String {
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

/// One node of every kind over the vocabularies above, and its combinations.
pub(super) fn random_query(dice: &mut Dice, depth: usize) -> QueryNode {
    let children = |dice: &mut Dice| (0..dice.below(4)).map(|_| random_query(dice, depth - 1)).collect();
    if depth > 0 && dice.below(2) == 0 {
        return match dice.below(3) {
            0 => QueryNode::And(children(dice)),
            1 => QueryNode::Or(children(dice)),
            _ => QueryNode::Not(Box::new(random_query(dice, depth - 1))),
        };
    }
    random_leaf(dice)
}

fn random_leaf(dice: &mut Dice) -> QueryNode {
    let field = dice.one(&[TextField::All, TextField::All, TextField::Name, TextField::Description, TextField::Tags, TextField::Files]);
    let word = dice.one(&WORDS);
    let begin: String = word.chars().take(1 + dice.below(3)).collect();
    match dice.below(11) {
        0 => QueryNode::Everything,
        1 => QueryNode::Nothing,
        2 | 3 => QueryNode::Token(field, stem(word)),
        4 => QueryNode::Phrase(field, (0..=dice.below(3)).map(|_| stem(dice.one(&WORDS))).collect()),
        5 => QueryNode::Prefix(field, begin),
        6 => QueryNode::Pattern(field, format!("{begin}?{}", word.chars().skip(begin.chars().count() + 1).collect::<String>())),
        7 => QueryNode::Fuzzy(field, swapped(word, dice)),
        8 => random_term(dice),
        9 => QueryNode::TermPrefix(TermField::Tag, tag_term(dice.one(&TAGS).0, dice.one(&["", "o", "open"]))),
        _ => random_range(dice),
    }
}

fn random_term(dice: &mut Dice) -> QueryNode {
    let (name, values) = dice.one(&TAGS);
    let (field, term) = match dice.below(5) {
        0 => (TermField::Owner, dice.one(&OWNERS).to_owned()),
        1 => (TermField::Group, dice.one(&GROUPS).to_owned()),
        2 => (TermField::Format, dice.one(&FORMATS).to_owned()),
        3 => (TermField::Year, dice.one(&["2020", "2021", "1999"]).to_owned()),
        _ => (TermField::Tag, tag_term(name, dice.one(&values))),
    };
    QueryNode::Term(field, term)
}

fn random_range(dice: &mut Dice) -> QueryNode {
    let ends = |dice: &mut Dice, numbers: &[f64]| {
        let mut end = || (dice.below(3) > 0).then(|| dice.one(numbers));
        (end(), end())
    };
    let (field, (from, to)) = match dice.below(3) {
        0 => (NumberField::Tag("rows".to_owned()), ends(dice, &[-3.0, 0.0, 1.0, 2.5, 9.0])),
        1 => (NumberField::Bytes, ends(dice, &[0.0, 300.0, 500.0, 900.0])),
        _ => (NumberField::Created, ends(dice, &[1.6e12, 1.61e12, 1.63e12])),
    };
    QueryNode::Range(field, from, to)
}

/// The word with one edit.
fn swapped(word: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = dice.below(letters.len());
    match dice.below(4) {
        0 => letters.insert(at, 'q'),
        1 => drop(letters.remove(at)),
        2 => letters[at] = 'q',
        _ => letters.swap(at, (at + 1) % word.chars().count()),
    }
    letters.into_iter().collect()
}

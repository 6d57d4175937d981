//! Fields of the index, and a document in them.

use domain::{
    PackageId,
    search::{NumberField, SearchDocument, ShownDocument, TermField, TextField},
};
use tantivy::{
    TantivyDocument, Term,
    schema::{FAST, Field, INDEXED, IndexRecordOption, STORED, Schema, SchemaBuilder, TextFieldIndexing, TextOptions},
};

/// Raised with every change of this file that old directories can't serve: they are built anew then.
pub(super) const LAYOUT: u32 = 1;

/// Columns by which hits are counted, summed and ordered.
pub(super) mod column {
    pub(in super::super) const ID: &str = "id";
    pub(in super::super) const SEQUENCE: &str = "sequence";
    pub(in super::super) const NAME_KEY: &str = "name_key";
    pub(in super::super) const CREATED_AT: &str = "created_at";
    pub(in super::super) const CHANGED_AT: &str = "changed_at";
    pub(in super::super) const SIZE: &str = "size";
    pub(in super::super) const DATASET_COUNT: &str = "dataset_count";
    pub(in super::super) const MONTH: &str = "month";
    pub(in super::super) const FORMAT_COUNT: &str = "format_count";
    pub(in super::super) const OWNER: &str = "term_owner";
    pub(in super::super) const GROUP: &str = "term_group";
    pub(in super::super) const FORMAT: &str = "term_format";
    pub(in super::super) const TAG: &str = "term_tag";
    pub(in super::super) const YEAR: &str = "term_year";
}

/// The fields by what they hold.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    /// The package's id.
    pub(super) id: Field,
    /// `1` for documents; what only remembers a removal has none.
    pub(super) live: Field,
    /// Completions.
    pub(super) words: Field,
    /// The stored document, as JSON.
    pub(super) stored: Field,
    sequence: Field,
    text: [Field; 6],
    spelled: [Field; 6],
    access: Field,
    owner: Field,
    group: Field,
    format: Field,
    tag: Field,
    tag_word: Field,
    year: Field,
    tag_number: Field,
    created: Field,
    changed: Field,
    bytes: Field,
    datasets: Field,
    name_key: Field,
    created_at: Field,
    changed_at: Field,
    size: Field,
    dataset_count: Field,
    month: Field,
    format_count: Field,
}

const TEXT_FIELDS: [(TextField, &str); 6] = [
    (TextField::All, "all"),
    (TextField::Name, "name"),
    (TextField::Description, "description"),
    (TextField::Tags, "tags"),
    (TextField::Files, "files"),
    (TextField::Columns, "columns"),
];

impl Fields {
    /// The schema and its fields.
    pub(super) fn build() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let exact = || TextOptions::default().set_indexing_options(indexing("raw", IndexRecordOption::Basic));
        let counted = || exact().set_fast("raw");
        let column_only = || TextOptions::default().set_fast("raw");
        let fields = Self {
            id: schema.add_text_field(column::ID, counted()),
            live: schema.add_u64_field("live", INDEXED),
            words: schema.add_text_field("words", exact()),
            stored: schema.add_bytes_field("stored", STORED),
            sequence: schema.add_u64_field(column::SEQUENCE, FAST),
            text: text_fields(&mut schema, "text", IndexRecordOption::WithFreqsAndPositions),
            spelled: text_fields(&mut schema, "spelled", IndexRecordOption::Basic),
            access: schema.add_text_field("term_access", exact()),
            owner: schema.add_text_field(column::OWNER, counted()),
            group: schema.add_text_field(column::GROUP, counted()),
            format: schema.add_text_field(column::FORMAT, counted()),
            tag: schema.add_text_field(column::TAG, counted()),
            tag_word: schema.add_text_field("term_tag_word", exact()),
            year: schema.add_text_field(column::YEAR, counted()),
            tag_number: schema.add_text_field("number_tag", exact()),
            created: schema.add_f64_field("number_created", FAST),
            changed: schema.add_f64_field("number_changed", FAST),
            bytes: schema.add_f64_field("number_bytes", FAST),
            datasets: schema.add_f64_field("number_datasets", FAST),
            name_key: schema.add_text_field(column::NAME_KEY, column_only()),
            created_at: schema.add_u64_field(column::CREATED_AT, FAST),
            changed_at: schema.add_u64_field(column::CHANGED_AT, FAST),
            size: schema.add_u64_field(column::SIZE, FAST),
            dataset_count: schema.add_u64_field(column::DATASET_COUNT, FAST),
            month: schema.add_text_field(column::MONTH, column_only()),
            format_count: schema.add_text_field(column::FORMAT_COUNT, column_only()),
        };
        (schema.build(), fields)
    }

    /// The field of analysed tokens.
    pub(super) fn text(&self, field: TextField) -> Field {
        self.text[position(field)]
    }

    /// The field of words as spelled.
    pub(super) fn spelled(&self, field: TextField) -> Field {
        self.spelled[position(field)]
    }

    /// The field of exact terms.
    pub(super) fn term(&self, field: TermField) -> Field {
        match field {
            TermField::Access => self.access,
            TermField::Owner => self.owner,
            TermField::Group => self.group,
            TermField::Format => self.format,
            TermField::Tag => self.tag,
            TermField::TagWord => self.tag_word,
            TermField::Year => self.year,
        }
    }

    /// Where the numbers of a field are.
    pub(super) fn number<'a>(&self, field: &'a NumberField) -> NumberPlace<'a> {
        match field {
            NumberField::Created => NumberPlace::Column(self.created),
            NumberField::Changed => NumberPlace::Column(self.changed),
            NumberField::Bytes => NumberPlace::Column(self.bytes),
            NumberField::Datasets => NumberPlace::Column(self.datasets),
            NumberField::Tag(name) => NumberPlace::Terms(self.tag_number, name),
        }
    }

    /// The term that names a package's document.
    pub(super) fn id_term(&self, package: PackageId) -> Term {
        Term::from_field_text(self.id, &package.to_string())
    }

    /// What remembers a removal: found by id only.
    pub(super) fn tombstone(&self, package: PackageId, sequence: u64) -> TantivyDocument {
        let mut entry = TantivyDocument::default();
        entry.add_text(self.id, package.to_string());
        entry.add_u64(self.sequence, sequence);
        entry
    }

    /// A whole document.
    pub(super) fn document(&self, document: &SearchDocument) -> serde_json::Result<TantivyDocument> {
        let mut entry = self.tombstone(document.package_id, document.sequence);
        entry.add_u64(self.live, 1);
        entry.add_bytes(self.stored, &serde_json::to_vec(&ShownDocument::from(document))?);
        self.add_looked_up(&mut entry, document);
        self.add_columns(&mut entry, document);
        Ok(entry)
    }

    fn add_looked_up(&self, entry: &mut TantivyDocument, document: &SearchDocument) {
        for (field, text) in &document.text {
            entry.add_text(self.text(*field), text);
        }
        for (field, words) in &document.spelled {
            entry.add_text(self.spelled(*field), words);
        }
        for (field, terms) in &document.terms {
            distinct(terms).for_each(|term| entry.add_text(self.term(*field), term));
        }
        distinct(&document.words).for_each(|word| entry.add_text(self.words, word));
        for (field, number) in document.numbers.iter().filter(|(_, number)| number.is_finite()) {
            match self.number(field) {
                NumberPlace::Column(column) => entry.add_f64(column, *number),
                NumberPlace::Terms(terms, name) => entry.add_text(terms, tag_number(name, *number)),
            }
        }
    }

    fn add_columns(&self, entry: &mut TantivyDocument, document: &SearchDocument) {
        entry.add_text(self.name_key, document.name_key());
        entry.add_u64(self.created_at, milliseconds(document.created_at));
        entry.add_u64(self.changed_at, milliseconds(document.updated_at));
        entry.add_u64(self.size, document.bytes);
        entry.add_u64(self.dataset_count, document.datasets);
        entry.add_text(self.month, document.created_at.month());
        for (format, count) in &document.formats {
            entry.add_text(self.format_count, format!("{count} {format}"));
        }
    }
}

/// Where numbers are looked up.
#[derive(Clone, Copy, Debug)]
pub(super) enum NumberPlace<'a> {
    /// In a column of their own.
    Column(Field),
    /// Among terms that begin with this tag's name: there are as many names as people think of.
    Terms(Field, &'a str),
}

/// A tag's number as a term: names have no control characters, and the order of the hex digits is the numbers'.
pub(super) fn tag_number(name: &str, number: f64) -> String {
    // Zero has two signs but is one number.
    format!("{name}\u{0}{:016x}", tantivy::f64_to_u64(number + 0.0))
}

fn distinct(terms: &[String]) -> impl Iterator<Item = &String> {
    terms.iter().collect::<std::collections::BTreeSet<_>>().into_iter()
}

fn milliseconds(time: domain::Timestamp) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(0)
}

fn position(field: TextField) -> usize {
    match field {
        TextField::All => 0,
        TextField::Name => 1,
        TextField::Description => 2,
        TextField::Tags => 3,
        TextField::Files => 4,
        TextField::Columns => 5,
    }
}

fn text_fields(schema: &mut SchemaBuilder, kind: &str, option: IndexRecordOption) -> [Field; 6] {
    let options = TextOptions::default().set_indexing_options(indexing("whitespace", option));
    TEXT_FIELDS.map(|(_, name)| schema.add_text_field(&format!("{kind}_{name}"), options.clone()))
}

/// Lengths of fields matter only where hits are scored.
fn indexing(tokenizer: &str, option: IndexRecordOption) -> TextFieldIndexing {
    let scored = option == IndexRecordOption::WithFreqsAndPositions;
    TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option).set_fieldnorms(scored)
}

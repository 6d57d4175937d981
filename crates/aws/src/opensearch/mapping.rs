//! The index as it is made: settings, fields and their names.

use domain::search::{NumberField, TermField, TextField};
use serde_json::{Map, Value, json};

/// Fields that hold one thing each.
pub(super) mod field {
    /// The package's id.
    pub(in super::super) const ID: &str = "id";
    /// The package's `sequence`, as a number to read.
    pub(in super::super) const SEQUENCE: &str = "sequence";
    /// `true` in documents; what only remembers a removal has none.
    pub(in super::super) const LIVE: &str = "live";
    /// The shown document as JSON in a text: OpenSearch has no business with what is in it.
    pub(in super::super) const SHOWN: &str = "shown";
    /// Completions.
    pub(in super::super) const WORDS: &str = "words";
    /// Numbers of tags, see [`super::super::document::tag_number`].
    pub(in super::super) const TAG_NUMBER: &str = "number_tag";
    pub(in super::super) const NAME_KEY: &str = "name_key";
    pub(in super::super) const CREATED_AT: &str = "created_at";
    pub(in super::super) const CHANGED_AT: &str = "changed_at";
    /// Bytes, to sort by.
    pub(in super::super) const SIZE: &str = "size";
    /// Bytes in two halves: OpenSearch adds up in floating point, which is exact up to 2^53 only.
    pub(in super::super) const SIZE_HIGH: &str = "size_high";
    pub(in super::super) const SIZE_LOW: &str = "size_low";
    pub(in super::super) const DATASET_COUNT: &str = "dataset_count";
    /// `YYYY-MM` of creation.
    pub(in super::super) const MONTH: &str = "month";
    /// `{datasets} {format}`.
    pub(in super::super) const FORMAT_COUNT: &str = "format_count";
}

/// The field of analysed tokens.
pub(super) fn text(field: TextField) -> String {
    format!("text_{}", text_name(field))
}

/// The field of words as spelled.
pub(super) fn spelled(field: TextField) -> String {
    format!("spelled_{}", text_name(field))
}

/// The field of exact terms.
pub(super) fn term(field: TermField) -> &'static str {
    match field {
        TermField::Access => "term_access",
        TermField::Owner => "term_owner",
        TermField::Group => "term_group",
        TermField::Format => "term_format",
        TermField::Tag => "term_tag",
        TermField::TagWord => "term_tag_word",
        TermField::Year => "term_year",
    }
}

/// Where the numbers of a field are.
pub(super) fn number(field: &NumberField) -> NumberPlace<'_> {
    match field {
        NumberField::Created => NumberPlace::Own("number_created"),
        NumberField::Changed => NumberPlace::Own("number_changed"),
        NumberField::Bytes => NumberPlace::Own("number_bytes"),
        NumberField::Datasets => NumberPlace::Own("number_datasets"),
        NumberField::Tag(name) => NumberPlace::OfTag(name),
    }
}

/// Where numbers are looked up.
#[derive(Clone, Copy, Debug)]
pub(super) enum NumberPlace<'a> {
    /// In a field of their own.
    Own(&'static str),
    /// Among the numbers of all tags: there are as many names as people think of, and fields are few.
    OfTag(&'a str),
}

fn text_name(field: TextField) -> &'static str {
    match field {
        TextField::All => "all",
        TextField::Name => "name",
        TextField::Description => "description",
        TextField::Tags => "tags",
        TextField::Files => "files",
        TextField::Columns => "columns",
    }
}

/// Settings and fields of an index that is made, under this alias or under none.
pub(super) fn index(alias: Option<&str>) -> Value {
    let aliases: Map<String, Value> = alias.into_iter().map(|alias| (alias.to_owned(), json!({}))).collect();
    json!({
        "settings": {
            // Counts are exact on one shard; it holds some million packages.
            "number_of_shards": 1,
            // As many copies as there are nodes, up to three: one in each zone of a domain in three, as the service demands.
            "auto_expand_replicas": "0-2",
            "refresh_interval": "1s",
        },
        "aliases": aliases,
        "mappings": {
            "dynamic": false,
            // What is only looked up is not kept a second time.
            "_source": { "includes": [field::SHOWN, field::ID, field::SEQUENCE] },
            "properties": properties(),
        },
    })
}

fn properties() -> Map<String, Value> {
    let kinds = |names: &[&str], kind: &Value| names.iter().map(|name| ((*name).to_owned(), kind.clone())).collect::<Vec<_>>();
    let keyword = json!({ "type": "keyword" });
    // Only sorted by, counted or added up.
    let column = |kind: &str| json!({ "type": kind, "index": false });
    let tokens = json!({ "type": "text", "analyzer": "whitespace" });
    let words = json!({ "type": "text", "analyzer": "whitespace", "index_options": "docs", "norms": false });
    let mut properties = Map::new();
    properties.extend(kinds(&[field::ID, field::WORDS, field::TAG_NUMBER, field::FORMAT_COUNT, field::MONTH], &keyword));
    properties.extend(kinds(&[field::NAME_KEY], &column("keyword")));
    let columns = [field::CREATED_AT, field::CHANGED_AT, field::SIZE, field::SIZE_HIGH, field::SIZE_LOW, field::DATASET_COUNT];
    properties.extend(kinds(&columns, &column("long")));
    properties.extend(kinds(&[field::SEQUENCE], &column("long")));
    properties.extend(kinds(&[field::LIVE], &json!({ "type": "boolean", "doc_values": false })));
    properties.extend(kinds(&[field::SHOWN], &json!({ "type": "object", "enabled": false })));
    properties.extend(TextField::ALL.map(|field| (text(field), tokens.clone())));
    properties.extend(TextField::ALL.map(|field| (spelled(field), words.clone())));
    properties.extend(TermField::ALL.map(|field| (term(field).to_owned(), keyword.clone())));
    for field in [NumberField::Created, NumberField::Changed, NumberField::Bytes, NumberField::Datasets] {
        if let NumberPlace::Own(name) = number(&field) {
            properties.insert(name.to_owned(), json!({ "type": "double", "doc_values": false }));
        }
    }
    properties
}

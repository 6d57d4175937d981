//! A document as the index holds it.

use domain::{
    PackageId,
    search::{SearchDocument, ShownDocument},
};
use serde_json::{Map, Value, json};

use super::mapping::{self, NumberPlace, field};

/// What remembers a removal.
pub(super) fn tombstone(package: PackageId, sequence: u64) -> Map<String, Value> {
    let mut source = Map::new();
    source.insert(field::ID.to_owned(), package.to_string().into());
    source.insert(field::SEQUENCE.to_owned(), version(sequence).into());
    source
}

/// A whole document.
pub(super) fn source(document: &SearchDocument) -> serde_json::Result<Map<String, Value>> {
    let mut source = tombstone(document.package_id, document.sequence);
    source.insert(field::LIVE.to_owned(), true.into());
    source.insert(field::SHOWN.to_owned(), serde_json::to_string(&ShownDocument::from(document))?.into());
    source.extend(document.text.iter().map(|(field, text)| (mapping::text(*field), text.as_str().into())));
    source.extend(document.spelled.iter().map(|(field, words)| (mapping::spelled(*field), words.as_str().into())));
    source.extend(document.terms.iter().map(|(field, terms)| (mapping::term(*field).to_owned(), json!(terms))));
    source.insert(field::WORDS.to_owned(), json!(document.words));
    add_numbers(&mut source, document);
    add_columns(&mut source, document);
    Ok(source)
}

fn add_numbers(source: &mut Map<String, Value>, document: &SearchDocument) {
    let mut of_tags = Vec::new();
    for (field, number) in document.numbers.iter().filter(|(_, number)| number.is_finite()) {
        match mapping::number(field) {
            NumberPlace::Own(name) => drop(source.insert(name.to_owned(), json!(number + 0.0))),
            NumberPlace::OfTag(name) => of_tags.push(tag_number(name, *number)),
        }
    }
    source.insert(field::TAG_NUMBER.to_owned(), json!(of_tags));
}

fn add_columns(source: &mut Map<String, Value>, document: &SearchDocument) {
    let formats: Vec<String> = document.formats.iter().map(|(format, count)| format!("{count} {format}")).collect();
    let columns = [
        (field::NAME_KEY, json!(document.name_key())),
        (field::CREATED_AT, json!(document.created_at.as_millis())),
        (field::CHANGED_AT, json!(document.updated_at.as_millis())),
        (field::SIZE, json!(version(document.bytes))),
        (field::SIZE_HIGH, json!(document.bytes >> 32)),
        (field::SIZE_LOW, json!(document.bytes & u64::from(u32::MAX))),
        (field::DATASET_COUNT, json!(document.datasets)),
        (field::MONTH, json!(document.created_at.month())),
        (field::FORMAT_COUNT, json!(formats)),
    ];
    source.extend(columns.map(|(name, value)| (name.to_owned(), value)));
}

/// The greatest whole number that OpenSearch can keep is 2^63 - 1.
pub(super) fn version(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A tag's number as a term: names have no control characters, and the order of the hex digits is the numbers'.
pub(super) fn tag_number(name: &str, number: f64) -> String {
    // Zero has two signs but is one number.
    let bits = (number + 0.0).to_bits();
    let ordered = if bits >> 63 == 0 { bits | 1 << 63 } else { !bits };
    format!("{name}\u{0}{ordered:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_of_numbers_are_in_the_order_of_the_numbers() {
        let numbers = [f64::NEG_INFINITY, -1e300, -2.5, -1.0, -1e-300, 0.0, 1e-300, 0.5, 1.0, 2.5, 1e300, f64::INFINITY];
        assert!(numbers.map(|number| tag_number("rows", number)).is_sorted_by(|left, right| left < right));
        assert_eq!(tag_number("rows", -0.0), tag_number("rows", 0.0));
    }
}

//! Rows, keys and places as attributes. Integers stay exact: numbers travel as text.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{Item, Key, PageKey, Table, Value},
};

/// A row or a key as DynamoDB takes it.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// A value as DynamoDB takes it.
pub(super) fn value_of(value: &Value, operation: &'static str) -> PortResult<AttributeValue> {
    serde_dynamo::to_attribute_value(value).map_err(|error| PortError::new(PortErrorKind::InvalidArgument, operation).because(error))
}

/// A row as DynamoDB takes it.
pub(super) fn attributes_of(item: &Item, operation: &'static str) -> PortResult<Attributes> {
    serde_dynamo::to_item(item).map_err(|error| PortError::new(PortErrorKind::InvalidArgument, operation).because(error))
}

/// A row from what DynamoDB answered.
pub(super) fn row_of(attributes: Attributes, operation: &'static str) -> PortResult<Item> {
    serde_dynamo::from_item(attributes).map_err(|error| PortError::new(PortErrorKind::Unexpected, operation).because(error))
}

/// A key as DynamoDB takes it.
pub(super) fn key_of(table: Table, key: &Key) -> Attributes {
    let schema = table.schema();
    let text = |name: &str, value: &str| (name.to_owned(), AttributeValue::S(value.to_owned()));
    [text(schema.partition, &key.partition), text(schema.sort, &key.sort)].into()
}

/// Where a page begins, as DynamoDB takes it.
pub(super) fn start_key_of(place: &PageKey) -> Attributes {
    place.0.iter().map(|(name, value)| (name.clone(), AttributeValue::S(value.clone()))).collect()
}

/// Where a page ended, from what DynamoDB answered.
pub(super) fn page_key_of(place: Option<Attributes>) -> Option<PageKey> {
    let text = |(name, value): (String, AttributeValue)| match value {
        AttributeValue::S(text) => Some((name, text)),
        _ => None,
    };
    // All key attributes are texts.
    place.filter(|place| !place.is_empty()).map(|place| PageKey(place.into_iter().filter_map(text).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_come_back_as_they_were_and_numbers_exactly() {
        let value = json!({
            "integers": [0, -1, 9_007_199_254_740_993_u64, u64::MAX, i64::MIN],
            "floats": [0.1, -2.5e-7, 1e100], "texts": ["", "日本", "\u{1f600}"], "nothing": null, "yes": true, "nested": {"a": [{}, []]}
        });
        let item: Item = serde_json::from_value(value).expect("a row");
        let attributes = attributes_of(&item, "tables.write").expect("attributes");
        let AttributeValue::L(integers) = &attributes["integers"] else { panic!("a list") };
        assert_eq!(integers[3], AttributeValue::N("18446744073709551615".to_owned()));
        assert_eq!(row_of(attributes, "tables.query").expect("a row"), item);
    }
}

//! The limits of the port, those of DynamoDB, checked in one place for every adapter.

use std::collections::BTreeSet;

use super::{Condition, Item, Key, PageKey, Query, Range, Scan, Schema, Table, Update, Value, Write, paging::within};
use crate::error::{PortError, PortErrorKind, PortResult};

/// A row is never greater than this by [`item_size`].
pub const ITEM_LIMIT_BYTES: usize = 400 * 1024;

/// A page never holds more than this, as DynamoDB's never does (1 MB; its documentation counts in binary).
pub const PAGE_LIMIT_BYTES: usize = 1024 * 1024;

/// A transaction never has more writes than this.
pub const TRANSACTION_LIMIT_ROWS: usize = 100;

/// The rows of a transaction are never greater than this together.
pub const TRANSACTION_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// How deep lists and maps may be nested.
const DEPTH_LIMIT: usize = 32;

/// The size of a row in bytes as DynamoDB counts it.
///
/// Names and values count in UTF-8; numbers about one byte per two
/// significant digits and one more; true, false and null one; lists and maps three and one per element.
/// Source: *Amazon DynamoDB Developer Guide*, "DynamoDB item sizes and formats".
#[must_use]
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number.to_string().len().div_ceil(2) + 1,
        Value::String(text) => text.len(),
        Value::Array(values) => 3 + values.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        Value::Object(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>(),
    }
}

/// An error that says which rule of the port was broken.
fn broken(operation: &'static str, rule: &'static str) -> PortError {
    PortError::new(PortErrorKind::InvalidArgument, operation).with("rule", rule)
}

/// Passes if `rule` is kept.
fn keep(kept: bool, operation: &'static str, rule: &'static str) -> PortResult<()> {
    if kept { Ok(()) } else { Err(broken(operation, rule)) }
}

/// Holds a row against the limits and answers its key.
///
/// # Errors
/// `InvalidArgument` for a bad key, a bad attribute of an index's key, a number that can't be stored, or too many bytes.
pub fn check_item(operation: &'static str, table: Table, item: &Item) -> PortResult<Key> {
    let key = Key::of(table, item)?;
    for (_, schema) in table.indexes() {
        check_index_attributes(operation, *schema, item)?;
    }
    for (name, value) in item {
        keep(!name.is_empty(), operation, "an attribute has a name")?;
        check_value(operation, value, 1)?;
    }
    let size = item_size(item);
    if size > ITEM_LIMIT_BYTES {
        return Err(broken(operation, "a row has at most 400 KB").with("bytes", size));
    }
    Ok(key)
}

/// Each attribute of an index's key is absent, or a text that can be a key.
fn check_index_attributes(operation: &'static str, schema: Schema, item: &Item) -> PortResult<()> {
    for (name, limit) in [(schema.partition, 2048), (schema.sort, 1024)] {
        let fits = |value: &Value| value.as_str().is_some_and(|text| (1..=limit).contains(&text.len()));
        if !item.get(name).is_none_or(fits) {
            return Err(broken(operation, "an index's key is text of 1 to 2,048 and 1 to 1,024 bytes").with("attribute", name));
        }
    }
    Ok(())
}

fn check_value(operation: &'static str, value: &Value, depth: usize) -> PortResult<()> {
    keep(depth <= DEPTH_LIMIT, operation, "values are nested at most 32 deep")?;
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => {
            let magnitude = number.as_f64().unwrap_or(f64::NAN).abs();
            keep(magnitude == 0.0 || (1e-130..1e126).contains(&magnitude), operation, "a number is zero or from 1e-130 to below 1e126")
        }
        Value::Array(values) => values.iter().try_for_each(|value| check_value(operation, value, depth + 1)),
        Value::Object(map) => {
            keep(map.keys().all(|name| !name.is_empty()), operation, "an attribute has a name")?;
            map.values().try_for_each(|value| check_value(operation, value, depth + 1))
        }
        _ => Ok(()),
    }
}

/// Holds keys to be read against the limits: each well-formed, none twice.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_keys(operation: &'static str, keys: &[Key]) -> PortResult<()> {
    keys.iter().try_for_each(Key::check)?;
    let different: BTreeSet<&Key> = keys.iter().collect();
    keep(different.len() == keys.len(), operation, "no key twice")
}

/// Holds one write (not a check) against the limits and answers its target.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_write(operation: &'static str, write: &Write) -> PortResult<(Table, Key)> {
    keep(!matches!(write, Write::Check { .. }), operation, "a check is only for transactions")?;
    check_any(operation, write)
}

/// Holds writes without conditions against the limits and answers their targets.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_write_many(operation: &'static str, writes: &[Write]) -> PortResult<Vec<(Table, Key)>> {
    let plain = |write: &Write| matches!(write, Write::Put { condition: None, .. } | Write::Delete { condition: None, .. });
    keep(writes.iter().all(plain), operation, "only puts and deletes without conditions")?;
    check_all(operation, writes)
}

/// Holds a transaction against the limits and answers its targets.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_transaction(operation: &'static str, writes: &[Write]) -> PortResult<Vec<(Table, Key)>> {
    keep((1..=TRANSACTION_LIMIT_ROWS).contains(&writes.len()), operation, "a transaction has 1 to 100 writes")?;
    let size = |write: &Write| match write {
        Write::Put { item, .. } => item_size(item),
        _ => 0,
    };
    let bytes: usize = writes.iter().map(size).sum();
    keep(bytes <= TRANSACTION_LIMIT_BYTES, operation, "a transaction has at most 4 MB")?;
    check_all(operation, writes)
}

fn check_all(operation: &'static str, writes: &[Write]) -> PortResult<Vec<(Table, Key)>> {
    let targets = writes.iter().map(|write| check_any(operation, write)).collect::<PortResult<Vec<_>>>()?;
    let different: BTreeSet<&(Table, Key)> = targets.iter().collect();
    keep(different.len() == targets.len(), operation, "no row twice")?;
    Ok(targets)
}

fn check_any(operation: &'static str, write: &Write) -> PortResult<(Table, Key)> {
    match write {
        Write::Put { table, item, condition } => {
            check_item(operation, *table, item)?;
            check_condition(operation, condition.as_ref())?;
        }
        Write::Update { table, update, condition, .. } => {
            check_update(operation, *table, update)?;
            check_condition(operation, condition.as_ref())?;
        }
        Write::Delete { condition, .. } => check_condition(operation, condition.as_ref())?,
        Write::Check { condition, .. } => check_condition(operation, Some(condition))?,
    }
    write.target()
}

fn check_update(operation: &'static str, table: Table, update: &Update) -> PortResult<()> {
    let schema = table.schema();
    let names = || update.set.keys().chain(update.add.keys()).chain(&update.remove);
    keep(names().next().is_some(), operation, "an update names an attribute")?;
    keep(names().all(|name| name != schema.partition && name != schema.sort), operation, "an update never names a key attribute")?;
    keep(names().collect::<BTreeSet<_>>().len() == names().count(), operation, "an update names no attribute twice")?;
    keep(names().all(|name| !name.is_empty()), operation, "an attribute has a name")?;
    for (_, schema) in table.indexes() {
        check_index_attributes(operation, *schema, &update.set)?;
        let counts = [schema.partition, schema.sort].iter().any(|name| update.add.contains_key(*name));
        keep(!counts, operation, "an index's key is text")?;
    }
    update.set.values().try_for_each(|value| check_value(operation, value, 1))
}

fn check_condition(operation: &'static str, condition: Option<&Condition>) -> PortResult<()> {
    match condition {
        Some(Condition::Less(_, value) | Condition::Greater(_, value)) => {
            keep(value.is_number() || value.is_string(), operation, "only numbers and texts have an order")?;
            check_value(operation, value, 1)
        }
        Some(Condition::Equals(_, value)) => check_value(operation, value, 1),
        Some(Condition::All(parts) | Condition::Any(parts)) => parts.iter().try_for_each(|part| check_condition(operation, Some(part))),
        Some(Condition::Exists | Condition::Absent | Condition::Has(_) | Condition::Lacks(_)) | None => Ok(()),
    }
}

/// Holds a query against the limits and answers the schema that it reads by.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_query(query: &Query) -> PortResult<Schema> {
    const OPERATION: &str = "tables.query";
    let schema = match query.index {
        None => query.table.schema(),
        Some(index) => query.table.index_schema(index).ok_or_else(|| broken(OPERATION, "the table has the index"))?,
    };
    keep(!(query.consistent && query.index.is_some()), OPERATION, "index reads are never consistent")?;
    keep((1..=1000).contains(&query.limit), OPERATION, "a page has 1 to 1,000 rows")?;
    keep((1..=2048).contains(&query.partition.len()), OPERATION, "a partition key has 1 to 2,048 bytes")?;
    let sort_fits = |sort: &String| (1..=1024).contains(&sort.len());
    match &query.range {
        Range::All => {}
        Range::Prefix(prefix) => keep(sort_fits(prefix), OPERATION, "a prefix has 1 to 1,024 bytes")?,
        Range::Between(first, last) => {
            keep(sort_fits(first) && sort_fits(last), OPERATION, "a sort key has 1 to 1,024 bytes")?;
            keep(first <= last, OPERATION, "a range's first is not behind its last")?;
        }
    }
    if let Some(after) = &query.after {
        check_place(OPERATION, query.table, Some(schema), after)?;
        let of = |name: &str| after.0.get(name).map(String::as_str).unwrap_or_default();
        keep(of(schema.partition) == query.partition, OPERATION, "a page goes on in the query's partition")?;
        keep(within(&query.range, of(schema.sort)), OPERATION, "a page goes on in the query's range")?;
    }
    Ok(schema)
}

/// Holds a scan against the limits.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_scan(scan: &Scan) -> PortResult<()> {
    const OPERATION: &str = "tables.scan";
    keep((1..=1_000_000).contains(&scan.segments) && scan.segment < scan.segments, OPERATION, "a segment of 1 to 1,000,000")?;
    keep((1..=1000).contains(&scan.limit), OPERATION, "a page has 1 to 1,000 rows")?;
    scan.after.as_ref().map_or(Ok(()), |after| check_place(OPERATION, scan.table, None, after))
}

/// A place has the key attributes of its table and index and nothing else.
fn check_place(operation: &'static str, table: Table, index: Option<Schema>, place: &PageKey) -> PortResult<()> {
    let names: BTreeSet<&str> =
        [Some(table.schema()), index].into_iter().flatten().flat_map(|schema| [schema.partition, schema.sort]).collect();
    let exact = names.iter().copied().eq(place.0.keys().map(String::as_str));
    keep(exact && place.0.values().all(|value| !value.is_empty()), operation, "a page goes on behind a place of the same listing")
}

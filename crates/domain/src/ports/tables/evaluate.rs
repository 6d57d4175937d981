//! What writes mean: conditions, updates and transactions over rows that were read, for adapters whose backend
//! does not evaluate them itself.

use std::cmp::Ordering;

use super::{
    Condition, Item, Key, Table, Update, Value, Write,
    limits::{TRANSACTION_LIMIT_BYTES, check_item, item_size},
};
use crate::{
    change::Change,
    error::{PortError, PortErrorKind, PortResult},
};

/// Decides `writes` (already held against the limits, no row twice) over the rows that `read` gives, all or nothing.
///
/// Answers what changes, in order; a write that leaves its row as it was changes nothing.
///
/// # Errors
/// `PreconditionFailed` with the positions of the failed conditions, `InvalidArgument`, and errors of `read`.
pub fn decide(
    operation: &'static str,
    writes: &[Write],
    mut read: impl FnMut(Table, &Key) -> PortResult<Option<Item>>,
) -> PortResult<Vec<Change>> {
    let mut changes = Vec::with_capacity(writes.len());
    let mut failed = Vec::new();
    let mut bytes = 0;
    for (position, write) in writes.iter().enumerate() {
        let (table, key) = write.target()?;
        let old = read(table, &key)?;
        if !condition_of(write).is_none_or(|condition| holds(condition, old.as_ref())) {
            failed.push(position);
            continue;
        }
        let new = outcome(operation, write, &key, old.as_ref())?;
        bytes += new.as_ref().map_or(0, item_size);
        if old != new {
            changes.push(Change { table, key, old, new });
        }
    }
    if !failed.is_empty() {
        return Err(PortError::new(PortErrorKind::PreconditionFailed, operation).failed_conditions(failed));
    }
    if operation == "tables.transact" && bytes > TRANSACTION_LIMIT_BYTES {
        return Err(PortError::new(PortErrorKind::InvalidArgument, operation).with("bytes", bytes));
    }
    Ok(changes)
}

fn condition_of(write: &Write) -> Option<&Condition> {
    match write {
        Write::Put { condition, .. } | Write::Update { condition, .. } | Write::Delete { condition, .. } => condition.as_ref(),
        Write::Check { condition, .. } => Some(condition),
    }
}

/// The row after a write whose condition holds.
fn outcome(operation: &'static str, write: &Write, key: &Key, old: Option<&Item>) -> PortResult<Option<Item>> {
    Ok(match write {
        Write::Put { item, .. } => Some(item.iter().map(|(name, value)| (name.clone(), canonical(value))).collect()),
        Write::Update { table, update, .. } => Some(updated(operation, *table, key, update, old)?),
        Write::Delete { .. } => None,
        Write::Check { .. } => old.cloned(),
    })
}

fn updated(operation: &'static str, table: Table, key: &Key, update: &Update, old: Option<&Item>) -> PortResult<Item> {
    let schema = table.schema();
    let mut item = old.cloned().unwrap_or_else(|| {
        Item::from([(schema.partition.to_owned(), key.partition.clone().into()), (schema.sort.to_owned(), key.sort.clone().into())])
    });
    for name in &update.remove {
        item.remove(name);
    }
    for (name, value) in &update.set {
        item.insert(name.clone(), canonical(value));
    }
    for (name, amount) in &update.add {
        let sum = add(item.get(name), *amount)
            .ok_or_else(|| PortError::new(PortErrorKind::InvalidArgument, operation).with("not_a_number_to_add_to", name))?;
        item.insert(name.clone(), sum);
    }
    check_item(operation, table, &item)?;
    Ok(item)
}

/// `value + amount`, `None` if that is no number or has too many digits.
fn add(value: Option<&Value>, amount: i64) -> Option<Value> {
    let Some(value) = value else { return Some(amount.into()) };
    let Some(integer) = integer(value) else {
        #[expect(clippy::cast_precision_loss, reason = "adding to a float is a float's addition")]
        return Some(canonical(&serde_json::Number::from_f64(value.as_f64()? + amount as f64)?.into()));
    };
    let sum = integer + i128::from(amount);
    i64::try_from(sum).map(Value::from).or_else(|_| u64::try_from(sum).map(Value::from)).ok()
}

/// Whether `condition` holds of a stored row.
#[must_use]
pub fn holds(condition: &Condition, row: Option<&Item>) -> bool {
    let attribute = |name: &String| row.and_then(|item| item.get(name));
    match condition {
        Condition::Exists => row.is_some(),
        Condition::Absent => row.is_none(),
        Condition::Equals(name, value) => attribute(name).is_some_and(|stored| canonical(stored) == canonical(value)),
        Condition::Less(name, value) => attribute(name).and_then(|stored| compare(stored, value)) == Some(Ordering::Less),
        Condition::Greater(name, value) => attribute(name).and_then(|stored| compare(stored, value)) == Some(Ordering::Greater),
        Condition::Has(name) => attribute(name).is_some(),
        Condition::Lacks(name) => attribute(name).is_none(),
        Condition::All(parts) => parts.iter().all(|part| holds(part, row)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, row)),
    }
}

/// The order of two numbers, or of two texts by their UTF-8 bytes; nothing else has one.
#[must_use]
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left_number), Value::Number(right_number)) => match (integer(left), integer(right)) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            (Some(left), None) => compare_mixed(left, right_number.as_f64()?),
            (None, Some(right)) => compare_mixed(right, left_number.as_f64()?).map(Ordering::reverse),
            (None, None) => left_number.as_f64()?.partial_cmp(&right_number.as_f64()?),
        },
        _ => None,
    }
}

/// Compares without rounding the integer: one beyond 2^53 has no float of its own.
fn compare_mixed(integer: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates beyond every integer that a value holds")]
    let whole = float.floor() as i128;
    Some(integer.cmp(&whole).then(if float.fract() == 0.0 { Ordering::Equal } else { Ordering::Less }))
}

fn integer(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

/// The value as every backend gives it back: a number has no notation of its own, so `1.0` is `1`.
#[must_use]
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let text = number.as_f64().unwrap_or_default().to_string();
            let whole = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
            whole.unwrap_or_else(|_| value.clone())
        }
        Value::Array(values) => values.iter().map(canonical).collect(),
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), canonical(value))).collect(),
        _ => value.clone(),
    }
}

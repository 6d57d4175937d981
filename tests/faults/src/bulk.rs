//! Batches of writes to a search cluster: two lines for each entry, what is to be done and the document.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::account_says::Rest;

/// What such a request is called.
pub(crate) const OPERATION: &str = "_bulk";

/// Takes the last entry off.
pub(crate) fn take_off(body: &Bytes) -> Option<Rest> {
    let lines: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
    let left = lines.get(..lines.len().checked_sub(2)?)?.concat();
    let nothing = || Bytes::from(json!({ "items": [] }).to_string());
    Some(if left.is_empty() { Rest::Nothing(nothing()) } else { Rest::Some(left.into()) })
}

/// Tells that the last entry was refused, because the cluster had too much to do.
pub(crate) fn tell(answer: &mut Value) -> Option<()> {
    let error = json!({ "type": "rejected_execution_exception", "reason": "by order of the test" });
    answer["items"].as_array_mut()?.push(json!({ "index": { "status": 429, "error": error } }));
    Some(())
}

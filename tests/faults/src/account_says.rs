//! What services say when they refuse, each in its own format, and how they tell of a batch that was taken in part.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use crate::{Fault, bulk};

/// A service, by what its requests look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Cognito,
    DynamoDb,
    Kms,
    Logs,
    OpenSearch,
    /// Or whatever else is told by method and path.
    S3,
    Sqs,
}

/// Service and operation of a request; those of S3 are told by their method, and those of OpenSearch by the word of their
/// path that begins with `_`, else by their method too.
pub(crate) fn called(method: &str, path: &str, headers: &HeaderMap) -> (Service, String) {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("authorization").contains("/es/aws4_request") {
        let operation = path.split(['/', '?']).find(|word| word.starts_with('_')).unwrap_or(method);
        return (Service::OpenSearch, operation.to_owned());
    }
    let target = header("x-amz-target");
    let (prefix, operation) = target.split_once('.').unwrap_or((target, method));
    let service = match prefix {
        "AWSCognitoIdentityProviderService" => Service::Cognito,
        "AmazonSQS" => Service::Sqs,
        "Logs_20140328" => Service::Logs,
        "TrentService" => Service::Kms,
        prefix if prefix.starts_with("DynamoDB") => Service::DynamoDb,
        _ => Service::S3,
    };
    (service, operation.to_owned())
}

/// Whether an operation changes anything.
pub(crate) fn changes(operation: &str) -> bool {
    const READING: [&str; 14] = [
        "_alias",
        "_refresh",
        "_search",
        "AdminGetUser",
        "AdminListGroupsForUser",
        "BatchGetItem",
        "Decrypt",
        "Encrypt",
        "GET",
        "GetItem",
        "HEAD",
        "Query",
        "Scan",
        "Sign",
    ];
    !READING.contains(&operation) && !["Describe", "Filter", "List"].iter().any(|begin| operation.starts_with(begin))
}

/// The refusal that stands for a fault; `None` for those that are none.
pub(crate) fn refusal(service: Service, fault: Fault) -> Option<Response<Full<Bytes>>> {
    let (status, code) = match (fault, service) {
        (Fault::Throttled, Service::DynamoDb) => (400, "ProvisionedThroughputExceededException"),
        (Fault::Throttled, Service::Sqs) => (400, "RequestThrottled"),
        (Fault::Throttled, Service::Cognito) => (400, "TooManyRequestsException"),
        (Fault::Throttled, Service::Kms | Service::Logs) => (400, "ThrottlingException"),
        (Fault::Throttled, Service::OpenSearch) => (429, "rejected_execution_exception"),
        (Fault::Throttled, Service::S3) => (503, "SlowDown"),
        (Fault::Broken, Service::DynamoDb) => (500, "InternalServerError"),
        (Fault::Broken, Service::Sqs) => (500, "InternalFailure"),
        (Fault::Broken, Service::Cognito) => (500, "InternalErrorException"),
        (Fault::Broken, Service::Kms) => (500, "KMSInternalException"),
        (Fault::Broken, Service::Logs) => (503, "ServiceUnavailableException"),
        (Fault::Broken, Service::OpenSearch) => (503, "cluster_manager_not_discovered_exception"),
        (Fault::Broken, Service::S3) => (500, "InternalError"),
        (Fault::Expired, Service::OpenSearch) => (403, "security_exception"),
        (Fault::Expired, Service::S3) => (400, "ExpiredToken"),
        (Fault::Expired, _) => (400, "ExpiredTokenException"),
        _ => return None,
    };
    let message = "by order of the test";
    let (kind, body) = match (service, fault) {
        (Service::S3, _) => {
            let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
            ("application/xml", body)
        }
        // The service in front of the cluster, which checks signatures, says it in its own way.
        (Service::OpenSearch, Fault::Expired) => {
            ("application/json", json!({ "message": "The security token included in the request is expired" }).to_string())
        }
        (Service::OpenSearch, _) => {
            ("application/json", json!({ "error": { "type": code, "reason": message }, "status": status }).to_string())
        }
        _ => {
            let body = json!({ "__type": format!("com.amazon.coral.service#{code}"), "message": message });
            ("application/x-amz-json-1.0", body.to_string())
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    response.headers_mut().insert("content-type", kind.parse().ok()?);
    response.headers_mut().insert("x-amzn-requestid", "by-order-of-the-test".parse().ok()?);
    Some(response)
}

/// What is left of a batch.
pub(crate) enum Rest {
    /// Other entries, for the account.
    Some(Bytes),
    /// Nothing: so it would be answered.
    Nothing(Bytes),
}

/// Takes the last entry off a batch, so that the account never sees it.
pub(crate) fn take_off(operation: &str, body: &Bytes) -> Option<(Rest, Value)> {
    if operation == bulk::OPERATION {
        return bulk::take_off(body).map(|rest| (rest, Value::Null));
    }
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let (taken, left, nothing) = match operation {
        "SendMessageBatch" => {
            let entries = request["Entries"].as_array_mut()?;
            (entries.pop()?, entries.len(), json!({ "Successful": [], "Failed": [] }))
        }
        "BatchWriteItem" => {
            let (table, entries) = request["RequestItems"].as_object_mut()?.iter_mut().next()?;
            let entries = entries.as_array_mut()?;
            (json!({ table: [entries.pop()?] }), entries.len(), json!({}))
        }
        "BatchGetItem" => {
            let (table, keys) = request["RequestItems"].as_object_mut()?.iter_mut().next()?;
            let keys = keys["Keys"].as_array_mut()?;
            (json!({ table: { "Keys": [keys.pop()?] } }), keys.len(), json!({ "Responses": {} }))
        }
        _ => return None,
    };
    let rest = if left == 0 { Rest::Nothing(Bytes::from(nothing.to_string())) } else { Rest::Some(Bytes::from(request.to_string())) };
    Some((rest, taken))
}

/// Tells of the entry that was taken off.
pub(crate) fn tell_of(operation: &str, taken: &Value, answer: &Bytes) -> Option<Bytes> {
    let mut answer: Value = serde_json::from_slice(answer).ok()?;
    match operation {
        "SendMessageBatch" => {
            let failed = json!({ "Id": taken["Id"], "Code": "InternalError", "Message": "by order of the test", "SenderFault": false });
            answer["Failed"] = json!([failed]);
        }
        bulk::OPERATION => bulk::tell(&mut answer)?,
        "BatchWriteItem" => answer["UnprocessedItems"] = taken.clone(),
        _ => answer["UnprocessedKeys"] = taken.clone(),
    }
    Some(Bytes::from(answer.to_string()))
}

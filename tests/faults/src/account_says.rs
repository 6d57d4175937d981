//! What services say when they refuse, each in its own format, and how they tell of a batch that was taken in part.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use crate::Fault;

/// A service, by what its requests look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Cognito,
    DynamoDb,
    Kms,
    Logs,
    /// Or whatever else is told by method and path.
    S3,
    Sqs,
}

/// Service and operation of a request; those of S3 are told by their method.
pub(crate) fn called(method: &str, headers: &HeaderMap) -> (Service, String) {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
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

/// The refusal that stands for a fault; `None` for those that are none.
pub(crate) fn refusal(service: Service, fault: Fault) -> Option<Response<Full<Bytes>>> {
    let (status, code) = match (fault, service) {
        (Fault::Throttled, Service::DynamoDb) => (400, "ProvisionedThroughputExceededException"),
        (Fault::Throttled, Service::Sqs) => (400, "RequestThrottled"),
        (Fault::Throttled, Service::Cognito) => (400, "TooManyRequestsException"),
        (Fault::Throttled, Service::Kms | Service::Logs) => (400, "ThrottlingException"),
        (Fault::Throttled, Service::S3) => (503, "SlowDown"),
        (Fault::Broken, Service::DynamoDb) => (500, "InternalServerError"),
        (Fault::Broken, Service::Sqs) => (500, "InternalFailure"),
        (Fault::Broken, Service::Cognito) => (500, "InternalErrorException"),
        (Fault::Broken, Service::Kms) => (500, "KMSInternalException"),
        (Fault::Broken, Service::Logs) => (503, "ServiceUnavailableException"),
        (Fault::Broken, Service::S3) => (500, "InternalError"),
        (Fault::Expired, Service::S3) => (400, "ExpiredToken"),
        (Fault::Expired, _) => (400, "ExpiredTokenException"),
        _ => return None,
    };
    let (kind, body) = if service == Service::S3 {
        let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>by order of the test</Message></Error>");
        ("application/xml", body)
    } else {
        let body = json!({ "__type": format!("com.amazon.coral.service#{code}"), "message": "by order of the test" });
        ("application/x-amz-json-1.0", body.to_string())
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
        "BatchWriteItem" => answer["UnprocessedItems"] = taken.clone(),
        _ => answer["UnprocessedKeys"] = taken.clone(),
    }
    Some(Bytes::from(answer.to_string()))
}

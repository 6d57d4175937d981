//! Answers of a world.

use axum::http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::home::{Response, Shared};

/// What came back.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers that the contract names.
    pub headers: Vec<(String, String)>,
    /// The body; `null` if it is empty.
    pub body: Value,
    home: Shared,
}

impl Answer {
    pub(crate) fn new(home: &Shared, response: Response) -> Self {
        let Response { status, headers: all, body } = response;
        assert_eq!(all.get("x-request-id").map(|id| id.as_bytes()), Some(&b"req_1"[..]), "every answer names its request");
        assert_eq!(all.get("x-content-type-options").map(|value| value.as_bytes()), Some(&b"nosniff"[..]));
        let named = [header::LOCATION, header::ETAG, header::RETRY_AFTER, header::CONTENT_TYPE, header::WWW_AUTHENTICATE, header::ALLOW];
        let headers = named.iter().filter_map(|name| Some((name.to_string(), all.get(name)?.to_str().ok()?.to_owned()))).collect();
        Self { status, headers, body, home: home.clone() }
    }

    /// Holds the answer against the snapshot `{tag}__{operation}_{status}[_{situation}]`.
    ///
    /// # Panics
    /// If the status is another one, the operation is unknown, or the snapshot differs.
    pub fn is(&self, operation: &str, status: u16, situation: &str) {
        let known = web::operations::OPERATIONS.iter().find(|known| known.id == operation).expect("an operation of the contract");
        self.matches(&format!("{}__{operation}", known.tag), &format!("{} {}", known.method, known.path), status, situation);
    }

    /// The same for what belongs to no operation: `any__{situation}_{status}`.
    ///
    /// # Panics
    /// If the status is another one, or the snapshot differs.
    pub fn is_any(&self, status: u16, situation: &str) {
        self.matches("any", "Of no operation, or of all", status, situation);
    }

    fn matches(&self, of: &str, description: &str, status: u16, situation: &str) {
        assert_eq!(self.status.as_u16(), status, "{of} {situation}: {}", self.body);
        let joint = if situation.is_empty() { "" } else { "_" };
        let name = match of {
            "any" => format!("any__{situation}_{status}"),
            _ => format!("{of}_{status}{joint}{situation}"),
        };
        let headers: Map<String, Value> = self.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let answer = json!({ "status": status, "headers": headers, "body": self.body });
        self.home.compare(&name, description, &answer);
    }

    /// A text of the body, by its JSON pointer.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} of {}", self.body)).to_owned()
    }

    /// The header's value; empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// What the answer lists.
    ///
    /// # Panics
    /// If it is no list.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        self.body["items"].as_array().expect("a list")
    }
}

//! One call of the API, as it will be sent.

use std::borrow::Cow;

use aws_lc_rs::rand;
use http::Method;
use serde::Serialize;
use url::Url;

use crate::{
    error::{Error, Result},
    signing::encode,
};

/// A call: what, where, with what, and whether it may be repeated.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    path: String,
    query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Whether carrying it out twice is the same as once.
    pub(crate) repeatable: bool,
    /// Why it can't be sent; told when it is.
    refused: Option<Error>,
}

impl Call {
    pub(crate) fn new(method: Method, operation: &'static str, segments: &[&str]) -> Self {
        let refused = segments.iter().find(|segment| !is_path_segment(segment)).map(|segment| {
            Error::Input(format!("'{}' is not an id: ids hold only letters, digits, '.', '_' and '-'.", segment.escape_debug()))
        });
        let path = segments.join("/");
        let repeatable = matches!(method, Method::GET | Method::PUT | Method::DELETE);
        Self { operation, method, path, query: Vec::new(), body: Vec::new(), headers: Vec::new(), repeatable, refused }
    }

    pub(crate) fn get(operation: &'static str, segments: &[&str]) -> Self {
        Self::new(Method::GET, operation, segments)
    }

    pub(crate) fn post(operation: &'static str, segments: &[&str]) -> Self {
        Self::new(Method::POST, operation, segments)
    }

    pub(crate) fn delete(operation: &'static str, segments: &[&str]) -> Self {
        Self::new(Method::DELETE, operation, segments)
    }

    pub(crate) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (Cow::Borrowed(name), value.to_string())));
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => {
                self.body = body;
                self.headers.push(("content-type", "application/json".to_owned()));
            }
            Err(source) => self.refused = Some(Error::Decode { operation: self.operation, source }),
        }
        self
    }

    pub(crate) fn bytes(mut self, body: Vec<u8>, content_type: &str) -> Self {
        self.body = body;
        self.headers.push(("content-type", content_type.to_owned()));
        self
    }

    /// Makes a creation repeatable: a repeat answers the first result.
    pub(crate) fn idempotent(mut self) -> Self {
        let mut key = [0_u8; 16];
        // Without randomness there is no key, and the call is only sent once.
        if rand::fill(&mut key).is_ok() {
            self.headers.push(("idempotency-key", hex::encode(key)));
            self.repeatable = true;
        }
        self
    }

    /// Says that carrying it out twice is the same as once, though its method does not.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    pub(crate) fn if_match(mut self, version: Option<u64>) -> Self {
        if let Some(version) = version {
            self.headers.push(("if-match", format!("\"{version}\"")));
            // A repeat of what was carried out already would meet its own change.
            self.repeatable = false;
        }
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The URL below `endpoint`, strictly percent-encoded.
    pub(crate) fn url(&mut self, endpoint: &Url) -> Result<Url> {
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        let mut text = format!("{}/{}", endpoint.as_str().trim_end_matches('/'), self.path);
        for (n, (name, value)) in self.query.iter().enumerate() {
            text.push_str(&format!("{}{}={}", if n == 0 { '?' } else { '&' }, encode(name), encode(value)));
        }
        Url::parse(&text).map_err(|error| Error::Input(format!("The endpoint makes no address: {error}")))
    }
}

/// What may stand in a path of the API.
fn is_path_segment(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !matches!(text, "." | "..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(mut call: Call) -> Result<String> {
        call.url(&Url::parse("https://lake.example/v1/").expect("a URL")).map(String::from)
    }

    #[test]
    fn query_is_strictly_percent_encoded() {
        let call = Call::get("search", &["search"]).query("q", Some("a b+c*~'é/")).query("limit", Some(5)).query("sort", None::<&str>);
        assert_eq!(url(call).expect("a URL"), "https://lake.example/v1/search?q=a%20b%2Bc%2A~%27%C3%A9%2F&limit=5");
    }

    #[test]
    fn an_id_that_leads_elsewhere_is_refused() {
        for id in ["", ".", "..", "a/b", "a?b", "a%2fb", "é"] {
            assert!(matches!(url(Call::get("read", &["packages", id])), Err(Error::Input(_))), "{id}");
        }
    }

    #[test]
    fn creations_are_repeatable_only_with_a_key_and_conditional_changes_not_at_all() {
        assert!(!Call::post("create", &["packages"]).repeatable);
        assert!(Call::post("create", &["packages"]).idempotent().repeatable);
        assert!(!Call::new(Method::PUT, "replace", &["packages"]).if_match(Some(1)).repeatable);
        assert!(Call::get("read", &["packages"]).repeatable);
    }
}

//! A request's head, and the rules that hold before anybody asks who sent it.

use domain::{
    id::{AccessKeyId, is_plain_path},
    text::{SHOWN_OF_A_WORD, shown},
};

use crate::{
    Refusal,
    failures::{ADDRESS_LIMIT, KEY_LIMIT, Name},
    signature,
};

/// Request line and headers together have at most so many bytes: API Gateway's limit.
pub const HEAD_LIMIT: usize = 10_240;
/// The query string has at most so many.
pub const QUERY_LIMIT: usize = 4_096;

/// What the authorizer sees of a request: never its body.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// `GET`, `POST` …
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent, without `?`; empty for none.
    pub query: String,
    /// Headers in order: name in lower case, value. With HTTP/2 the home adds `host`. API Gateway hands over what was sent
    /// several times as one header, its values joined by commas.
    pub headers: Vec<(String, String)>,
    /// The client's address.
    pub source_ip: Option<String>,
}

impl RequestHead {
    /// Size, and the alphabet of paths.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
        let line = self.method.len() + self.path.len() + self.query.len() + " ? HTTP/1.1\r\n".len();
        if line + headers > HEAD_LIMIT {
            return Err(Refusal::malformed("head_too_large", format!("Request line and headers have more than {HEAD_LIMIT} bytes.")));
        }
        if self.query.len() > QUERY_LIMIT {
            return Err(Refusal::malformed("query_too_long", format!("The query has more than {QUERY_LIMIT} bytes.")));
        }
        if !is_plain_path(&self.path) {
            let detail =
                "The path may hold only letters, digits, '.', '_' and '-' between its slashes, nothing percent-encoded, no '.' or '..'.";
            return Err(Refusal::malformed("bad_path", detail));
        }
        Ok(())
    }

    /// The value of a header that must not stand there twice: neither on its own, nor joined with another.
    ///
    /// Where values were joined that may hold commas, nobody can tell. Such a header was signed as it is read (Signature
    /// Version 4 joins them alike), so nothing comes in by it that was not signed.
    pub(crate) fn single(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let first = values.next();
        match values.next() {
            None if !first.is_some_and(|value| are_joined(name, value)) => Ok(first),
            _ => Err(Refusal::malformed("duplicate_header", format!("The header {} is there twice.", shown(name, SHOWN_OF_A_WORD)))),
        }
    }

    /// Whether a body is announced.
    pub(crate) fn has_body(&self) -> bool {
        self.headers.iter().any(|(name, value)| match name.as_str() {
            "content-length" => value.trim() != "0",
            "transfer-encoding" => true,
            _ => false,
        })
    }

    /// What failures are counted by: the address, and the key as used from there, so that nobody locks a key for others.
    pub(crate) fn failure_names(&self) -> Vec<Name> {
        let Some(address) = self.source_ip.as_deref().map(network) else { return Vec::new() };
        let proof = self.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.as_str());
        let key: Option<AccessKeyId> = proof.and_then(signature::claimed_key);
        let key = key.map(|key| (format!("{key} {address}"), KEY_LIMIT));
        key.into_iter().chain([(address, ADDRESS_LIMIT)]).collect()
    }
}

/// Whether the value of a header that has one only is made of several.
fn are_joined(name: &str, value: &str) -> bool {
    match name {
        "host" | "x-amz-date" | "x-amz-content-sha256" => value.contains(','),
        // The parts of a signature are separated by commas, and have no spaces; another proof begins with its scheme.
        "authorization" => value.split(',').skip(1).any(|part| part.trim().contains(' ')),
        _ => false,
    }
}

/// An IPv6 customer has a whole /64.
fn network(address: &str) -> String {
    match address.parse::<std::net::Ipv6Addr>() {
        Ok(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => address.to_owned(),
    }
}

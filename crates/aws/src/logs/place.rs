//! Names of queries and places in their answers. They hold all that there is to know, for the next one who asks may be
//! another process.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{PortError, PortErrorKind, PortResult, ports::AuditQuery};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{QUERY, ROWS};

/// A query that was begun.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Begun {
    /// The first query of the service.
    pub(super) query_id: String,
    /// Up to when was asked, in seconds: also of the queries that follow.
    pub(super) end: i64,
    /// What was asked.
    pub(super) query: AuditQuery,
}

impl Begun {
    pub(super) fn name(&self) -> PortResult<String> {
        let text = serde_json::to_vec(self).map_err(|error| PortError::new(PortErrorKind::Unexpected, QUERY).because(error))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(text))
    }

    pub(super) fn named(name: &str) -> PortResult<Self> {
        decoded(name).ok_or_else(|| PortError::new(PortErrorKind::NotFound, ROWS))
    }
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which query of the service has it.
    pub(super) query_id: String,
    /// Behind how many of its rows.
    pub(super) skip: usize,
}

impl Place {
    pub(super) fn first(begun: &Begun) -> Self {
        Self { query_id: begun.query_id.clone(), skip: 0 }
    }

    pub(super) fn text(&self) -> String {
        format!("{}.{}", self.skip, self.query_id)
    }

    pub(super) fn read(text: &str) -> PortResult<Self> {
        let parts = || {
            let (skip, query_id) = text.split_once('.')?;
            let plain = !query_id.is_empty() && query_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            plain.then_some(Self { query_id: query_id.to_owned(), skip: skip.parse().ok()? })
        };
        parts().ok_or_else(|| PortError::new(PortErrorKind::InvalidArgument, ROWS).with("reason", "not a place that this log gave"))
    }
}

fn decoded<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_read_back() {
        let query = AuditQuery { actor: Some("ann".to_owned()), ..AuditQuery::default() };
        let begun = Begun { query_id: "0a-1b".to_owned(), end: 7, query };
        assert_eq!(Begun::named(&begun.name().expect("a name")).expect("a query"), begun);
        let place = Place { skip: 3, ..Place::first(&begun) };
        assert_eq!(Place::read(&place.text()).expect("a place"), place);
    }

    #[test]
    fn no_other_text_is_a_place() {
        for text in ["", "3", "3.", ".0a-1b", "-1.0a-1b", "3.a/b", "3.a b"] {
            assert!(Place::read(text).is_err(), "{text}");
        }
    }
}

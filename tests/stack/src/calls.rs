//! What the functions asked of AWS and of the search cluster, and under which role.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// One check of a call against its caller's policies. A request can need several: one for each row of a transaction, for
/// each table of a batch, for each key that is deleted.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Call {
    /// Seconds since 1970.
    pub at: f64,
    /// Checks of one HTTP request have the same number.
    pub request: u64,
    /// Whose key signed it; empty if nobody's did.
    #[serde(default)]
    pub access_key: String,
    /// Who that is: `arn:aws:sts::…:assumed-role/ROLE/SESSION`.
    pub principal: String,
    /// `dynamodb:PutItem`.
    pub action: String,
    /// The ARN of what it is about.
    pub resource: String,
    /// Whether the policies allowed it.
    pub allowed: bool,
}

impl Call {
    /// The name of the role under which it was made, if it was one.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.principal.split_once(":assumed-role/")?.1.split('/').next()
    }
}

/// One request to the search cluster.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Search {
    /// Whose key signed it; empty if nobody's did.
    pub access_key: String,
    /// The service that it was signed for (`es`).
    pub service: String,
    /// `GET`.
    pub method: String,
    /// `/data-lake-packages/_search`.
    pub path: String,
    /// What the cluster answered.
    pub status: u16,
}

impl Search {
    /// The action that a policy must allow, as "Identity and Access Management in Amazon OpenSearch Service" has it
    /// (<https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac.html>).
    #[must_use]
    pub fn action(&self) -> String {
        let (first, rest) = self.method.split_at(1);
        format!("es:ESHttp{first}{}", rest.to_ascii_lowercase())
    }
}

/// Reads lines of JSON; the last one may still be on its way.
pub(crate) fn read<T: serde::de::DeserializeOwned>(file: &Path) -> Result<Vec<T>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_tells_the_role_of_its_session() {
        let line = r#"{"at":1.5,"request":2,"principal":"arn:aws:sts::000000000000:assumed-role/lake-cart-us-east-1/x",
            "action":"kms:Encrypt","resource":"*","allowed":true}"#;
        let call: Call = serde_json::from_str(line).expect("a call");
        assert_eq!(call.role(), Some("lake-cart-us-east-1"));
    }

    #[test]
    fn half_a_line_is_not_read() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let file = folder.path().join("lines");
        assert_eq!(read::<u8>(&file).expect("no file, no lines"), Vec::<u8>::new());
        fs::write(&file, "1\n2\n3").expect("written");
        assert_eq!(read::<u8>(&file).expect("lines"), [1, 2]);
    }

    #[test]
    fn a_method_is_an_action_of_the_search_service() {
        let search =
            Search { access_key: String::new(), service: String::new(), method: "HEAD".to_owned(), path: "/".to_owned(), status: 200 };
        assert_eq!(search.action(), "es:ESHttpHead");
    }
}

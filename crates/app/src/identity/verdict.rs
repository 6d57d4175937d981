//! What the authorizer found out about a request: handed to the function beside the request (API Gateway's authorizer
//! context on AWS, a request extension on one machine), and read by `web` alone.

use std::collections::BTreeMap;

use domain::{PortError, PortErrorKind, PortResult, Principal};

/// Who is asking, as far as the authorizer could tell. The gateway always lets a request pass: the function answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Known, with its rights; the hash that the signature promised for the body, if it was signed.
    Allowed {
        /// The caller.
        principal: Principal,
        /// SHA-256 of the body in lower-case hex, to be held against the body.
        body_sha256: Option<String>,
    },
    /// There was no `Authorization` header.
    Anonymous,
    /// There was one, but it does not hold.
    Refused {
        /// `malformed` (400), `unauthenticated` (401), `forbidden` (403), `too_many` (429) or `unavailable` (503).
        kind: RefusalKind,
        /// A stable code.
        code: String,
        /// What is wrong and what to do, for people.
        detail: String,
    },
}

/// How a refusal is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The request can't be understood: 400.
    Malformed,
    /// The proof does not hold: 401.
    Unauthenticated,
    /// The person is known but may do nothing: 403.
    Forbidden,
    /// Too many failures: 429.
    TooMany,
    /// It can't be told right now: 503.
    Unavailable,
}

impl Verdict {
    /// As flat text, the form that API Gateway hands from an authorizer to a function.
    ///
    /// # Errors
    /// Only if the principal has no JSON form.
    pub fn to_context(&self) -> PortResult<BTreeMap<String, String>> {
        let text = |value: serde_json::Result<String>| value.map_err(|error| broken().because(error));
        let mut context = BTreeMap::new();
        let mut put = |name: &str, value: String| context.insert(name.to_owned(), value);
        match self {
            Self::Allowed { principal, body_sha256 } => {
                put("verdict", "allowed".to_owned());
                put("principal", text(serde_json::to_string(principal))?);
                if let Some(hash) = body_sha256 {
                    put("body_sha256", hash.clone());
                }
            }
            Self::Anonymous => {
                put("verdict", "anonymous".to_owned());
            }
            Self::Refused { kind, code, detail } => {
                put("verdict", "refused".to_owned());
                put("kind", text(serde_json::to_string(kind))?);
                put("code", code.clone());
                put("detail", detail.clone());
            }
        }
        Ok(context)
    }

    /// Reads what [`Verdict::to_context`] wrote; anything else is an error, so that a function fails closed.
    ///
    /// # Errors
    /// `InvalidArgument` for any other map.
    pub fn from_context(context: &BTreeMap<String, String>) -> PortResult<Self> {
        let field = |name: &str| context.get(name).ok_or_else(broken);
        match field("verdict")?.as_str() {
            "allowed" => Ok(Self::Allowed {
                principal: serde_json::from_str(field("principal")?).map_err(|error| broken().because(error))?,
                body_sha256: context.get("body_sha256").cloned(),
            }),
            "anonymous" => Ok(Self::Anonymous),
            "refused" => Ok(Self::Refused {
                kind: serde_json::from_str(field("kind")?).map_err(|error| broken().because(error))?,
                code: field("code")?.clone(),
                detail: field("detail")?.clone(),
            }),
            _ => Err(broken()),
        }
    }
}

fn broken() -> PortError {
    PortError::new(PortErrorKind::InvalidArgument, "identity.verdict")
}

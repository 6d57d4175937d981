//! What handlers extract: the caller, ids in paths, pages, JSON bodies, conditions.

use std::str::FromStr;

use app::{
    AppError, Caller, ErrorKind, Paging,
    idempotency::IdempotencyKey,
    identity::verdict::{RefusalKind, Verdict},
    paging::{CURSOR_LIMIT, DEFAULT_LIMIT, MAXIMUM_LIMIT},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
    http::{HeaderMap, header, request::Parts},
};
use domain::{
    access::Action,
    audit::Origin,
    text::{SHOWN_OF_A_WORD, SHOWN_OF_AN_ENTRY, shown},
};
use serde::de::DeserializeOwned;

use crate::problem::Rejection;

/// A caller who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Caller);

/// A caller who may be signed in; a refused proof is a refusal all the same.
#[derive(Clone, Debug)]
pub struct MaybeSignedIn {
    /// Who, if anybody.
    pub caller: Option<Caller>,
    /// From where.
    pub origin: Origin,
}

/// Who is asking, by the authorizer's verdict; without a verdict nobody is (a function fails closed).
///
/// # Errors
/// The refusal.
pub fn caller(extensions: &http::Extensions) -> Result<Option<Caller>, Rejection> {
    let origin = extensions.get::<Origin>().cloned().unwrap_or_default();
    match extensions.get::<Verdict>() {
        Some(Verdict::Allowed { principal, .. }) => Ok(Some(Caller { principal: principal.clone(), origin })),
        Some(Verdict::Anonymous) => Ok(None),
        Some(Verdict::Refused { kind, code, detail }) => Err(refusal(*kind, code, detail)),
        None => Err(unauthenticated("The request came without an authorizer's verdict.")),
    }
}

fn refusal(kind: RefusalKind, code: &str, detail: &str) -> Rejection {
    let kind = match kind {
        RefusalKind::Malformed => ErrorKind::Malformed,
        RefusalKind::Unauthenticated => ErrorKind::Unauthenticated,
        RefusalKind::Forbidden => ErrorKind::Forbidden,
        RefusalKind::TooMany => ErrorKind::TooMany,
        RefusalKind::Unavailable => ErrorKind::Unavailable,
    };
    AppError::new(kind, code.to_owned(), detail).into()
}

fn unauthenticated(detail: &str) -> Rejection {
    AppError::new(ErrorKind::Unauthenticated, "unauthenticated", detail).into()
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        caller(&parts.extensions)?.map(Self).ok_or_else(|| {
            unauthenticated("Sign in first: send Authorization with a bearer token or an AWS Signature Version 4 (service datalake).")
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeSignedIn {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let origin = parts.extensions.get::<Origin>().cloned().unwrap_or_default();
        let caller = if parts.headers.contains_key(header::AUTHORIZATION) { caller(&parts.extensions)? } else { None };
        Ok(Self { caller, origin })
    }
}

/// One value of the path (`/packages/{id}`).
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

/// Two values of the path (`/packages/{id}/datasets/{ds}`), in order.
#[derive(Clone, Copy, Debug)]
pub struct Ids<A, B>(pub A, pub B);

/// A number in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub u64);

impl FromStr for Number {
    type Err = domain::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Digits alone: the address of a thing has one spelling, so no sign and no leading zero.
        let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
        text.parse().ok().filter(|_| plain).map(Self).ok_or_else(|| domain::Invalid::new("is not a number"))
    }
}

async fn path_values<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<String>, Rejection> {
    let bad = || Rejection::from(AppError::new(ErrorKind::Malformed, "bad_path", "The path can't be understood."));
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| bad())?;
    Ok(params.iter().map(|(_, value)| value.to_owned()).collect())
}

fn path_value<T: FromStr<Err: std::fmt::Display>>(values: &[String], position: usize) -> Result<T, Rejection> {
    let text = values.get(position).map(String::as_str).unwrap_or_default();
    text.parse().map_err(|why| AppError::new(ErrorKind::Malformed, "bad_path", format!("'{}' in the path {why}.", printable(text))).into())
}

/// The text as an error may repeat it.
fn printable(text: &str) -> String {
    shown(text, SHOWN_OF_A_WORD)
}

impl<S: Send + Sync, T: FromStr<Err: std::fmt::Display> + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let values = path_values(parts, state).await?;
        Ok(Self(path_value(&values, 0)?))
    }
}

impl<S, A, B> FromRequestParts<S> for Ids<A, B>
where
    S: Send + Sync,
    A: FromStr<Err: std::fmt::Display> + Send,
    B: FromStr<Err: std::fmt::Display> + Send,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let values = path_values(parts, state).await?;
        Ok(Self(path_value(&values, 0)?, path_value(&values, 1)?))
    }
}

/// The query string: pairs in the order sent.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The value of a parameter that may stand once.
    ///
    /// # Errors
    /// 400 if it stands twice.
    pub fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Rejection> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(AppError::bad_parameter(name, "stands twice").into()),
        }
    }

    /// All values of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter, read as `T`.
    ///
    /// # Errors
    /// 400 if it stands twice or can't be read.
    pub fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Rejection> {
        self.one(name)?.map(|text| text.parse().map_err(|why| AppError::bad_parameter(name, why).into())).transpose()
    }

    /// `limit` and `cursor`.
    ///
    /// # Errors
    /// 400 for a limit that is not 1 to 200, or a cursor that is too long.
    pub fn paging(&self) -> Result<Paging, Rejection> {
        let limit = match self.one("limit")? {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAXIMUM_LIMIT).contains(limit))
                .ok_or_else(|| AppError::bad_parameter("limit", "must be a number from 1 to 200"))?,
        };
        let cursor = self.one("cursor")?.map(str::to_owned);
        if cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR_LIMIT) {
            return Err(AppError::bad_parameter("cursor", "is too long").into());
        }
        Ok(Paging { limit, cursor })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let text = parts.uri.query().unwrap_or_default();
        // '+' stays '+': the signature covers the strictly encoded query, where a blank is %20.
        let decode = |text: &str| {
            let decoded = percent_encoding::percent_decode_str(text).decode_utf8().ok().filter(|_| escapes_are_whole(text));
            decoded.map(std::borrow::Cow::into_owned).ok_or_else(|| {
                Rejection::from(AppError::new(ErrorKind::Malformed, "query_not_encoded", "The query string is not percent-encoded UTF-8."))
            })
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        pairs.collect::<Result<Vec<_>, Rejection>>().map(Self)
    }
}

/// Whether two hex digits follow every `%`: decoders would otherwise leave it as it is, each in its own way.
fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// A JSON body, read with the place of what is wrong in it, and its bytes.
#[derive(Clone, Debug)]
pub struct ValidJson<T> {
    /// The value.
    pub value: T,
    /// The bytes as they came, for idempotency.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ValidJson<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        require_json(request.headers())?;
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Rejection::too_large())?;
        // Every body is an object; serde would also take an array as the fields of one.
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
            return Err(Rejection::malformed("The body is not as expected: it must be a JSON object."));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| describe(&error))?;
        deserializer.end().map_err(|_| Rejection::malformed("The body goes on behind the JSON value."))?;
        Ok(Self { value, bytes })
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") || essence.eq_ignore_ascii_case("application/merge-patch+json") {
        Ok(())
    } else {
        Err(Rejection::unsupported_media_type("application/json"))
    }
}

fn describe(error: &serde_path_to_error::Error<serde_json::Error>) -> Rejection {
    let inner = error.inner();
    match inner.classify() {
        serde_json::error::Category::Data => {
            let place = error.path().to_string();
            let place = if place == "." { "The body".to_owned() } else { format!("'{}' in the body", printable(&place)) };
            Rejection::malformed(format!("{place} is not as expected: {}.", printable_reason(inner)))
        }
        _ => Rejection::malformed(format!("The body is not JSON: line {}, column {}.", inner.line(), inner.column())),
    }
}

/// What serde says without the position, which the path tells better.
fn printable_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    shown(text, SHOWN_OF_AN_ENTRY)
}

/// `If-Match`: the version that the caller means; `None` if it means none or any (`*`).
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        text.strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .and_then(|text| text.parse().ok())
            .map(|version| Self(Some(version)))
            .ok_or_else(|| AppError::bad_parameter("If-Match", "must be an ETag that an answer gave, in quotes").into())
    }
}

/// `If-Match`, which must be there.
#[derive(Clone, Copy, Debug)]
pub struct RequiredIfMatch(pub u64);

impl<S: Send + Sync> FromRequestParts<S> for RequiredIfMatch {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let IfMatch(version) = IfMatch::from_request_parts(parts, state).await?;
        version.map(Self).ok_or_else(|| AppError::if_match_required().into())
    }
}

/// `Idempotency-Key` of this request, if it has one; `meaning` is its body.
///
/// # Errors
/// 400 for a key that is not 1 to 128 printable ASCII characters.
pub fn idempotency_key(
    headers: &HeaderMap,
    caller: &Caller,
    action: Action,
    path: &str,
    meaning: &[u8],
) -> Result<Option<IdempotencyKey>, Rejection> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    let request = [path.as_bytes(), b"\n", meaning].concat();
    Ok(Some(IdempotencyKey::new(caller, action, key, &request)?))
}

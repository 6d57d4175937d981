//! Parameters, and the authorization request that they make.

use std::collections::HashMap;

use url::{Url, form_urlencoded};

use super::State;

/// Parameters of a query or a form, each at most once; an empty one counts as absent (RFC 6749, section 3.1).
pub(super) struct Params(HashMap<String, String>);

/// A parameter came twice.
pub(super) struct Repeated;

impl Params {
    pub(super) fn read(text: &str) -> Result<Self, Repeated> {
        let mut params = HashMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if params.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Repeated);
            }
        }
        Ok(Self(params))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

/// A valid request to sign in to a known client.
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) client_name: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    /// The person must not be asked anything.
    pub(super) silent: bool,
    /// The person must be asked for the password again.
    pub(super) again: bool,
    /// The password must not have been given longer ago, in seconds.
    pub(super) max_age: Option<u64>,
    pub(super) login_hint: Option<String>,
}

/// Why there is no valid request.
pub(super) enum Refused {
    /// Client or address are unknown: the browser must not be sent anywhere. The text is for people.
    Page(&'static str),
    /// The client is told.
    Redirect(String),
}

/// Scopes that mean something here; others are ignored (OpenID Connect Core, section 3.1.2.1). Refresh tokens come without asking, as
/// Cognito's do, so that one client works with both.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

impl AuthorizationRequest {
    pub(super) fn read(state: &State, query: &str) -> Result<Self, Refused> {
        let params = Params::read(query).map_err(|Repeated| Refused::Page("The link that led here names something twice."))?;
        let client = params.get("client_id").and_then(|id| state.client(id));
        let client = client.ok_or(Refused::Page("The program that sent you here is not known."))?;
        let redirect_uri = params.get("redirect_uri").filter(|uri| client.redirect_uris.iter().any(|known| known == uri));
        let redirect_uri =
            redirect_uri.ok_or(Refused::Page("The program that sent you here wants an answer at an address that is not its own."))?;
        let request = Self {
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            redirect_uri: redirect_uri.to_owned(),
            scope: granted_scope(params.get("scope").unwrap_or_default()),
            state: params.owned("state"),
            nonce: params.owned("nonce"),
            challenge: params.owned("code_challenge").unwrap_or_default(),
            silent: params.get("prompt") == Some("none"),
            again: params.get("prompt").is_some_and(|prompt| prompt.split(' ').any(|word| matches!(word, "login" | "select_account"))),
            max_age: params.get("max_age").and_then(|seconds| seconds.parse().ok()),
            login_hint: params.owned("login_hint"),
        };
        match request.fault(&params) {
            None => Ok(request),
            Some((error, description)) => Err(Refused::Redirect(request.refusal(state, error, description))),
        }
    }

    /// What is wrong with the rest of the request, as code and text.
    fn fault(&self, params: &Params) -> Option<(&'static str, &'static str)> {
        let is = |name: &str, value: &str| params.get(name).is_none_or(|given| given == value);
        let too_long = [&self.state, &self.nonce, &self.login_hint].into_iter().flatten().any(|value| value.len() > 2_048);
        if params.get("request").is_some() {
            Some(("request_not_supported", "no request objects"))
        } else if params.get("request_uri").is_some() {
            Some(("request_uri_not_supported", "no request objects"))
        } else if params.get("response_type") != Some("code") {
            Some(("unsupported_response_type", "response_type must be code"))
        } else if !is("response_mode", "query") {
            Some(("invalid_request", "response_mode must be query"))
        } else if !self.scope.split(' ').any(|scope| scope == "openid") {
            Some(("invalid_scope", "scope must contain openid"))
        } else if params.get("code_challenge_method") != Some("S256") || !is_challenge(&self.challenge) {
            Some(("invalid_request", "a code_challenge with code_challenge_method S256 is required"))
        } else if params.get("prompt").is_some_and(|prompt| prompt != "none" && prompt.split(' ').any(|word| word == "none")) {
            Some(("invalid_request", "prompt none goes with nothing else"))
        } else if params.get("max_age").is_some() && self.max_age.is_none() {
            Some(("invalid_request", "max_age is not a number of seconds"))
        } else if too_long {
            Some(("invalid_request", "a parameter is too long"))
        } else {
            None
        }
    }

    /// Where the browser takes the code to.
    pub(super) fn answer(&self, state: &State, code: &str) -> String {
        self.back(state, &[("code", code)])
    }

    /// Where the browser takes an error to.
    pub(super) fn refusal(&self, state: &State, error: &str, description: &str) -> String {
        self.back(state, &[("error", error), ("error_description", description)])
    }

    /// `iss` tells the client which issuer answered (RFC 9207).
    fn back(&self, state: &State, pairs: &[(&str, &str)]) -> String {
        let own = self.state.as_deref().map(|value| ("state", value));
        with_query(&self.redirect_uri, pairs.iter().copied().chain(own).chain([("iss", state.config.origin.as_str())]))
    }

    /// The request as a query, for the forms that carry it on. Whether to ask again is decided by then.
    pub(super) fn query(&self) -> String {
        let max_age = self.max_age.map(|seconds| seconds.to_string());
        let pairs = [
            ("client_id", Some(self.client_id.as_str())),
            ("redirect_uri", Some(self.redirect_uri.as_str())),
            ("response_type", Some("code")),
            ("scope", Some(self.scope.as_str())),
            ("state", self.state.as_deref()),
            ("nonce", self.nonce.as_deref()),
            ("code_challenge", Some(self.challenge.as_str())),
            ("code_challenge_method", Some("S256")),
            ("max_age", max_age.as_deref()),
            ("login_hint", self.login_hint.as_deref()),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        query.finish()
    }

    /// Scheme, host and port of the client: browsers apply `form-action` to where a form's answer redirects, too.
    pub(super) fn client_origin(&self) -> String {
        Url::parse(&self.redirect_uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

/// `uri` with more parameters.
pub(super) fn with_query<'a>(uri: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    let separator = if uri.contains('?') { '&' } else { '?' };
    if query.is_empty() { uri.to_owned() } else { format!("{uri}{separator}{query}") }
}

fn granted_scope(asked: &str) -> String {
    SCOPES.into_iter().filter(|scope| asked.split(' ').any(|word| word == *scope)).collect::<Vec<_>>().join(" ")
}

fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

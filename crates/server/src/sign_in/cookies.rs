//! The two cookies of the sign-in pages: the session, and the one that forms are bound to.

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ports::Ids;
use secrecy::{ExposeSecret, SecretString};

/// A cookie's name. With HTTPS it has the prefix by which browsers refuse one that another host or plain HTTP has set.
fn name(base: &str, secure: bool) -> String {
    if secure { format!("__Host-{base}") } else { base.to_owned() }
}

const SESSION: &str = "sign-in";
const FORM: &str = "sign-in-form";

fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(key, _)| *key == name);
    values.next().map(|(_, value)| value.to_owned())
}

fn set(name: &str, value: &str, secure: bool, end: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let end = if end { "; Max-Age=0" } else { "" };
    let mut header = HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{end}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The session's token, if the browser has one.
pub(super) fn session(headers: &HeaderMap, secure: bool) -> Option<SecretString> {
    read(headers, &name(SESSION, secure)).map(SecretString::from)
}

/// The header that begins a session in the browser.
pub(super) fn begin_session(token: &SecretString, secure: bool) -> Option<HeaderValue> {
    set(&name(SESSION, secure), token.expose_secret(), secure, false)
}

/// The header that ends the browser's session.
pub(super) fn end_session(secure: bool) -> Option<HeaderValue> {
    set(&name(SESSION, secure), "", secure, true)
}

/// Binds forms to browsers: a form's hidden value is the MAC of a random cookie, which no other site can read or compute.
pub(super) struct Forms(hmac::Key);

/// The hidden value of a form, and the cookie to set if the browser has none yet.
pub(super) struct FormToken {
    pub(super) value: String,
    pub(super) cookie: Option<HeaderValue>,
}

impl Forms {
    /// With a key of this process: a form that was open during a restart is shown again.
    pub(super) fn new(ids: &dyn Ids) -> Self {
        let mut key = [0; 32];
        ids.random(&mut key);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The token for a form that is about to be shown.
    pub(super) fn token(&self, headers: &HeaderMap, secure: bool, ids: &dyn Ids) -> FormToken {
        let name = name(FORM, secure);
        if let Some(binding) = read(headers, &name) {
            return FormToken { value: self.mac(&binding), cookie: None };
        }
        let mut random = [0; 24];
        ids.random(&mut random);
        let binding = URL_SAFE_NO_PAD.encode(random);
        FormToken { value: self.mac(&binding), cookie: set(&name, &binding, secure, false) }
    }

    /// Whether a form came from a page that this browser was shown.
    pub(super) fn accepts(&self, headers: &HeaderMap, secure: bool, token: &str) -> bool {
        // Browsers tell where a request began; a page of another site has no business here.
        if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
            return false;
        }
        let binding = read(headers, &name(FORM, secure));
        match (binding, URL_SAFE_NO_PAD.decode(token)) {
            (Some(binding), Ok(tag)) => hmac::verify(&self.0, binding.as_bytes(), &tag).is_ok(),
            _ => false,
        }
    }

    fn mac(&self, binding: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, binding.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use testkit::SequentialIds;

    use super::*;

    #[test]
    fn with_https_cookies_are_bound_to_the_host_and_never_sent_in_clear() {
        let header = begin_session(&"token".into(), true).expect("a header");
        assert_eq!(header, "__Host-sign-in=token; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(header.is_sensitive());
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("sign-in=planted; x=y; __Host-sign-in=token"));
        assert_eq!(session(&headers, true).expect("a session").expose_secret(), "token", "one without the prefix is nobody's");
    }

    #[test]
    fn a_form_is_bound_to_the_cookie_that_it_was_shown_with() {
        let (forms, ids) = (Forms::new(&SequentialIds::default()), SequentialIds::new(9));
        let shown = forms.token(&HeaderMap::new(), false, &ids);
        let cookie = shown.cookie.expect("a new browser");
        let pair = cookie.to_str().expect("text").split(';').next().expect("a pair").to_owned();
        let mut headers = HeaderMap::new();
        assert!(!forms.accepts(&headers, false, &shown.value), "no cookie");
        headers.insert(header::COOKIE, pair.parse().expect("a header"));
        assert!(forms.accepts(&headers, false, &shown.value));
        assert!(forms.token(&headers, false, &ids).cookie.is_none(), "the browser keeps its cookie");
        headers.insert(header::COOKIE, HeaderValue::from_static("sign-in-form=other"));
        assert!(!forms.accepts(&headers, false, &shown.value), "another browser's");
    }
}

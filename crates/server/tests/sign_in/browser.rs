//! What of a browser these tests need: cookies, forms, and a look at each redirect instead of following it.

use std::{collections::BTreeMap, sync::Mutex};

use reqwest::{Client, RequestBuilder, StatusCode, header, redirect::Policy};
use url::Url;

/// A browser with its own cookies.
pub(crate) struct Browser {
    client: Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// An answer, read whole.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) body: String,
}

impl Page {
    /// Where the answer sends the browser.
    pub(crate) fn location(&self) -> Url {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.headers[header::LOCATION].to_str().expect("text").parse().expect("a URL")
    }

    /// Where the answer sends the browser on this server.
    pub(crate) fn path(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let path = self.headers[header::LOCATION].to_str().expect("text");
        assert!(path.starts_with('/'), "{path}");
        path.to_owned()
    }

    /// The value of an attribute that follows `marker` in the page.
    pub(crate) fn attribute(&self, marker: &str, name: &str) -> String {
        let from = self.body.find(marker).unwrap_or_else(|| panic!("no {marker} in {}", self.body));
        let rest = &self.body[from..];
        let start = rest.find(&format!(" {name}=\"")).expect("the attribute") + name.len() + 3;
        let end = rest[start..].find('"').expect("its end");
        rest[start..start + end].replace("&amp;", "&")
    }

    /// The form's hidden token.
    pub(crate) fn form_token(&self) -> String {
        self.attribute("name=\"form_token\"", "value")
    }

    /// Where the form goes.
    pub(crate) fn action(&self) -> String {
        self.attribute("<form", "action")
    }
}

/// A parameter of a URL.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

impl Browser {
    pub(crate) fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, cookies: Mutex::default() }
    }

    pub(crate) async fn get(&self, url: &str) -> Page {
        self.send(self.client.get(url)).await
    }

    pub(crate) async fn post(&self, url: &str, form: &[(&str, &str)]) -> Page {
        self.send(self.client.post(url).form(form)).await
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Page {
        let cookies = self.cookies.lock().expect("no panic").iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let request = if cookies.is_empty() { request } else { request.header(header::COOKIE, cookies.join("; ")) };
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().expect("text"));
        }
        Page { status, headers, body: response.text().await.expect("text") }
    }

    pub(crate) fn http(&self) -> &Client {
        &self.client
    }

    fn keep(&self, cookie: &str) {
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax") && cookie.contains("; Path=/"), "{cookie}");
        let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
        let mut cookies = self.cookies.lock().expect("no panic");
        if cookie.contains("Max-Age=0") {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("no panic").get(name).cloned()
    }
}

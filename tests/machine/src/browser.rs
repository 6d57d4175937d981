//! As much of a browser as the sign-in pages need: cookies, forms, and a look at each redirect instead of following it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use reqwest::{Client, Response, header, redirect::Policy};
use url::Url;

/// A browser with its own cookies.
pub struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
    /// Every cookie that was ever set.
    seen: Vec<String>,
}

impl Browser {
    /// One that nobody has used.
    ///
    /// # Errors
    /// If there can't be one.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { client: Client::builder().redirect(Policy::none()).build()?, cookies: BTreeMap::new(), seen: Vec::new() })
    }

    /// The values of all cookies that were set at any time.
    #[must_use]
    pub fn cookies_seen(&self) -> &[String] {
        &self.seen
    }

    /// Goes through the sign-in pages from `address` until they lead to `callback`; answers with that URL. Where a
    /// one-time password is asked for, `one_time` is given and replaced by `password`.
    ///
    /// # Errors
    /// If the pages lead elsewhere.
    pub async fn sign_in(
        &mut self,
        address: &str,
        callback: &str,
        email: &str,
        password: &str,
        one_time: Option<&str>,
    ) -> anyhow::Result<Url> {
        let mut url: Url = address.parse()?;
        let mut form: Option<Vec<(&str, String)>> = None;
        for _ in 0..8 {
            let answer = match &form {
                Some(fields) => self.send(self.client.post(url.clone()).form(fields)).await?,
                None => self.send(self.client.get(url.clone())).await?,
            };
            if answer.status().is_redirection() {
                let location = answer.headers().get(header::LOCATION).context("a location")?.to_str()?;
                (url, form) = (url.join(location)?, None);
                if url.as_str().starts_with(callback) {
                    return Ok(url);
                }
                continue;
            }
            ensure!(answer.status().is_success(), "{} at {}: {}", answer.status(), url.path(), answer.text().await?);
            let page = answer.text().await?;
            let action = attribute(&page, "<form", "action").context("a form")?;
            let token = attribute(&page, "name=\"form_token\"", "value").context("the form's token")?;
            let mut fields = vec![("form_token", token), ("email", email.to_owned())];
            if page.contains("name=\"repeated\"") {
                fields.extend([("password", password.to_owned()), ("repeated", password.to_owned())]);
            } else {
                fields.push(("password", one_time.unwrap_or(password).to_owned()));
            }
            (url, form) = (url.join(&action)?, Some(fields));
        }
        bail!("the sign-in pages lead in a circle; the last was {}", url.path())
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> anyhow::Result<Response> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(header::COOKIE, cookies.join("; ")).send().await?;
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next()).and_then(|pair| pair.split_once('='));
            let (name, value) = pair.context("a cookie is a pair")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
            self.seen.push(value.to_owned());
        }
        Ok(answer)
    }
}

fn attribute(page: &str, after: &str, name: &str) -> Option<String> {
    let rest = page.split_once(after)?.1;
    let value = rest.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
    Some(value.replace("&amp;", "&"))
}

//! As much of a browser as the sign-in pages need: forms, cookies, redirects.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use reqwest::{Client, Response, redirect::Policy};
use url::Url;

const NEW_PASSWORD: &str = "korrekt Pferd Batterie 42 Heftklammer";

/// Goes through the pages from `address` until they lead back to the program that asked.
pub(crate) async fn sign_in(address: &str, email: &str, one_time_password: &str) -> anyhow::Result<()> {
    let client = Client::builder().redirect(Policy::none()).build()?;
    let mut cookies = BTreeMap::new();
    let mut url: Url = address.parse()?;
    let mut form: Option<Vec<(String, String)>> = None;
    for _ in 0..12 {
        let request = match &form {
            Some(fields) => client.post(url.clone()).form(fields).header("origin", url.origin().ascii_serialization()),
            None => client.get(url.clone()),
        };
        let cookie = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let answer = request.header("cookie", cookie).send().await?;
        keep_cookies(&answer, &mut cookies);
        if answer.status().is_redirection() {
            let location = answer.headers().get("location").context("a location")?.to_str()?;
            (url, form) = (url.join(location)?, None);
            continue;
        }
        ensure!(answer.status().is_success(), "{} at {}: {}", answer.status(), url.path(), answer.text().await?);
        if url.path() == "/callback" {
            return Ok(());
        }
        let page = answer.text().await?;
        let action = attribute(&page, "<form", "action").context("a form")?;
        let token = page.split("name=\"form_token\"").nth(1).and_then(|rest| attribute(rest, "", "value")).context("the form's token")?;
        let mut fields = vec![("form_token".to_owned(), token), ("email".to_owned(), email.to_owned())];
        if page.contains("name=\"repeated\"") {
            fields.extend([("password".to_owned(), NEW_PASSWORD.to_owned()), ("repeated".to_owned(), NEW_PASSWORD.to_owned())]);
        } else {
            fields.push(("password".to_owned(), one_time_password.to_owned()));
        }
        (url, form) = (url.join(&action)?, Some(fields));
    }
    bail!("the sign-in pages lead in a circle; the last was {}", url.path())
}

fn keep_cookies(answer: &Response, cookies: &mut BTreeMap<String, String>) {
    for cookie in answer.headers().get_all("set-cookie") {
        let pair = cookie.to_str().ok().and_then(|text| text.split(';').next()).and_then(|pair| pair.split_once('='));
        if let Some((name, value)) = pair {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn attribute(page: &str, after: &str, name: &str) -> Option<String> {
    let rest = if after.is_empty() { page } else { page.split_once(after)?.1 };
    let value = rest.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
    Some(value.replace("&amp;", "&"))
}

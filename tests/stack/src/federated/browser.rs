//! What of a browser a sign-in needs, without JavaScript: cookies, redirects and forms.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, header, redirect::Policy};
use url::Url;

/// More steps than a sign-in has.
const STEPS: usize = 12;

/// Somebody's browser. Where an address is one of AWS's that the emulator stands in for, it asks the emulator.
pub struct Browser {
    http: Client,
    cookies: Mutex<BTreeMap<(String, String), String>>,
    page: String,
    emulator: Url,
}

/// What is sent next.
enum Step {
    Open(Url),
    Send(Url, Vec<(String, String)>),
}

impl Browser {
    /// A browser that finds the sign-in page `page` at the emulator.
    ///
    /// # Errors
    /// If the addresses are none.
    pub fn new(page: &str, emulator: &str) -> Result<Self> {
        let http = Client::builder().redirect(Policy::none()).build()?;
        let page = Url::parse(page)?.host_str().context("a host")?.to_owned();
        Ok(Self { http, cookies: Mutex::default(), page, emulator: emulator.parse()? })
    }

    /// Opens `url`, fills in what it is asked for, and follows until it is sent to `callback`: answers with that address, or
    /// with nothing if the provider asks for the password again.
    ///
    /// # Errors
    /// If a page is no step of a sign-in.
    pub async fn sign_in(&self, url: Url, callback: &str, name: &str, password: &str) -> Result<Option<Url>> {
        let (mut step, mut asked) = (Step::Open(url), false);
        for _ in 0..STEPS {
            let here = match &step {
                Step::Open(url) | Step::Send(url, _) => url.clone(),
            };
            if here.as_str().starts_with(callback) {
                return Ok(Some(here));
            }
            let answer = self.send(step).await?;
            let status = answer.status();
            if status.is_redirection() {
                let location = answer.headers().get(header::LOCATION).context("a redirect without an address")?;
                step = Step::Open(here.join(location.to_str()?)?);
                continue;
            }
            let page = answer.text().await?;
            let Some(mut form) = Form::first(&page) else { bail!("{here} answered {status}, and no form: {page}") };
            if form.asks_for_password {
                if asked {
                    return Ok(None);
                }
                asked = true;
                form.fill("username", name);
                form.fill("password", password);
            }
            step = Step::Send(here.join(&form.action)?, form.fields);
        }
        bail!("the sign-in did not come to an end within {STEPS} steps")
    }

    async fn send(&self, step: Step) -> Result<reqwest::Response> {
        let (url, request) = match step {
            Step::Open(url) => (url.clone(), self.http.get(self.address(url)?)),
            Step::Send(url, fields) => (url.clone(), self.http.post(self.address(url)?).form(&fields)),
        };
        let host = url.authority().to_owned();
        let answer = request.header(header::COOKIE, self.cookies_of(&host)).send().await?;
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.context("a cookie without a name")?;
            let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
            cookies.insert((host.clone(), name.trim().to_owned()), value.to_owned());
        }
        Ok(answer)
    }

    fn cookies_of(&self, host: &str) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let own = cookies.iter().filter(|((of, _), _)| of == host);
        own.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The same path at the emulator, if the address is that of the sign-in page.
    fn address(&self, url: Url) -> Result<Url> {
        if url.host_str() != Some(&self.page) {
            return Ok(url);
        }
        let mut address = self.emulator.join(url.path())?;
        address.set_query(url.query());
        Ok(address)
    }
}

/// A page's form: where it goes, and its fields as they stand.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    action: String,
    fields: Vec<(String, String)>,
    asks_for_password: bool,
}

impl Form {
    fn first(page: &str) -> Option<Self> {
        let (_, rest) = page.split_once("<form")?;
        let inside = rest.split_once("</form>").map_or(rest, |(inside, _)| inside);
        let (head, body) = inside.split_once('>')?;
        let inputs: Vec<&str> = body.split("<input").skip(1).filter_map(|input| Some(input.split_once('>')?.0)).collect();
        let field = |input: &&str| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()));
        Some(Self {
            action: attribute(head, "action")?,
            fields: inputs.iter().filter_map(field).collect(),
            asks_for_password: inputs.iter().any(|input| attribute(input, "type").as_deref() == Some("password")),
        })
    }

    fn fill(&mut self, field: &str, text: &str) {
        for (_, value) in self.fields.iter_mut().filter(|(name, _)| name == field) {
            text.clone_into(value);
        }
    }
}

/// The value of a tag's attribute.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let marker = format!(" {name}=\"");
    // A tag may have its attributes on lines of their own.
    let spaced = tag.replace(['\n', '\t'], " ");
    let (_, rest) = spaced.split_once(&marker)?;
    Some(plain(rest.split_once('"')?.0))
}

/// Text without the references that these pages have.
fn plain(text: &str) -> String {
    let named = [("&quot;", "\""), ("&#39;", "'"), ("&#x2b;", "+"), ("&#x3d;", "="), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_fields() {
        let page = r#"<p><form id="f" action="/go?a=1&amp;b=2" method="post">
            <input id="username" name="username"
                value="" type="text"/><input name="password" value="" type="password">
            <input type="hidden" name="kept" value="&quot;x&quot;"/><input type="submit"/></form>"#;
        let mut form = Form::first(page).expect("a form");
        form.fill("username", "ann");
        let fields = [("username", "ann"), ("password", ""), ("kept", "\"x\"")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(form, Form { action: "/go?a=1&b=2".to_owned(), fields: fields.to_vec(), asks_for_password: true });
        assert_eq!(Form::first("<p>none</p>"), None);
    }

    #[test]
    fn only_the_sign_in_page_is_looked_for_at_the_emulator() {
        let browser = Browser::new("https://lake.auth.us-east-1.amazoncognito.com", "http://127.0.0.1:1").expect("a browser");
        let address = |url: &str| browser.address(url.parse().expect("a URL")).expect("an address").to_string();
        assert_eq!(
            address("https://lake.auth.us-east-1.amazoncognito.com/saml2/idpresponse?a=b"),
            "http://127.0.0.1:1/saml2/idpresponse?a=b"
        );
        assert_eq!(address("http://127.0.0.1:2/realms"), "http://127.0.0.1:2/realms");
    }
}

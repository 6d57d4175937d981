//! The emulated account, and who administers it.

use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};
use aws_sigv4::{
    http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::REGION;

/// Someone's access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
}

/// The account's services, asked by somebody whose signature the emulator checks.
#[derive(Clone, Debug)]
pub struct Account {
    url: String,
    http: reqwest::Client,
    credentials: Credentials,
}

impl Account {
    /// Makes a user who administers the account, as the account's root would: the emulator knows the root by the key
    /// `test`, whose signature it does not check (AWS checks every one).
    pub(crate) async fn administered(url: &str) -> Result<Self> {
        let test = "test".to_owned();
        let root = Credentials { access_key_id: test.clone(), secret_access_key: test };
        let root = Self { url: url.to_owned(), http: reqwest::Client::new(), credentials: root };
        let credentials = root.make_administrator("administrator").await?;
        Ok(Self { credentials, ..root })
    }

    /// Makes a user who may do everything, and an access key.
    pub(crate) async fn make_administrator(&self, name: &str) -> Result<Credentials> {
        let everything = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        self.make_user(name, &everything).await
    }

    /// Makes a user with this policy and an access key.
    pub(crate) async fn make_user(&self, name: &str, policy: &Value) -> Result<Credentials> {
        let (name, policy) = (("UserName", name), policy.to_string());
        self.query("iam", &[("Action", "CreateUser"), name]).await?;
        let policy = [("Action", "PutUserPolicy"), name, ("PolicyName", "use"), ("PolicyDocument", &policy)];
        self.query("iam", &policy).await?;
        let key = self.query("iam", &[("Action", "CreateAccessKey"), name]).await?;
        Ok(Credentials {
            access_key_id: element(&key, "AccessKeyId").context("an access key id")?,
            secret_access_key: element(&key, "SecretAccessKey").context("a secret access key")?,
        })
    }

    /// Whose key signs.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The emulator's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls an operation of a service that speaks AWS JSON (`DynamoDB_20120810.Scan`).
    ///
    /// # Errors
    /// If it is refused.
    pub async fn json(&self, service: &str, operation: &str, input: &Value) -> Result<Value> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", operation)];
        let answer = self.send(service, Method::POST, "/", &headers, serde_json::to_vec(input)?).await?;
        serde_json::from_str(&answer).with_context(|| format!("{operation} answered {answer}"))
    }

    /// Calls an operation of a service that speaks REST with JSON.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn rest(&self, service: &str, method: Method, path: &str, input: Option<&Value>) -> Result<Value> {
        let body = input.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        let path_of_error = path.to_owned();
        let answer = self.send(service, method, path, &[("content-type", "application/json")], body).await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&answer).with_context(|| format!("{path_of_error} answered {answer}"))
    }

    /// Calls an operation of a service that speaks AWS Query; answers with the XML.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn query(&self, service: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.send(service, Method::POST, "/", &[("content-type", "application/x-www-form-urlencoded")], body.into_bytes()).await
    }

    async fn send(&self, service: &str, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<String> {
        let url = format!("{}{path}", self.url);
        let mut request = self.http.request(method.clone(), &url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in self.signature(service, method.as_str(), &url, headers, &body)? {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{service} {method} {path} answered {status}: {text}");
        Ok(text)
    }

    #[expect(clippy::disallowed_methods, reason = "the emulator compares the time of a signature with its own")]
    fn signature(&self, service: &str, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Vec<(String, String)>> {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let Credentials { access_key_id, secret_access_key } = &self.credentials;
        let identity = aws_credential_types::Credentials::new(access_key_id, secret_access_key, None, None, "stack").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(SystemTime::now())
            .settings(settings)
            .build()?;
        let request = SignableRequest::new(method, url, headers.iter().copied(), SignableBody::Bytes(body))?;
        let (headers, _) = sign(request, &parameters.into())?.into_parts().0.into_parts();
        Ok(headers.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect())
    }
}

/// The text of the first element with this name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_found_in_xml() {
        assert_eq!(element("<a><b>1</b><b>2</b></a>", "b").as_deref(), Some("1"));
        assert_eq!(element("<a/>", "b"), None);
    }
}

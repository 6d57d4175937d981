//! A proxy before the search cluster that writes down who asked for what. The cluster that Terraform is told of is this proxy:
//! the emulator has the search service's control plane only.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::calls::Search;

/// As much as the search service takes of its smallest nodes.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// The running proxy; it ends when this is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

struct Passage {
    cluster: String,
    client: reqwest::Client,
    file: Mutex<File>,
    meddle: PathBuf,
}

impl Proxy {
    /// Where a file `meddle` lies beside the record, the next first index has company as soon as it is made: another process
    /// made a whole rebuild meanwhile. The file goes then.
    pub(crate) async fn start(cluster: &str, record: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(record)?;
        let passage = Passage {
            cluster: cluster.to_owned(),
            client: reqwest::Client::new(),
            file: Mutex::new(file),
            meddle: record.with_file_name("meddle"),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(pass).with_state(Arc::new(passage));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, task })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(passage): State<Arc<Passage>>, request: Request) -> Response {
    match passage.pass(request).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

impl Passage {
    async fn pass(&self, request: Request) -> Result<Response> {
        let (head, body) = request.into_parts();
        let (access_key, service) = signer(&head.headers);
        let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
        let target = format!("{}{}", self.cluster, head.uri.path_and_query().map_or("/", |path| path.as_str()));
        let body = to_bytes(body, LARGEST_BODY).await?;
        let mut onward = self.client.request(head.method, target).body(body);
        for (name, value) in head.headers.iter().filter(|(name, _)| ![header::HOST, header::CONTENT_LENGTH].contains(name)) {
            onward = onward.header(name, value);
        }
        let answer = onward.send().await?;
        let status = answer.status();
        if method == "PUT" && path.ends_with("-packages-1") && fs::remove_file(&self.meddle).is_ok() {
            self.make_second_index(&path).await?;
        }
        self.write(&Search { access_key, service, method, path, status: status.as_u16() })?;
        let mut back = Response::builder().status(status);
        for (name, value) in answer.headers().iter().filter(|(name, _)| ![header::TRANSFER_ENCODING, header::CONNECTION].contains(name)) {
            back = back.header(name, value);
        }
        Ok(back.body(Body::from(answer.bytes().await?))?)
    }

    async fn make_second_index(&self, first: &str) -> Result<()> {
        let name = first.trim_start_matches('/').trim_end_matches("-1");
        let second = serde_json::json!({"aliases": {name: {}}});
        self.client.put(format!("{}/{name}-2", self.cluster)).json(&second).send().await?.error_for_status()?;
        Ok(())
    }

    fn write(&self, search: &Search) -> Result<()> {
        let mut line = serde_json::to_vec(search)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(file.write_all(&line)?)
    }
}

/// Access key and service of Signature Version 4 (`Credential=KEY/DATE/REGION/SERVICE/aws4_request`).
fn signer(headers: &HeaderMap) -> (String, String) {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope = authorization.split_once("Credential=").map_or("", |(_, rest)| rest.split(',').next().unwrap_or_default());
    let mut parts = scope.split('/');
    (parts.next().unwrap_or_default().to_owned(), parts.nth(2).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signer_is_read_from_the_signature() {
        let mut headers = HeaderMap::new();
        assert_eq!(signer(&headers), (String::new(), String::new()));
        let signature = "AWS4-HMAC-SHA256 Credential=ASIA1/20260101/us-east-1/es/aws4_request, SignedHeaders=host, Signature=00";
        headers.insert(header::AUTHORIZATION, signature.parse().expect("a value"));
        assert_eq!(signer(&headers), ("ASIA1".to_owned(), "es".to_owned()));
    }
}

//! The port that the browser brings the code to (RFC 8252, section 7.3).

use std::{io::ErrorKind, sync::Arc};

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::Html,
    routing::get,
};
use serde::Deserialize;
use tokio::{net::TcpListener, sync::mpsc};

use crate::failure::{Failure, FailureKind, Outcome};

/// Registered with the issuer; more than one, because one may be taken.
const PORTS: [u16; 3] = [8971, 8972, 8973];

/// A bound port.
#[derive(Debug)]
pub(super) struct Loopback {
    listener: TcpListener,
    port: u16,
}

#[derive(Debug, Default, Deserialize)]
struct Callback {
    #[serde(default)]
    state: String,
    iss: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

type Answer = Outcome<String>;

impl Loopback {
    /// The first port that is free.
    pub(super) async fn bind() -> Outcome<Self> {
        for port in PORTS {
            match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(listener) => return Ok(Self { listener, port }),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(Failure::file(format!("listen on port {port}"), &error)),
            }
        }
        Err(Failure::failed(format!("Ports {PORTS:?} are all taken on this machine. Is another sign-in waiting?")))
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}/callback", self.port)
    }

    /// Waits for the code that belongs to `state`; others' callbacks are answered and forgotten.
    pub(super) async fn code(self, state: &str, issuer: &str) -> Answer {
        let (sender, mut receiver) = mpsc::channel::<Answer>(1);
        let app = Router::new().route("/callback", get(callback)).with_state(Arc::new(Waiting {
            state: state.to_owned(),
            issuer: issuer.to_owned(),
            sender,
        }));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = axum::serve(self.listener, app).with_graceful_shutdown(async {
            // An error says the same: nobody waits any more.
            let _ = stopped.await;
        });
        let server = tokio::spawn(async move { serving.await });
        let answer = receiver.recv().await.unwrap_or_else(|| Err(Failure::failed("The loopback port closed.")));
        // The browser gets its page before the port goes.
        drop(stop);
        let grace = std::time::Duration::from_secs(2);
        let abort = server.abort_handle();
        if tokio::time::timeout(grace, server).await.is_err() {
            abort.abort();
        }
        answer
    }
}

#[derive(Debug)]
struct Waiting {
    state: String,
    issuer: String,
    sender: mpsc::Sender<Answer>,
}

async fn callback(State(waiting): State<Arc<Waiting>>, Query(callback): Query<Callback>) -> (StatusCode, Html<&'static str>) {
    let foreign_state = aws_lc_rs::constant_time::verify_slices_are_equal(waiting.state.as_bytes(), callback.state.as_bytes()).is_err();
    if foreign_state || callback.iss.is_some_and(|issuer| issuer != waiting.issuer) {
        return (StatusCode::BAD_REQUEST, Html("<!doctype html><title>Data lake</title><p>This sign-in was not asked for here."));
    }
    let (answer, status, page) = match (callback.code, callback.error) {
        (Some(code), None) => {
            (Ok(code), StatusCode::OK, "<!doctype html><title>Data lake</title><p>You are signed in. You can close this window.")
        }
        (_, error) => {
            let reason = callback.error_description.or(error).unwrap_or_else(|| "the issuer sent no code".to_owned());
            let reason: String = reason.chars().filter(|c| !c.is_control()).take(200).collect();
            let failure = Failure::new(FailureKind::Denied, format!("Sign-in was refused: {reason}"));
            (Err(failure), StatusCode::OK, "<!doctype html><title>Data lake</title><p>Sign-in was refused. The terminal says why.")
        }
    };
    // A second callback of the same sign-in finds nobody waiting.
    let _ = waiting.sender.try_send(answer);
    (status, Html(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn listening() -> (Loopback, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let loopback = Loopback { listener, port };
        let address = loopback.redirect_uri();
        (loopback, address)
    }

    #[tokio::test]
    async fn only_the_code_of_this_sign_in_is_taken() {
        let (loopback, address) = listening().await;
        let waiting = tokio::spawn(async move { loopback.code("mine", "http://issuer").await });
        let foreign = reqwest::get(format!("{address}?state=other&code=evil")).await.expect("an answer");
        assert_eq!(foreign.status().as_u16(), 400);
        let mixed_up = reqwest::get(format!("{address}?state=mine&code=evil&iss=http://other")).await.expect("an answer");
        assert_eq!(mixed_up.status().as_u16(), 400);
        let own = reqwest::get(format!("{address}?state=mine&code=good&iss=http://issuer")).await.expect("an answer");
        assert_eq!(own.status().as_u16(), 200);
        assert_eq!(waiting.await.expect("ended").expect("a code"), "good");
    }

    #[tokio::test]
    async fn a_refusal_is_told() {
        let (loopback, address) = listening().await;
        let waiting = tokio::spawn(async move { loopback.code("mine", "http://issuer").await });
        let answer = reqwest::get(format!("{address}?state=mine&error=access_denied&error_description=Disabled")).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        let failure = waiting.await.expect("ended").expect_err("refused");
        assert_eq!((failure.kind(), failure.to_string().as_str()), (FailureKind::Denied, "Sign-in was refused: Disabled"));
    }
}

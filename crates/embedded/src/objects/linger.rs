//! Request bodies that are read on a little after their request was refused.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// How much is read on.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// How long is read on.
const MOST_TIME: Duration = Duration::from_secs(30);

/// A request's body. Dropped before its end, what remains is read and thrown away, within limits.
///
/// Without it the connection would be reset under a client that is still sending, and many clients would then report a
/// broken connection instead of the refusal, and try again.
///
/// A client that waits to be told to go on (`Expect: 100-continue`) sends no body after a refusal: there the next bytes
/// would be those of its next request, and are left alone.
pub(super) struct LingeringBody {
    body: Option<Incoming>,
    held_back: HeldBack,
}

/// Whether the client still waits to be told to send its body.
#[derive(Clone)]
pub(super) struct HeldBack(Arc<AtomicBool>);

impl HeldBack {
    /// So it is: nobody knows whether the body comes, and the connection can't be used again.
    pub(super) fn still(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl LingeringBody {
    pub(super) fn new(body: Incoming, headers: &HeaderMap) -> Self {
        let waits = headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        Self { body: Some(body), held_back: HeldBack(Arc::new(AtomicBool::new(waits))) }
    }

    pub(super) fn held_back(&self) -> HeldBack {
        self.held_back.clone()
    }
}

impl Body for LingeringBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        // Asking for the body tells the client to go on.
        this.held_back.0.store(false, Ordering::Relaxed);
        match &mut this.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for LingeringBody {
    fn drop(&mut self) {
        if self.held_back.still() {
            return;
        }
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(MOST_TIME, drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut left = MOST_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

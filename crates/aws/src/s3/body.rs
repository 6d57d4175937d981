//! Content as the SDK takes and gives it: streamed both ways.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use aws_sdk_s3::primitives::{ByteStream as SdkStream, SdkBody};
use bytes::Bytes;
use domain::{
    PortError, PortErrorKind,
    ports::{ByteRange, ByteStream},
};
use futures::{StreamExt, TryStreamExt, stream};
use http_body::{Body, Frame, SizeHint};

/// Content of a known size on its way out.
pub(super) struct SizedBody {
    /// Only there because the SDK wants bodies to be shareable between threads; never contended.
    content: Mutex<ByteStream>,
    left: u64,
    wrong_size: Arc<AtomicBool>,
}

impl SizedBody {
    /// The body, and a flag that is set if the stream turns out to have another size than told.
    pub(super) fn stream(content: ByteStream, size: u64) -> (SdkStream, Arc<AtomicBool>) {
        let wrong_size = Arc::new(AtomicBool::new(false));
        let body = Self { content: Mutex::new(content), left: size, wrong_size: Arc::clone(&wrong_size) };
        (SdkStream::new(SdkBody::from_body_1_x(body)), wrong_size)
    }

    fn fail(&self) -> Poll<Option<Result<Frame<Bytes>, PortError>>> {
        self.wrong_size.store(true, Ordering::SeqCst);
        Poll::Ready(Some(Err(PortError::new(PortErrorKind::InvalidArgument, "objects.put").with("reason", "another size than told"))))
    }
}

impl Body for SizedBody {
    type Data = Bytes;
    type Error = PortError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, PortError>>> {
        let body = self.get_mut();
        let content = body.content.get_mut().unwrap_or_else(PoisonError::into_inner);
        match content.poll_next_unpin(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) if body.left > 0 => body.fail(),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Ok(bytes))) if bytes.len() as u64 > body.left => body.fail(),
            Poll::Ready(Some(Ok(bytes))) => {
                body.left -= bytes.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Content on its way in.
pub(super) fn incoming(body: SdkStream) -> ByteStream {
    let chunks = stream::try_unfold(body, |mut body| async move { Ok(body.try_next().await?.map(|chunk| (chunk, body))) });
    chunks
        .map_err(|error: aws_sdk_s3::primitives::ByteStreamError| PortError::new(PortErrorKind::Unavailable, "objects.get").because(error))
        .boxed()
}

/// The range of what comes as a whole; what is behind it is not waited for.
pub(super) fn cut_out(body: ByteStream, range: ByteRange) -> ByteStream {
    let end = range.end.map_or(u64::MAX, |last| last.saturating_add(1));
    let parts = stream::try_unfold((body, 0_u64), move |(mut body, mut from)| async move {
        while from < end {
            let Some(mut chunk) = body.try_next().await? else { break };
            let next = from.saturating_add(chunk.len() as u64);
            let place = |of: u64| usize::try_from(of.clamp(from, next) - from).unwrap_or(usize::MAX);
            let wanted = chunk.split_to(place(end)).split_off(place(range.start.min(end)));
            from = next;
            if !wanted.is_empty() {
                return Ok(Some((wanted, (body, from))));
            }
        }
        Ok(None)
    });
    parts.boxed()
}

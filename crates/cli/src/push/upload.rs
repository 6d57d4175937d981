//! Sending one file.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use client::{Error, clock};
use contract::datasets::{SignedRequest, Upload};
use futures::TryStreamExt as _;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{
    LocalFile, Push,
    plan::{Hashed, PartRange},
};
use crate::{
    failure::{Failure, Outcome},
    progress::FileProgress,
};

const BUFFER: usize = 256 * 1024;
/// A URL that ends sooner is not begun with.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A registered file on its way.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) file: Hashed,
    pub(super) dataset: String,
    /// What to send; unknown when an earlier push registered it.
    pub(super) upload: Option<Upload>,
}

/// A file whose bytes are in the store.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) file: LocalFile,
    pub(super) dataset: String,
}

impl Task {
    pub(super) fn new(file: Hashed, dataset: String, upload: Upload) -> Self {
        Self { file, dataset, upload: Some(upload) }
    }

    pub(super) fn resume(file: Hashed, dataset: String) -> Self {
        Self { file, dataset, upload: None }
    }
}

impl Push<'_> {
    /// Sends a file. Answers it if it still has to be completed with others; files in parts complete on their own.
    pub(super) async fn send(&self, task: Task) -> Outcome<Option<Sent>> {
        match task.upload {
            Some(Upload::Put(request)) => self.send_whole(task.file, task.dataset, request).await.map(Some),
            Some(Upload::Parts { part_size, .. }) => self.send_parts(&task.file, &task.dataset, part_size, Vec::new()).await.map(|()| None),
            None => self.resume(task.file, task.dataset).await,
        }
    }

    /// Goes on with what an earlier push registered, if the service still knows how.
    async fn resume(&self, file: Hashed, dataset: String) -> Outcome<Option<Sent>> {
        if let Some((part_size, arrived)) = self.resumable(&file, &dataset).await? {
            return self.send_parts(&file, &dataset, part_size, arrived).await.map(|()| None);
        }
        // The store keeps the bytes of a request that arrived whole, even if nobody completed it.
        match self.client.complete_dataset(self.package, &dataset).await {
            Ok(complete) if complete.state == "available" => {
                self.progress.pass(file.file.size);
                self.sent(&file.file);
                Ok(None)
            }
            Ok(_) => self.send_anew(file).await,
            Err(error) if error.status().is_some_and(|status| status.is_client_error() && status != StatusCode::FORBIDDEN) => {
                self.send_anew(file).await
            }
            Err(error) => Err(self.stop_for(error.into())),
        }
    }

    async fn send_anew(&self, file: Hashed) -> Outcome<Option<Sent>> {
        match self.register_batch(std::slice::from_ref(&file)).await?.pop() {
            Some(task) if task.upload.is_some() => Box::pin(self.send(task)).await,
            // What was wrong with it stands in the report already.
            _ => Ok(None),
        }
    }

    async fn send_whole(&self, file: Hashed, mut dataset: String, mut request: SignedRequest) -> Outcome<Sent> {
        let _slot = self.slots.acquire().await.map_err(Failure::failed)?;
        let progress = Arc::new(self.progress.file(&file.file.name, file.file.size));
        let whole = PartRange { number: 1, from: 0, size: file.file.size };
        for last in [false, true] {
            if !ends_soon(&request) {
                match self.put(&file.file, whole, &request, &progress).await {
                    Ok(()) => return Ok(Sent { file: file.file, dataset }),
                    // Perhaps the URL ended on the way: a fresh one tells.
                    Err(Error::Store { status: StatusCode::FORBIDDEN, .. }) if !last => {}
                    Err(error) => return Err(self.upload_failure(&file.file, error)),
                }
            }
            let task = self.register_batch(std::slice::from_ref(&file)).await?.pop();
            let Some(Task { dataset: again, upload: Some(Upload::Put(fresh)), .. }) = task else {
                return Err(Failure::failed("it could not be registered again after its URL ended"));
            };
            (dataset, request) = (again, fresh);
        }
        Err(Failure::failed("its URL ended before it could be sent: is this machine's clock right?"))
    }

    /// Sends a range of a file by a signed request, again if that may help.
    pub(super) async fn put(
        &self,
        file: &LocalFile,
        range: PartRange,
        request: &SignedRequest,
        progress: &Arc<FileProgress>,
    ) -> client::Result<()> {
        let gone = Arc::new(AtomicU64::new(0));
        let body = || async {
            progress.take_back(gone.swap(0, Ordering::Relaxed));
            file.check_unchanged()?;
            body_of(file, range, gone.clone(), progress.clone()).await
        };
        let result = self.client.put_signed(request, range.size, body).await;
        if result.is_err() {
            progress.take_back(gone.swap(0, Ordering::Relaxed));
        }
        result.map(drop)
    }

    /// Says it of the file if it was the file. A store that does not answer at all ends the push.
    pub(super) fn upload_failure(&self, file: &LocalFile, error: Error) -> Failure {
        if file.check_unchanged().is_err() {
            return Failure::failed("the file changed while it was pushed");
        }
        let unreachable = matches!(error, Error::Transport { .. });
        let failure = Failure::from(error);
        if unreachable { self.stop_for(failure) } else { failure }
    }
}

async fn body_of(file: &LocalFile, range: PartRange, gone: Arc<AtomicU64>, progress: Arc<FileProgress>) -> io::Result<reqwest::Body> {
    let mut source = tokio::fs::File::open(&file.path).await?;
    source.seek(io::SeekFrom::Start(range.from)).await?;
    let stream = ReaderStream::with_capacity(source.take(range.size), BUFFER).inspect_ok(move |bytes| {
        gone.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        progress.advance(bytes.len() as u64);
    });
    Ok(reqwest::Body::wrap_stream(stream))
}

fn ends_soon(request: &SignedRequest) -> bool {
    // An unreadable time says nothing; the store will.
    request.expires_at.parse::<Timestamp>().is_ok_and(|end| clock::now() + MARGIN >= end)
}

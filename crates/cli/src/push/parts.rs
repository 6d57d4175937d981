//! Sending a large file in parts.
//!
//! One reader goes through the file and hashes each part and the whole; parts that did not arrive yet are sent beside
//! it. A part's URL is signed with its hash, so the store takes only the bytes that were read; and the whole's hash must
//! be the one that was registered. So a file that changes meanwhile is never completed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use client::Error;
use contract::datasets::Part;
use futures::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    LocalFile, Push,
    plan::{Hashed, PartRange, part_size_of, parts},
};
use crate::{
    failure::{Failure, Outcome},
    progress::FileProgress,
    sha256,
};

/// So many parts of a file may wait to be sent; each holds a hash only.
const AHEAD: usize = 4;
/// A large upload may take the store so long to put together.
const COMPLETING: Duration = Duration::from_secs(30 * 60);

impl Push<'_> {
    /// The part size and the parts that arrived of an upload that an earlier push began; `None` if it is none, or if
    /// what arrived does not tell.
    pub(super) async fn resumable(&self, file: &Hashed, dataset: &str) -> Outcome<Option<(u64, Vec<Part>)>> {
        match self.client.arrived_parts(self.package, dataset).await {
            Ok(arrived) => Ok(part_size_of(file.file.size, &arrived.parts).map(|part_size| (part_size, arrived.parts))),
            Err(error) if error.status().is_some_and(|status| status.is_client_error() && status != StatusCode::FORBIDDEN) => Ok(None),
            Err(error) => Err(self.stop_for(error.into())),
        }
    }

    /// Sends the parts that are missing, and completes the file.
    pub(super) async fn send_parts(&self, file: &Hashed, dataset: &str, part_size: u64, arrived: Vec<Part>) -> Outcome {
        let progress = Arc::new(self.progress.file(&file.file.name, file.file.size));
        let arrived: HashMap<u32, Part> = arrived.into_iter().map(|part| (part.number, part)).collect();
        let (ready, to_send) = mpsc::channel(AHEAD);
        let reading = self.read_parts(file, part_size, &arrived, ready, &progress);
        let sending = ReceiverStream::new(to_send).map(Ok).try_for_each_concurrent(self.parallel, |(range, sha256)| {
            let progress = &progress;
            async move { self.send_part(&file.file, dataset, range, sha256, progress).await }
        });
        tokio::try_join!(reading, sending)?;
        let complete = self.client.complete_dataset(self.package, dataset).await.map_err(Failure::from)?;
        self.wait_until_available(complete).await?;
        self.sent(&file.file);
        Ok(())
    }

    async fn read_parts(
        &self,
        file: &Hashed,
        part_size: u64,
        arrived: &HashMap<u32, Part>,
        ready: Sender<(PartRange, String)>,
        progress: &FileProgress,
    ) -> Outcome {
        let mut whole = Context::new(&SHA256);
        for range in parts(file.file.size, part_size) {
            let path = file.file.path.clone();
            let hashing = tokio::task::spawn_blocking(move || {
                let sha256 = sha256::of_range(&path, range.from, range.size, &mut whole);
                (whole, sha256)
            });
            let sha256;
            (whole, sha256) = hashing.await.map_err(Failure::failed)?;
            let sha256 = sha256.map_err(|error| Failure::file("read the file", &error))?;
            if arrived.get(&range.number).is_some_and(|part| part.sha256 == sha256 && part.size == range.size) {
                progress.advance(range.size);
            } else if ready.send((range, sha256)).await.is_err() {
                // The sender failed and says why.
                return Ok(());
            }
        }
        if hex::encode(whole.finish()) == file.sha256 { Ok(()) } else { Err(Failure::failed("the file changed while it was pushed")) }
    }

    async fn send_part(&self, file: &LocalFile, dataset: &str, range: PartRange, sha256: String, progress: &Arc<FileProgress>) -> Outcome {
        let _slot = self.slots.acquire().await.map_err(Failure::failed)?;
        for last in [false, true] {
            // Signed when it is its turn, so that the URL is fresh.
            let part = Part { number: range.number, size: range.size, sha256: sha256.clone() };
            let signed = self.client.sign_parts(self.package, dataset, vec![part]).await.map_err(Failure::from)?;
            let signed = signed.parts.into_iter().next().ok_or_else(|| Failure::failed("the service signed no part"))?;
            match self.put(file, range, &signed.upload, progress).await {
                Ok(()) => return Ok(()),
                Err(Error::Store { status: StatusCode::FORBIDDEN, .. }) if !last => {}
                Err(error) => return Err(self.upload_failure(file, error)),
            }
        }
        Ok(())
    }

    async fn wait_until_available(&self, mut dataset: contract::datasets::Dataset) -> Outcome {
        let waiting = async {
            let mut pause = Duration::from_millis(200);
            while dataset.state == "completing" {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
                dataset = self.client.dataset(self.package, &dataset.id).await?;
            }
            if dataset.state == "available" { Ok(()) } else { Err(Failure::failed(format!("the upload ended in state {}", dataset.state))) }
        };
        tokio::time::timeout(COMPLETING, waiting)
            .await
            .unwrap_or_else(|_| Err(Failure::failed("the store did not put the parts together in time")))
    }
}

//! The stages of a push.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use client::{Client, unsaid};
use contract::datasets::{NewDataset, RegisterDatasets, RegisteredDataset};
use futures::{StreamExt as _, stream};
use tokio::sync::{
    Semaphore,
    mpsc::{self, Receiver, Sender},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    FileFailure, LocalFile, PushReport, media_type, names,
    plan::{Hashed, Known, Step},
    upload::{Sent, Task},
};
use crate::{
    failure::{Failure, FailureKind, Outcome},
    progress::Progress,
    sha256,
};

/// At most so many files a call.
const BATCH: usize = 500;
/// At most so many bytes a batch: its signed URLs must not grow old before the last is used.
const BATCH_BYTES: u64 = 256 * 1024 * 1024;
/// What the service was too busy to complete is tried again so often.
const BUSY_ATTEMPTS: u32 = 4;
/// So long files that were sent wait for others, to be completed by one call: each is a transaction and a record of its own.
const GATHER: Duration = Duration::from_millis(250);

/// A push into one package.
pub(crate) struct Push<'a> {
    pub(crate) client: &'a Client,
    pub(crate) package: &'a str,
    pub(crate) progress: Progress,
    /// So many requests carry bytes at a time, whole files and parts together.
    pub(super) slots: Arc<Semaphore>,
    pub(super) parallel: usize,
    report: Mutex<PushReport>,
    /// Why the whole push ended early.
    stop: Mutex<Option<(String, FailureKind)>>,
}

impl<'a> Push<'a> {
    pub(crate) fn new(client: &'a Client, package: &'a str, parallel: usize, progress: Progress) -> Self {
        let parallel = parallel.max(1);
        let report = Mutex::new(PushReport { package_id: package.to_owned(), ..PushReport::default() });
        Self { client, package, progress, slots: Arc::new(Semaphore::new(parallel)), parallel, report, stop: Mutex::new(None) }
    }

    /// Pushes the files; what fails stands in the report.
    pub(crate) async fn run(self, files: Vec<LocalFile>) -> Outcome<PushReport> {
        let count = files.len();
        let (files, alike) = names::set_apart(files);
        self.report.lock().unwrap_or_else(PoisonError::into_inner).failed.extend(alike);
        let known = Known::load(self.client, self.package).await?;
        self.progress.begin("pushing");
        self.progress.expect(files.iter().map(|file| file.size).sum());
        let (hashed, to_register) = mpsc::channel(BATCH);
        // A batch is registered while the one before it is sent, and no more: URLs must not grow old before they are used.
        let (registered, to_upload) = mpsc::channel(1);
        let (uploaded, to_complete) = mpsc::channel(BATCH);
        tokio::join!(
            self.hash(files, hashed),
            self.register(&known, to_register, registered),
            self.upload(to_upload, uploaded),
            self.complete(to_complete),
        );
        self.progress.finish();
        let mut report = self.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((reason, kind)) = self.stop.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let missing = count.saturating_sub(report.sent + report.unchanged + report.failed.len());
            if missing > 0 {
                report.failed.push(FileFailure { name: format!("({missing} further files)"), reason, kind });
            }
        }
        Ok(report)
    }

    async fn hash(&self, files: Vec<LocalFile>, hashed: Sender<Hashed>) {
        let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
        let mut hashes = stream::iter(files).map(hash_file).buffered(threads);
        while let Some((file, result)) = hashes.next().await {
            match result {
                Ok(sha256) => {
                    if self.stopped() || hashed.send(Hashed { file, sha256 }).await.is_err() {
                        return;
                    }
                }
                Err(error) => self.fail(&file.name, &Failure::file("read the file", &error)),
            }
        }
    }

    async fn register(&self, known: &Known, mut files: Receiver<Hashed>, registered: Sender<Vec<Task>>) {
        let mut batch = Vec::new();
        while files.recv_many(&mut batch, BATCH).await > 0 {
            let (mut to_send, mut begun) = (VecDeque::new(), Vec::new());
            for file in batch.drain(..) {
                match known.step(&file) {
                    Step::Skip => self.unchanged(&file.file),
                    // Small files: completing tells whether the bytes had arrived. Parts: the store tells which did.
                    Step::Resume(dataset) => begun.push(Task::resume(file, dataset)),
                    Step::Send => to_send.push_back(file),
                }
            }
            if !begun.is_empty() && registered.send(begun).await.is_err() {
                return;
            }
            while !to_send.is_empty() && !self.stopped() {
                let part = take_batch(&mut to_send);
                match self.register_batch(&part).await {
                    Ok(tasks) => {
                        if registered.send(tasks).await.is_err() {
                            return;
                        }
                    }
                    Err(failure) => part.iter().for_each(|file| self.fail(&file.file.name, &failure)),
                }
            }
        }
    }

    /// Registers a batch. When the call as a whole fails, so would every other: the push stops.
    pub(super) async fn register_batch(&self, batch: &[Hashed]) -> Outcome<Vec<Task>> {
        let datasets = batch.iter().map(|hashed| NewDataset {
            name: hashed.file.name.clone(),
            size: hashed.file.size,
            content_type: media_type::of(&hashed.file.name).to_owned(),
            sha256: Some(hashed.sha256.clone()),
        });
        let request = RegisterDatasets { datasets: datasets.collect() };
        let answer = self.client.register_datasets(self.package, &request).await.map_err(|error| self.stop_for(error.into()))?;
        if answer.results.len() != batch.len() {
            return Err(self.stop_for(Failure::failed("the service answered for another number of files than were registered")));
        }
        let tasks = batch.iter().cloned().zip(answer.results).filter_map(|(file, result)| match result {
            RegisteredDataset { dataset: Some(dataset), upload: Some(upload), .. } => Some(Task::new(file, dataset.id, upload)),
            RegisteredDataset { error, .. } => {
                self.fail(&file.file.name, &entry_failure(error));
                None
            }
        });
        Ok(tasks.collect())
    }

    async fn upload(&self, tasks: Receiver<Vec<Task>>, uploaded: Sender<Sent>) {
        ReceiverStream::new(tasks)
            .flat_map(stream::iter)
            .for_each_concurrent(self.parallel, |task| async {
                if self.stopped() {
                    return;
                }
                let name = task.file.file.name.clone();
                // Boxed: the futures of large uploads would else be part of every slot.
                match Box::pin(self.send(task)).await {
                    Ok(Some(sent)) => drop(uploaded.send(sent).await),
                    Ok(None) => {}
                    Err(failure) => self.fail(&name, &failure),
                }
            })
            .await;
    }

    async fn complete(&self, mut sent: Receiver<Sent>) {
        let mut batch = Vec::new();
        while sent.recv_many(&mut batch, BATCH).await > 0 {
            let gathering = async {
                let mut room = BATCH.saturating_sub(batch.len());
                while room > 0 && sent.recv_many(&mut batch, room).await > 0 {
                    room = BATCH.saturating_sub(batch.len());
                }
            };
            // What came meanwhile is in the batch, however the wait ended.
            tokio::time::timeout(GATHER, gathering).await.ok();
            let mut rest = std::mem::take(&mut batch);
            for attempt in 1..=BUSY_ATTEMPTS {
                rest = self.complete_batch(rest, attempt == BUSY_ATTEMPTS).await;
                if rest.is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(250 << attempt)).await;
            }
        }
    }

    /// Completes a batch; answers those for which the service was too busy.
    async fn complete_batch(&self, batch: Vec<Sent>, last: bool) -> Vec<Sent> {
        let ids = batch.iter().map(|sent| sent.dataset.clone()).collect();
        let answer = match self.client.complete_datasets(self.package, ids).await {
            Ok(answer) => answer,
            Err(error) => {
                let failure = self.stop_for(error.into());
                batch.iter().for_each(|sent| self.fail(&sent.file.name, &failure));
                return Vec::new();
            }
        };
        let mut results = answer.results.into_iter();
        let mut busy = Vec::new();
        for sent in batch {
            let result = results.next();
            match result.map(|result| (result.dataset, result.error)) {
                Some((Some(_), _)) => self.sent(&sent.file),
                Some((None, Some(error))) if !last && matches!(error.status, 429 | 500..) => busy.push(sent),
                Some((None, error)) => self.fail(&sent.file.name, &entry_failure(error)),
                None => self.fail(&sent.file.name, &entry_failure(None)),
            }
        }
        busy
    }

    pub(super) fn sent(&self, file: &LocalFile) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.sent += 1;
        report.bytes += file.size;
    }

    pub(super) fn unchanged(&self, file: &LocalFile) {
        self.progress.pass(file.size);
        self.report.lock().unwrap_or_else(PoisonError::into_inner).unchanged += 1;
    }

    fn fail(&self, name: &str, failure: &Failure) {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).failed.push(FileFailure::new(name, failure));
    }

    /// Ends the push: no other file could do better.
    pub(super) fn stop_for(&self, failure: Failure) -> Failure {
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        stop.get_or_insert_with(|| (failure.to_string(), failure.kind()));
        failure
    }

    fn stopped(&self) -> bool {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

async fn hash_file(file: LocalFile) -> (LocalFile, std::io::Result<String>) {
    let hashing = file.clone();
    let result = tokio::task::spawn_blocking(move || {
        let (sha256, size) = sha256::of_file(&hashing.path)?;
        hashing.check_unchanged()?;
        if size == hashing.size { Ok(sha256) } else { Err(std::io::Error::other("the file changed while it was read")) }
    })
    .await
    .unwrap_or_else(|error| Err(std::io::Error::other(error)));
    (file, result)
}

/// The files of the next call. A file larger than the limit goes alone.
fn take_batch(files: &mut VecDeque<Hashed>) -> Vec<Hashed> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while let Some(next) = files.front() {
        bytes += next.file.size;
        if batch.len() == BATCH || !batch.is_empty() && bytes > BATCH_BYTES {
            break;
        }
        batch.extend(files.pop_front());
    }
    batch
}

fn entry_failure(error: Option<contract::datasets::EntryError>) -> Failure {
    let Some(error) = error else { return Failure::failed("the service did not say what became of it") };
    let kind = match error.status {
        401 | 403 => FailureKind::Denied,
        404 => FailureKind::NotFound,
        _ => FailureKind::Failed,
    };
    let fields: String = unsaid(&error.detail, &error.errors).map(|field| format!("; {} {}", field.pointer, field.detail)).collect();
    Failure::new(kind, error.detail + &fields)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use axum::{Json, Router, routing::get};
    use serde_json::json;

    use super::*;

    /// A service that holds nothing, notes the names that are registered, and refuses them.
    async fn refusing_service(names: Arc<Mutex<Vec<String>>>) -> Client {
        let register = async move |Json(request): Json<RegisterDatasets>| {
            let refused = || json!({"error": {"status": 422, "code": "invalid", "detail": "No."}});
            let results: Vec<_> = request.datasets.iter().map(|_| refused()).collect();
            names.lock().expect("the names").extend(request.datasets.into_iter().map(|dataset| dataset.name));
            Json(json!({ "results": results }))
        };
        let app = Router::new().route("/packages/pkg_1/datasets", get(async || Json(json!({"items": []}))).post(register));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Client::builder(endpoint.parse().expect("a URL")).build().expect("a client")
    }

    #[tokio::test]
    async fn files_of_one_name_are_reported_and_only_the_others_registered() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["\u{fc}.csv", "u\u{308}.csv", "b.csv"] {
            std::fs::write(folder.path().join(name), name).expect("written");
        }
        let registered = Arc::new(Mutex::new(Vec::new()));
        let client = refusing_service(Arc::clone(&registered)).await;
        let files = crate::push::walk(folder.path(), "", false).expect("walked").files;
        let report = Push::new(&client, "pkg_1", 1, Progress::new(false)).run(files).await.expect("a report");
        let failed: Vec<&str> = report.failed.iter().map(|failure| failure.name.as_str()).collect();
        assert_eq!(failed, ["\u{fc}.csv", "\u{fc}.csv", "b.csv"]);
        assert_eq!(*registered.lock().expect("the names"), ["b.csv"]);
        assert_eq!(report.outcome().expect_err("some failed").kind(), FailureKind::Partial);
    }

    #[test]
    fn the_reason_of_a_refused_file_is_said_once() {
        let error = contract::datasets::EntryError {
            status: 422,
            code: "invalid".to_owned(),
            detail: "/name contains a backslash.".to_owned(),
            errors: vec![contract::problem::ProblemField { pointer: "/name".to_owned(), detail: "contains a backslash".to_owned() }],
        };
        assert_eq!(entry_failure(Some(error)).to_string(), "/name contains a backslash.");
    }

    #[test]
    fn a_batch_is_limited_in_files_and_in_bytes() {
        let file = |size| Hashed {
            file: LocalFile { path: "x".into(), name: "x".to_owned(), size, modified: SystemTime::UNIX_EPOCH },
            sha256: String::new(),
        };
        let mut small: VecDeque<_> = (0..1200).map(|_| file(1)).collect();
        assert_eq!([take_batch(&mut small).len(), take_batch(&mut small).len(), take_batch(&mut small).len()], [500, 500, 200]);
        let mut large: VecDeque<_> = [100, 100, 100, 1000].map(|mebibytes| file(mebibytes * 1024 * 1024)).into();
        assert_eq!([take_batch(&mut large).len(), take_batch(&mut large).len(), take_batch(&mut large).len()], [2, 1, 1]);
    }
}

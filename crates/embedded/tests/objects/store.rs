//! The object store after crashes, and beside others.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::support::{BUCKET, RandomIds, SystemClock, open};
use bytes::Bytes;
use datalake_embedded::objects::{ContentHold, ObjectStore, PutConditions, StoreError};
use futures::{StreamExt, TryStreamExt, stream};

type Content = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

fn content(chunks: &[&'static str]) -> impl futures::Stream<Item = Content> + Unpin + use<> {
    stream::iter(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect::<Vec<_>>())
}

async fn put(store: &ObjectStore, key: &str, text: &'static str) {
    store.put(BUCKET, key, "text/plain", PutConditions::default(), content(&[text])).await.expect("stored");
}

async fn read(store: &ObjectStore, key: &str) -> Vec<u8> {
    let (record, files) = store.find(BUCKET, key, None).await.expect("there");
    let bytes = store.read(files, 0..record.size).await.expect("readable").map_ok(|bytes| bytes.to_vec());
    bytes.try_concat().await.expect("read")
}

/// All files below a folder but the database's own.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for part in ["incoming", "content"] {
        let mut folders = vec![folder.join(part)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
    }
    found
}

#[tokio::test]
async fn content_that_somebody_copies_is_removed_only_after_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.ensure_bucket(BUCKET).await.expect("a bucket");
    let hold = ContentHold::take(folder.path()).expect("held");
    for key in ["first", "second"] {
        put(&store, key, "content").await;
    }
    let remove = async |key: &str| {
        let (record, _) = store.find(BUCKET, key, None).await.expect("there");
        store.remove(BUCKET, key, &record.version).await.expect("removed");
    };
    remove("first").await;
    assert_eq!(files(folder.path()).len(), 2, "it may be copied yet");
    drop(hold);
    remove("second").await;
    assert!(files(folder.path()).is_empty(), "what was left goes with the next");
}

#[tokio::test]
async fn a_start_sweeps_what_a_crash_left_and_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let store = open(folder.path());
        store.ensure_bucket(BUCKET).await.expect("a bucket");
        put(&store, "kept", "kept").await;
        put(&store, "also kept", "also kept").await;
    }
    let kept = files(folder.path());
    assert_eq!(kept.len(), 2);
    // A crash while content came in, one between the rename and the row, and a name that is none.
    fs::write(folder.path().join("incoming/01HALFWRITTEN"), "half").expect("written");
    fs::write(folder.path().join("content/0/01ORPHAN0"), "orphan").expect("written");
    fs::write(folder.path().join("content/Z/stray"), "stray").expect("written");

    let store = open(folder.path());
    let mut left = files(folder.path());
    left.sort();
    let mut expected = kept;
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(read(&store, "kept").await, b"kept");
    assert_eq!(read(&store, "also kept").await, b"also kept");
}

#[tokio::test]
async fn refused_and_broken_writes_leave_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.ensure_bucket(BUCKET).await.expect("a bucket");
    let write = async |conditions, chunks: Vec<Content>| {
        store.put(BUCKET, "refused", "text/plain", conditions, stream::iter(chunks)).await.expect_err("refused")
    };
    let chunk = || vec![Ok(Bytes::from_static(b"content"))];
    let conditions = PutConditions::default();
    assert!(matches!(write(PutConditions { sha256: Some([0; 32]), ..conditions }, chunk()).await, StoreError::BadDigest));
    assert!(matches!(write(PutConditions { size: Some(6), ..conditions }, chunk()).await, StoreError::WrongSize));
    assert!(matches!(write(PutConditions { size: Some(8), ..conditions }, chunk()).await, StoreError::WrongSize));
    let broken = vec![Ok(Bytes::from_static(b"content")), Err("the connection broke".into())];
    assert!(matches!(write(conditions, broken).await, StoreError::Interrupted(_)));
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());

    put(&store, "refused", "first").await;
    assert!(matches!(write(PutConditions { only_if_absent: true, ..conditions }, chunk()).await, StoreError::PreconditionFailed));
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_sender_who_goes_away_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.ensure_bucket(BUCKET).await.expect("a bucket");
    let (begun, beginning) = tokio::sync::oneshot::channel();
    let first = async move {
        let _ = begun.send(());
        Ok(Bytes::from(vec![1; 2 * 1024 * 1024]))
    };
    let endless = Box::pin(stream::once(first).chain(stream::pending::<Content>()));
    let conditions = PutConditions::default();
    {
        let writing = store.put(BUCKET, "abandoned", "text/plain", conditions, endless);
        let went_away = async {
            beginning.await.expect("begun");
            while files(folder.path()).iter().all(|file| fs::metadata(file).is_ok_and(|metadata| metadata.len() == 0)) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = writing => panic!("the content never ends"),
            () = went_away => {}
        }
    }
    // What was being written when the sender went away is removed by a task of its own.
    let gone = async {
        while !files(folder.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("no file is left");
}

#[tokio::test]
async fn removing_a_version_removes_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.ensure_bucket(BUCKET).await.expect("a bucket");
    put(&store, "removed", "content").await;
    let (record, stale) = store.find(BUCKET, "removed", None).await.expect("there");
    store.remove(BUCKET, "removed", &record.version).await.expect("removed");
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    assert!(store.read(stale, 0..record.size).await.is_err(), "a reader who comes too late is told before the first byte");
}

#[tokio::test]
async fn a_folder_belongs_to_one_store_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path());
    let second = ObjectStore::open(folder.path(), Arc::new(SystemClock), Arc::new(RandomIds));
    assert!(second.is_err());
    drop(first);
    drop(open(folder.path()));
}

#[tokio::test]
async fn content_whose_database_is_gone_is_not_swept_away() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let store = open(folder.path());
        store.ensure_bucket(BUCKET).await.expect("a bucket");
        put(&store, "kept", "kept").await;
    }
    let database = folder.path().join("objects.sqlite");
    let aside = folder.path().join("aside.sqlite");
    fs::rename(&database, &aside).expect("moved away");
    assert!(ObjectStore::open(folder.path(), Arc::new(SystemClock), Arc::new(RandomIds)).is_err());
    fs::rename(&aside, &database).expect("moved back");
    assert_eq!(read(&open(folder.path()), "kept").await, b"kept");
}

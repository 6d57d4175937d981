//! The S3 adapter over the endpoint in this process keeps what objects and uploads in parts must keep.

mod access;
mod store;
mod support;

use std::sync::Arc;

use support::{BUCKET, start};
use testkit::{multipart_suite, objects::ObjectsSubject, objects_suite, signed_requests::HttpHolder, signed_requests_suite};

async fn embedded() -> ObjectsSubject {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let objects = Arc::new(running.objects());
    ObjectsSubject {
        objects: Arc::clone(&objects) as _,
        multipart: objects,
        bucket: BUCKET.to_owned(),
        holder: Arc::new(HttpHolder::default()),
        lacks: &[],
        keep: Box::new((running, folder)),
    }
}

objects_suite!(embedded);
multipart_suite!(embedded);
signed_requests_suite!(embedded);

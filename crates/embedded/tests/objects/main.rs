//! The S3 adapter over the endpoint in this process keeps what objects and uploads in parts must keep.

mod access;
mod store;
mod support;

use std::sync::Arc;

use datalake_embedded::objects::{ImportRoots, NearObjects};
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

/// What the server itself uses: its store is asked directly where no bytes go.
async fn asking_directly() -> ObjectsSubject {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let adapter = Arc::new(running.objects());
    let objects = NearObjects::new(Arc::clone(&adapter), Arc::clone(&running.store), ImportRoots::default());
    ObjectsSubject {
        objects: Arc::new(objects),
        multipart: adapter,
        bucket: BUCKET.to_owned(),
        holder: Arc::new(HttpHolder::default()),
        lacks: &[],
        keep: Box::new((running, folder)),
    }
}

objects_suite!(embedded);
multipart_suite!(embedded);
signed_requests_suite!(embedded);

mod near {
    use testkit::objects_suite;

    objects_suite!(super::asking_directly);
}

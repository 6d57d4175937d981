//! The objects in memory keep what the real ones must keep.

use std::sync::Arc;

use datalake_testkit::{MemoryObjects, memory_objects, multipart_suite, objects::ObjectsSubject, objects_suite};
use domain::{
    PortErrorKind,
    ports::{ObjectAddress, ObjectVersion, Objects},
};

async fn memory() -> ObjectsSubject {
    let objects = Arc::new(MemoryObjects::new());
    ObjectsSubject {
        objects: Arc::clone(&objects) as _,
        multipart: Arc::clone(&objects) as _,
        bucket: "memory".to_owned(),
        holder: objects,
        lacks: &[],
        keep: Box::new(()),
    }
}

objects_suite!(memory);
multipart_suite!(memory);

#[tokio::test]
async fn failures_come_when_asked_for_before_or_after_the_effect() {
    let objects = MemoryObjects::new();
    let address = ObjectAddress { bucket: "memory".to_owned(), key: "key".to_owned() };
    let put = async || objects.put(&address, &memory_objects::options_of(b"x", "text/plain"), memory_objects::once("x")).await;
    let object = ObjectVersion { address: address.clone(), version: None };

    objects.fail_next(PortErrorKind::Unavailable);
    assert!(put().await.is_err_and(|error| error.is(PortErrorKind::Unavailable)));
    assert!(objects.keys("memory").is_empty());
    objects.faults().fail_after("objects.put", PortErrorKind::Unavailable);
    assert!(put().await.is_err_and(|error| error.is(PortErrorKind::Unavailable)));
    assert_eq!(objects.keys("memory"), ["key"]);
    objects.fail_when("objects.head", PortErrorKind::RateLimited);
    for _ in 0..2 {
        assert!(objects.head(&object).await.is_err_and(|error| error.is(PortErrorKind::RateLimited)));
    }
    objects.faults().heal();
    assert!(objects.head(&object).await.is_ok());
    assert_eq!(objects.faults().calls("objects.head"), 3);
}

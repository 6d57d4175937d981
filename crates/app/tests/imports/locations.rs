//! Locations: administrators alone decide what may be imported.

use app::{AppError, ErrorKind, imports::NewLocation};
use domain::{PortErrorKind, job::Job};
use testkit::builders::{admin, member};

use crate::lake::{LAKE, Lake, by, counts, told};

fn location(bucket: &str, prefix: &str) -> NewLocation {
    NewLocation { bucket: bucket.to_owned(), prefix: prefix.to_owned(), description: "What partners send".to_owned() }
}

fn pointers(refused: &AppError) -> Vec<&str> {
    refused.fields().iter().map(|field| field.pointer.as_str()).collect()
}

#[tokio::test]
async fn administrators_register_list_and_remove_them_and_each_change_is_audited() {
    let (lake, root) = (Lake::new().await, by(admin("root")));
    let new = lake.locations.register(&root, &location("partners", "in")).await.expect("registered");
    assert_eq!((new.bucket.as_str(), new.prefix.as_str()), ("partners", "in/"));
    let again = lake.locations.register(&root, &location("partners", "in/")).await.expect_err("refused");
    assert_eq!((again.kind(), again.code()), (ErrorKind::Conflict, "location_exists"));
    assert_eq!(lake.locations.list(&root).await.expect("listed").len(), 2);

    lake.locations.remove(&root, new.id).await.expect("removed");
    assert_eq!(lake.locations.remove(&root, new.id).await.expect_err("gone").kind(), ErrorKind::NotFound);
    assert_eq!(lake.locations.list(&root).await.expect("listed").len(), 1);
    lake.locations.register(&root, &location("partners", "in")).await.expect("registered anew");
    let audited: Vec<String> = lake
        .jobs()
        .into_iter()
        .filter_map(|job| match job {
            Job::Audit { record } => Some(format!("{} {}", record.action, record.resource)),
            _ => None,
        })
        .collect();
    let first = format!("location.manage location/{}", new.id);
    assert_eq!(audited[..2], [first.clone(), first]);
    assert_eq!(audited.len(), 3);
}

#[tokio::test]
async fn nobody_else_may() {
    let (lake, ann) = (Lake::new().await, by(member("ann")));
    let id = lake.core.store.locations().await.expect("read")[0].id;
    assert_eq!(lake.locations.list(&ann).await.expect_err("refused").kind(), ErrorKind::Forbidden);
    assert_eq!(lake.locations.register(&ann, &location("partners", "")).await.expect_err("refused").kind(), ErrorKind::Forbidden);
    assert_eq!(lake.locations.remove(&ann, id).await.expect_err("refused").kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn what_can_be_no_location_is_told_by_place() {
    let (lake, root) = (Lake::new().await, by(admin("root")));
    let long = NewLocation { description: "x".repeat(1_001), ..location("No Bucket", "/in") };
    let refused = lake.locations.register(&root, &long).await.expect_err("refused");
    assert_eq!(pointers(&refused), ["/bucket", "/description", "/prefix"]);
    for kind in [PortErrorKind::NotFound, PortErrorKind::PermissionDenied] {
        lake.objects.fail_next(kind);
        let refused = lake.locations.register(&root, &location("partners", "")).await.expect_err("refused");
        assert_eq!((refused.kind(), pointers(&refused)), (ErrorKind::RuleBroken, vec!["/bucket"]));
    }
}

#[tokio::test]
async fn nothing_is_imported_from_one_that_was_removed() {
    let lake = Lake::new().await;
    lake.outside("raw/a.csv").await;
    let id = lake.core.store.locations().await.expect("read")[0].id;
    lake.locations.remove(&by(admin("root")), id).await.expect("removed");
    let import = lake.import(format!("{LAKE},raw/a.csv\n")).await;
    assert_eq!(import.counts, counts(1, 0, 0, 1));
    assert_eq!(told(&lake.failures(import.id).await), [(1, "outside_locations")]);
}

//! The signer of one machine keeps the port's promises, and keeps its key.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use datalake_embedded::signer::FileSigner;
use domain::{PortErrorKind, ports::Signer};
use testkit::Subject;

async fn make() -> Subject<dyn Signer> {
    let folder = tempfile::tempdir().expect("a folder");
    let signer = FileSigner::open(&folder.path().join("key")).expect("opens");
    Subject::new(Arc::new(signer), folder)
}

testkit::signer_suite!(make);

#[tokio::test]
async fn the_key_outlives_a_restart_and_is_its_owners() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    let before = FileSigner::open(&path).expect("opens").public_key().await.expect("has one");
    assert_eq!(FileSigner::open(&path).expect("opens again").public_key().await.expect("has one"), before);
    assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_file_that_is_no_key_or_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    FileSigner::open(&path).expect("opens");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("sets the mode");
    assert_eq!(FileSigner::open(&path).expect_err("others can read it").kind(), PortErrorKind::PermissionDenied);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("sets the mode");
    fs::write(&path, "no key").expect("writes");
    assert_eq!(FileSigner::open(&path).expect_err("no key").kind(), PortErrorKind::Unexpected);
    assert_eq!(fs::read(&path).expect("is there"), b"no key");
}

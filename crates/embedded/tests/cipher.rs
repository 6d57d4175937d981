//! The cipher of one machine keeps the port's promises, and keeps its key.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, sync::Arc};

use datalake_embedded::cipher::AesCipher;
use domain::{PortErrorKind, ports::Cipher};
use testkit::Subject;

async fn make() -> Subject<dyn Cipher> {
    let folder = tempfile::tempdir().expect("a folder");
    let cipher = AesCipher::open(&folder.path().join("key")).expect("opens");
    Subject::new(Arc::new(cipher), folder)
}

testkit::cipher_suite!(make);

#[tokio::test]
async fn the_key_outlives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    let context = BTreeMap::from([("user".to_owned(), "ann".to_owned())]);
    let ciphertext = AesCipher::open(&path).expect("opens").encrypt(b"secret", &context).await.expect("encrypts");
    let reopened = AesCipher::open(&path).expect("opens again");
    assert_eq!(reopened.decrypt(&ciphertext, &context).await.expect("decrypts"), b"secret");
}

#[test]
fn the_key_file_is_its_owners_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    AesCipher::open(&path).expect("opens");
    assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    AesCipher::open(&path).expect("opens");
    for mode in [0o640, 0o604, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("sets the mode");
        let error = AesCipher::open(&path).err().expect("is refused");
        assert_eq!(error.kind(), PortErrorKind::PermissionDenied);
    }
}

#[test]
fn a_file_that_is_no_key_is_refused_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    for content in [&b""[..], &[1; 31], &[1; 33]] {
        fs::write(&path, content).expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("sets the mode");
        assert_eq!(AesCipher::open(&path).err().expect("is refused").kind(), PortErrorKind::Unexpected);
        assert_eq!(fs::read(&path).expect("is there"), content);
    }
}

#[tokio::test]
async fn a_ciphertext_of_another_version_is_refused() {
    let cipher = make().await;
    let mut ciphertext = cipher.encrypt(b"secret", &BTreeMap::new()).await.expect("encrypts");
    assert_eq!(ciphertext[0], 1);
    ciphertext[0] = 2;
    let error = cipher.decrypt(&ciphertext, &BTreeMap::new()).await.expect_err("another version");
    assert_eq!(error.kind(), PortErrorKind::InvalidArgument);
}

#[test]
fn threads_that_open_at_once_get_one_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| AesCipher::open(&path).is_ok())).collect();
        assert!(threads.into_iter().all(|thread| thread.join().expect("does not panic")));
    });
    assert_eq!(fs::read(&path).expect("is there").len(), 32);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

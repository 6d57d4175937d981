use super::*;

fn folder() -> (tempfile::TempDir, Folder) {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = Folder::at(directory.path().join("nested/datalake"));
    (directory, folder)
}

fn key(id: &str) -> Secrets {
    Secrets::Key { access_key_id: id.to_owned(), secret_access_key: "geheim".to_owned() }
}

#[test]
fn profiles_and_secrets_come_back_beside_others() {
    let (_directory, folder) = folder();
    let profile =
        Profile { endpoint: Some("http://127.0.0.1:8080/".parse().expect("a URL")), output: Some(Format::Json), ..Profile::default() };
    folder.save_profile("default", profile.clone()).expect("saved");
    folder.save_profile("other", Profile::default()).expect("saved");
    folder.save_secrets("default", key("DLAK1")).expect("saved");
    folder.save_secrets("other", key("DLAK2")).expect("saved");
    assert_eq!(folder.profile("default").expect("read"), Some(profile));
    assert_eq!(folder.secrets("default").expect("read"), Some(key("DLAK1")));
    assert_eq!(folder.secrets("nobody").expect("read"), None);
}

#[test]
fn a_session_comes_back_with_its_times() {
    let (_directory, folder) = folder();
    let endpoint: Url = "http://127.0.0.1:8080/token".parse().expect("a URL");
    let tokens = client::oidc::Tokens {
        access_token: "a".into(),
        refresh_token: Some("r".into()),
        expires_at: Some("2026-01-01T00:00:00Z".parse().expect("a time")),
    };
    folder.save_secrets("default", Secrets::of_session(&tokens, &endpoint)).expect("saved");
    let again = folder.secrets("default").expect("read").and_then(Secrets::tokens).expect("a session");
    assert_eq!(again.expires_at, tokens.expires_at);
    assert!(again.refresh_token.is_some());
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_secrets_even_after_they_change() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_directory, folder) = folder();
    for id in ["DLAK1", "DLAK2"] {
        folder.save_secrets("default", key(id)).expect("saved");
        let mode = std::fs::metadata(folder.secrets_file()).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let mode = std::fs::metadata(folder.path()).expect("the folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[cfg(unix)]
#[test]
fn secrets_that_others_can_get_at_are_refused_until_that_is_mended() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    let (_directory, folder) = folder();
    folder.save_secrets("default", key("DLAK1")).expect("saved");
    let set = |mode| std::fs::set_permissions(folder.secrets_file(), Permissions::from_mode(mode)).expect("set");
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        set(mode);
        let failure = folder.secrets("default").expect_err("refused");
        assert!(failure.to_string().contains("chmod 600"), "{mode:o}: {failure}");
        folder.save_secrets("other", key("DLAK2")).expect_err("refused as well");
    }
    for mode in [0o600, 0o400] {
        set(mode);
        assert_eq!(folder.secrets("default").expect("read"), Some(key("DLAK1")));
    }
}

#[test]
fn a_broken_secrets_file_is_told_without_its_content() {
    let (_directory, folder) = folder();
    // Saved first, so that nobody but its owner reads it.
    folder.save_secrets("default", key("DLAK1")).expect("saved");
    std::fs::write(folder.secrets_file(), "secret_access_key = geheim").expect("written");
    let failure = folder.secrets("default").expect_err("not valid");
    assert!(failure.to_string().contains("is not valid"), "{failure}");
    assert!(!failure.to_string().contains("geheim"), "{failure}");
}

#[test]
fn the_debug_form_of_secrets_tells_nothing() {
    assert_eq!(format!("{:?}", key("DLAK1")), "Secrets::Key");
}

//! The users file: the contract of its ports, and the credentials that the issuer keeps in it.

use std::{sync::Arc, time::Duration};

use datalake_embedded::users::{NewCode, PasswordCheck, REFRESH_LIFE, SESSION_LIFE, Session, Users};
use domain::{
    PortErrorKind,
    id::UserId,
    ports::{Directory, DirectoryUser, Invitation},
    principal::Role,
    user::UserStatus,
};
use secrecy::{ExposeSecret, SecretString};
use testkit::{FixedClock, SequentialIds, directory::DirectoryHome};

struct Home {
    users: Arc<Users>,
    clock: Arc<FixedClock>,
    folder: tempfile::TempDir,
}

fn home() -> Home {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Arc::new(FixedClock::default()));
    let users = Users::open(folder.path(), clock.clone(), Arc::new(SequentialIds::default())).expect("opened");
    Home { users: Arc::new(users), clock, folder }
}

fn contract_home() -> DirectoryHome {
    let home = home();
    DirectoryHome::of(home.users, home.folder)
}

testkit::directory_suite!(contract_home());

impl Home {
    async fn invite(&self) -> DirectoryUser {
        let invitation = Invitation { email: "ada@example.org".to_owned(), name: "Ada".to_owned(), role: Role::Member };
        self.users.invite(&invitation).await.expect("invited")
    }

    /// A person with a password of their own.
    async fn member(&self) -> UserId {
        let user_id = self.invite().await.user_id;
        self.users.set_one_time_password(&user_id).await.expect("set");
        self.users.change_password(&user_id, &PASSWORD.into()).await.expect("changed").expect("good enough");
        user_id
    }

    async fn check(&self, password: &str) -> PasswordCheck {
        self.users.verify_password("Ada@example.org", &password.into()).await.expect("checked")
    }

    async fn tokens(&self) -> (UserId, Session, SecretString, SecretString) {
        let user_id = self.member().await;
        let (_, session) = self.users.begin_session(&user_id).await.expect("begun");
        let code = self.users.new_code(&session, code()).await.expect("made");
        let grant = self.users.redeem_code(&code).await.expect("redeemed").expect("valid");
        let refresh = self.users.first_refresh_token(&grant).await.expect("opened").expect("stands");
        (user_id, session, code, refresh)
    }

    async fn rotate(&self, token: &SecretString) -> Option<SecretString> {
        self.users.rotate_refresh_token(token, "console").await.expect("answered").map(|(token, _)| token)
    }
}

const PASSWORD: &str = "seven boats on a quiet lake";

fn code() -> NewCode {
    NewCode {
        client_id: "console".to_owned(),
        redirect_uri: "http://127.0.0.1:8080/".to_owned(),
        scope: "openid".to_owned(),
        nonce: Some("n".to_owned()),
        challenge: "c".repeat(43),
    }
}

#[tokio::test]
async fn a_one_time_password_must_be_replaced_and_the_person_is_active_then() {
    let home = home();
    let user_id = home.invite().await.user_id;
    assert_eq!(home.check("anything").await, PasswordCheck::Refused, "nobody signs in without a password");
    let first = home.users.set_one_time_password(&user_id).await.expect("set");
    assert_eq!(first.expose_secret().len(), 23);
    assert_eq!(home.check(first.expose_secret()).await, PasswordCheck::Accepted { user_id: user_id.clone(), must_change: true });
    assert_eq!(home.users.get(&user_id).await.expect("found").status, UserStatus::Invited);

    let same = home.users.change_password(&user_id, &first).await.expect("answered");
    assert!(same.is_err(), "the one-time password can't stay");
    home.users.change_password(&user_id, &PASSWORD.into()).await.expect("answered").expect("good enough");
    assert_eq!(home.check(first.expose_secret()).await, PasswordCheck::Refused);
    assert_eq!(home.check(PASSWORD).await, PasswordCheck::Accepted { user_id: user_id.clone(), must_change: false });
    assert_eq!(home.users.get(&user_id).await.expect("found").status, UserStatus::Active);
}

#[tokio::test]
async fn a_one_time_password_ends_after_a_week() {
    let home = home();
    let user_id = home.invite().await.user_id;
    let password = home.users.set_one_time_password(&user_id).await.expect("set");
    home.clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(home.check(password.expose_secret()).await, PasswordCheck::Refused);
}

#[tokio::test]
async fn an_accent_may_be_typed_in_either_encoding() {
    let home = home();
    let user_id = home.invite().await.user_id;
    home.users.change_password(&user_id, &"caf\u{e9} on the corner".into()).await.expect("answered").expect("good enough");
    assert!(matches!(home.check("cafe\u{301} on the corner").await, PasswordCheck::Accepted { .. }));
}

#[tokio::test]
async fn wrong_guesses_lock_an_address_for_longer_each_time_whether_or_not_it_is_known() {
    for email in ["ada@example.org", "nobody@example.org"] {
        let home = home();
        home.member().await;
        let guess = async |password: &str| home.users.verify_password(email, &password.into()).await.expect("checked");
        for _ in 0..5 {
            assert_eq!(guess("wrong").await, PasswordCheck::Refused, "{email}");
        }
        let locked = |check| match check {
            PasswordCheck::Locked { until } => until.since(domain::ports::Clock::now(home.clock.as_ref())),
            other => panic!("{email}: {other:?}"),
        };
        assert_eq!(locked(guess(PASSWORD).await), Duration::from_secs(30), "even the right one isn't heard");
        home.clock.advance(Duration::from_secs(30));
        assert_eq!(guess("wrong").await, PasswordCheck::Refused);
        assert_eq!(locked(guess("wrong").await), Duration::from_secs(60));
    }
}

#[tokio::test]
async fn the_right_password_forgets_the_wrong_ones() {
    let home = home();
    home.member().await;
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(home.check("wrong").await, PasswordCheck::Refused);
        }
        assert!(matches!(home.check(PASSWORD).await, PasswordCheck::Accepted { .. }));
    }
}

#[tokio::test]
async fn guesses_at_the_same_time_are_all_counted() {
    let home = home();
    home.member().await;
    let guesses = (0..20).map(|_| home.check("wrong"));
    let heard = futures::future::join_all(guesses).await.into_iter().filter(|check| *check == PasswordCheck::Refused).count();
    assert_eq!(heard, 5);
}

#[tokio::test]
async fn a_disabled_person_neither_signs_in_nor_refreshes_nor_keeps_a_session() {
    let home = home();
    let (user_id, _, _, refresh) = home.tokens().await;
    let (cookie, _) = home.users.begin_session(&user_id).await.expect("begun");
    assert!(home.users.session(&cookie).await.expect("read").is_some());
    home.users.set_enabled(&user_id, false).await.expect("disabled");
    assert_eq!(home.check(PASSWORD).await, PasswordCheck::Refused);
    assert!(home.users.session(&cookie).await.expect("read").is_none());
    assert!(home.users.refresh_grant(&refresh).await.expect("read").is_none());
    home.users.set_enabled(&user_id, true).await.expect("enabled");
    assert!(home.rotate(&refresh).await.is_none(), "what was ended stays ended");
    assert!(matches!(home.check(PASSWORD).await, PasswordCheck::Accepted { .. }));
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let home = home();
    let user_id = home.member().await;
    let (cookie, session) = home.users.begin_session(&user_id).await.expect("begun");
    assert_eq!(home.users.session(&cookie).await.expect("read"), Some(session));
    home.clock.advance(SESSION_LIFE);
    assert_eq!(home.users.session(&cookie).await.expect("read"), None);
}

#[tokio::test]
async fn a_code_works_once_and_its_second_use_ends_the_tokens_of_the_first() {
    let home = home();
    let (_, _, code, refresh) = home.tokens().await;
    assert!(home.users.refresh_grant(&refresh).await.expect("read").is_some());
    assert!(home.users.redeem_code(&code).await.expect("answered").is_none());
    assert!(home.rotate(&refresh).await.is_none());
}

#[tokio::test]
async fn a_code_ends_after_a_minute() {
    let home = home();
    let user_id = home.member().await;
    let (_, session) = home.users.begin_session(&user_id).await.expect("begun");
    let code = home.users.new_code(&session, code()).await.expect("made");
    home.clock.advance(Duration::from_secs(60));
    assert!(home.users.redeem_code(&code).await.expect("answered").is_none());
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_its_family() {
    let home = home();
    let (_, _, _, first) = home.tokens().await;
    let second = home.rotate(&first).await.expect("rotated");
    let third = home.rotate(&second).await.expect("rotated");
    assert!(home.rotate(&first).await.is_none(), "used before");
    assert!(home.rotate(&third).await.is_none(), "the newest goes too");
}

#[tokio::test]
async fn of_two_refreshes_at_once_at_most_one_is_answered() {
    let home = home();
    let (_, _, _, token) = home.tokens().await;
    let answers = futures::future::join_all((0..4).map(|_| home.rotate(&token))).await;
    assert_eq!(answers.iter().flatten().count(), 1);
}

#[tokio::test]
async fn another_clients_refresh_token_is_refused_and_left_alone() {
    let home = home();
    let (_, _, _, token) = home.tokens().await;
    assert!(home.users.rotate_refresh_token(&token, "other").await.expect("answered").is_none());
    home.users.revoke_refresh_token(&token, "other").await.expect("answered");
    let next = home.rotate(&token).await.expect("still good for its client");
    home.users.revoke_refresh_token(&next, "console").await.expect("revoked");
    assert!(home.rotate(&next).await.is_none());
}

#[tokio::test]
async fn refreshing_does_not_prolong_the_family() {
    let home = home();
    let (_, _, _, token) = home.tokens().await;
    home.clock.advance(REFRESH_LIFE - Duration::from_secs(1));
    let next = home.rotate(&token).await.expect("a second left");
    home.clock.advance(Duration::from_secs(1));
    assert!(home.rotate(&next).await.is_none());
}

#[tokio::test]
async fn sign_out_a_new_password_and_the_end_of_the_session_end_refreshing() {
    for way in 0..3 {
        let home = home();
        let (user_id, session, _, token) = home.tokens().await;
        match way {
            0 => home.users.sign_out(&user_id).await.expect("signed out"),
            1 => home.users.change_password(&user_id, &"quite another phrase".into()).await.expect("answered").expect("changed"),
            _ => home.users.end_session(&session.session_id).await.expect("ended"),
        }
        assert!(home.rotate(&token).await.is_none(), "way {way}");
    }
}

#[tokio::test]
async fn the_file_is_readable_by_its_owner_only_and_holds_no_secret_in_clear() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    let (user_id, _, code, refresh) = home.tokens().await;
    let (cookie, _) = home.users.begin_session(&user_id).await.expect("begun");
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(home.folder.path()).expect("listed") {
        let entry = entry.expect("an entry");
        assert_eq!(entry.metadata().expect("metadata").permissions().mode() & 0o077, 0, "{:?}", entry.file_name());
        bytes.extend(std::fs::read(entry.path()).expect("read"));
    }
    for secret in [PASSWORD, code.expose_secret(), refresh.expose_secret(), cookie.expose_secret()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let home = home();
    let (user_id, _, _, refresh) = home.tokens().await;
    let again = Users::open(home.folder.path(), home.clock.clone(), Arc::new(SequentialIds::new(1_000_000))).expect("opened");
    assert_eq!(again.get(&user_id).await.expect("found").status, UserStatus::Active);
    assert!(again.rotate_refresh_token(&refresh, "console").await.expect("answered").is_some());
    let absent = again.set_one_time_password(&"nobody".parse().expect("an id")).await.expect_err("absent");
    assert_eq!(absent.kind(), PortErrorKind::NotFound);
}

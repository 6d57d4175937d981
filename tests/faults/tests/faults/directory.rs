//! A user pool that misbehaves: what the authorizer says meanwhile, and who follows the directory afterwards.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use app::{
    Caller, Core,
    identity::{
        Identity, Reconciliation,
        verdict::{RefusalKind, Verdict},
    },
};
use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use datalake_tests_faults::Fault;
use domain::{
    Deadline, PortErrorKind, PortResult,
    api_key::ApiKey,
    audit::{Actor, Origin},
    id::UserId,
    ports::{Clock, Condition, Directory, Invitation, Tables, TokenVerifier, UserRecords, VerifiedToken},
    principal::Role,
    user::PrincipalRecord,
};
use function_authorizer::{Authorizer, Deps, RequestHead, TIME_LIMIT};
use futures::FutureExt;
use secrecy::{ExposeSecret, SecretString};
use testkit::{
    SequentialIds,
    builders::{access_key_id, api_key, member, now},
};

use crate::{account::Deployment, left_out, side_by_side};

/// Somebody of a pool with a row that says so, and an API key with a secret.
struct Person {
    user_id: UserId,
    secret: SecretString,
}

impl Deployment {
    /// Over the account as it is.
    pub(crate) fn core(&self) -> Core {
        let cipher = self.direct.cipher(&self.key_arn);
        Core::new(self.real_tables(), self.direct.jobs(self.queues.clone()), cipher, self.clock.clone(), Arc::new(SequentialIds::default()))
    }

    /// Invites somebody under a name, and notes it as the first sign-in would.
    pub(crate) async fn invite(&self, name: &str) -> PrincipalRecord {
        let invitation = Invitation { email: format!("{name}@example.org"), name: name.to_owned(), role: Role::Member };
        let user = self.real_directory().invite(&invitation).await.expect("invited");
        let record = PrincipalRecord {
            user_id: user.user_id,
            directory_name: user.directory_name,
            email: user.email,
            name: user.name,
            role: user.role,
            groups: Vec::new(),
            enabled: true,
            tokens_valid_after: now(),
            last_sign_in: None,
            federated: false,
        };
        let writes = self.core().store.put_principal(&record, None, None).expect("rows");
        self.real_tables().transact(writes).await.expect("written");
        record
    }

    /// Gives somebody the API key of this number; it has no secret yet.
    pub(crate) async fn grant(&self, number: u64, user_id: &UserId) -> ApiKey {
        let (core, key) = (self.core(), ApiKey { salt: None, ..api_key(number, user_id.as_str()) });
        let stamp = core.stamp_of(Actor::of(&member("root")), &Origin::default(), domain::access::Action::KeyGrant, &[]);
        let write = core.store.put_api_key(&key, &stamp, Condition::Absent).expect("a row");
        self.real_tables().write(write).await.expect("written");
        key
    }

    /// Somebody who can sign requests.
    async fn signer(&self) -> Person {
        let user_id = self.invite("ann").await.user_id;
        let key = self.grant(1, &user_id).await;
        let caller = Caller { principal: member(user_id.as_str()), origin: Origin::default() };
        let secret = Identity::new(self.core(), self.real_directory()).rotate_secret(&caller, &key.access_key_id).await;
        Person { user_id, secret: secret.expect("a secret") }
    }

    /// A process that remembers nothing yet.
    fn authorizer(&self, user_id: &UserId) -> Authorizer {
        Authorizer::new(Deps {
            tables: self.tables(),
            records: self.directory(),
            cipher: self.faulty.cipher(&self.key_arn),
            tokens: Arc::new(Tokens(user_id.clone())),
            clock: self.clock.clone(),
            ids: Arc::new(SequentialIds::default()),
        })
        .remembering_keys()
    }
}

/// Takes every token for that of one user.
struct Tokens(UserId);

#[async_trait]
impl TokenVerifier for Tokens {
    async fn verify(&self, _: &SecretString) -> PortResult<VerifiedToken> {
        let issued_at = now().plus(Duration::from_secs(1));
        Ok(VerifiedToken { user_id: self.0.clone(), issued_at, expires_at: issued_at.plus(Duration::from_secs(900)) })
    }
}

/// A request that was signed at this time.
fn signed(secret: &SecretString, seconds: i64) -> RequestHead {
    let key = access_key_id(1);
    let identity = Credentials::new(key.as_str(), secret.expose_secret(), None, None, "test").into();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.try_into().expect("after the epoch"));
    let parameters = v4::SigningParams::builder().identity(&identity).region("us-east-1").name("datalake").time(time);
    let parameters = parameters.settings(SigningSettings::default()).build().expect("all is given");
    let request = SignableRequest::new("GET", "https://lake.example/packages", std::iter::empty(), SignableBody::Bytes(b""));
    let (instructions, _) = sign(request.expect("an address"), &parameters.into()).expect("can be signed").into_parts();
    let mut headers: Vec<(String, String)> =
        instructions.headers().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    headers.push(("host".to_owned(), "lake.example".to_owned()));
    RequestHead { method: "GET".to_owned(), path: "/packages".to_owned(), headers, ..RequestHead::default() }
}

fn with_token() -> RequestHead {
    let headers = vec![("authorization".to_owned(), "Bearer token".to_owned())];
    RequestHead { method: "GET".to_owned(), path: "/packages".to_owned(), headers, ..RequestHead::default() }
}

/// A refusal as "unavailable" is answered by 503 with `Retry-After`.
#[tokio::test]
async fn the_authorizer_says_in_time_that_it_can_not_tell() {
    if left_out() {
        return;
    }
    let deployment = &Deployment::new().await;
    let Person { user_id, secret } = &deployment.signer().await;
    let signed = &signed(secret, deployment.clock.now().as_seconds());
    let faults = [Fault::Throttled, Fault::Broken, Fault::Expired, Fault::Unheard, Fault::Torn, Fault::Slow(Duration::from_secs(60))];
    let token = with_token();
    let calls = [("BatchGetItem", signed), ("AdminGetUser", signed), ("Decrypt", signed), ("BatchGetItem", &token)];
    let cases = calls.into_iter().flat_map(|call| faults.map(|fault| (call, fault)));
    let check = |(operation, head): (&'static str, _), fault| async move {
        let deployment = deployment.beside().await;
        let authorizer = deployment.authorizer(user_id);
        deployment.proxy.always_to(operation, fault);
        let begin = Instant::now();
        let verdict = authorizer.verdict(head).await;
        // The function has one second more, and the gateway gives up after another.
        assert!(begin.elapsed() < TIME_LIMIT + Duration::from_secs(1), "{operation}, {fault:?} took {:?}", begin.elapsed());
        let unavailable = matches!(&verdict, Verdict::Refused { kind: RefusalKind::Unavailable, .. });
        assert!(unavailable, "{operation}, {fault:?}: {verdict:?}");
        deployment.proxy.heal();
        let verdict = authorizer.verdict(head).await;
        let allowed = matches!(&verdict, Verdict::Allowed { principal, .. } if principal.user_id == *user_id);
        assert!(allowed, "{operation}, after {fault:?}: {verdict:?}");
    };
    side_by_side(cases.map(|(call, fault)| check(call, fault).boxed())).await;
}

/// Whoever repeats an invitation whose answer was lost would learn that the person is there already: the product does not
/// do so by itself.
#[tokio::test]
async fn an_invitation_is_not_repeated_behind_the_callers_back() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let directory = deployment.directory();
    for fault in [Fault::Lost, Fault::Torn, Fault::Unheard, Fault::Broken] {
        let email = format!("{fault:?}@example.org");
        let invitation = Invitation { email, name: "Ann".to_owned(), role: Role::Member };
        deployment.proxy.once(fault);
        let _ = deployment.proxy.calls();
        let error = directory.invite(&invitation).await.expect_err("the answer is lost");
        assert!(error.is(PortErrorKind::Unavailable), "{fault:?}: {error}");
        assert_eq!(deployment.proxy.calls(), ["AdminCreateUser"], "{fault:?}");
        match directory.invite(&invitation).await {
            Ok(_) => assert!(matches!(fault, Fault::Unheard | Fault::Broken), "{fault:?}: invited twice"),
            Err(error) => {
                assert!(error.is(PortErrorKind::AlreadyExists) && matches!(fault, Fault::Lost | Fault::Torn), "{fault:?}: {error}")
            }
        }
    }
}

/// A secret's record whose answer was lost is the one that counts: the secret that comes of it works.
#[tokio::test]
async fn the_first_secret_of_somebody_holds_whatever_was_lost_on_the_way() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let user_id = deployment.invite("ann").await.user_id;
    let key = deployment.grant(1, &user_id).await;
    let caller = Caller { principal: member(user_id.as_str()), origin: Origin::default() };
    for fault in [Fault::Lost, Fault::Torn, Fault::Throttled] {
        for operation in ["AdminUpdateUserAttributes", "AdminGetUser"] {
            deployment.real_directory().put(&user_id, b"").await.expect("forgotten");
            deployment.proxy.once_to(operation, fault);
            let identity = Identity::new(deployment.core(), deployment.directory());
            let secret = identity.rotate_secret(&caller, &key.access_key_id).await.expect("a secret");
            let signed = signed(&secret, deployment.clock.now().as_seconds());
            let verdict = deployment.authorizer(&user_id).verdict(&signed).await;
            assert!(matches!(verdict, Verdict::Allowed { .. }), "{operation}, {fault:?}: {verdict:?}");
        }
    }
}

#[tokio::test]
async fn whoever_could_not_follow_the_directory_does_so_at_the_next_run() {
    if left_out() {
        return;
    }
    let faults = [Fault::Throttled, Fault::Broken, Fault::Expired, Fault::Unheard, Fault::Torn];
    side_by_side(faults.map(|fault| follows_after(fault).boxed())).await;
}

async fn follows_after(fault: Fault) {
    let deployment = Deployment::new().await;
    let directory = deployment.real_directory();
    let (ann, bob, eve) = (deployment.invite("ann").await, deployment.invite("bob").await, deployment.invite("eve").await);
    let core = deployment.core();
    directory.update(&ann.user_id, Some("Ann Ash"), None).await.expect("renamed");
    Directory::delete(&*directory, &eve.user_id).await.expect("deleted");
    let run = async || Reconciliation::new(core.clone(), deployment.directory()).run(Deadline::NONE).await;
    let row = async |person: &PrincipalRecord| core.store.principal(&person.user_id).await.expect("read").expect("a row");
    for operation in ["ListUsers", "AdminListGroupsForUser"] {
        deployment.proxy.always_to(operation, fault);
        run().await.expect_err("the directory can't be read on");
        deployment.proxy.heal();
    }
    for person in [&ann, &bob, &eve] {
        assert_eq!(&row(person).await, person, "{fault:?}: nobody loses anything by a pool that does not answer");
    }
    // Those who changed can't be looked up, and hold up nobody.
    deployment.proxy.always_to("AdminGetUser", fault);
    let done = run().await.expect("goes on");
    deployment.proxy.heal();
    assert_eq!((done.seen, done.failed, done.complete), (3, 2, true), "{fault:?}");
    assert_eq!([row(&ann).await, row(&eve).await], [ann.clone(), eve.clone()], "{fault:?}");
    assert_eq!(run().await.expect("runs").failed, 0, "after {fault:?}");
    assert_eq!(row(&ann).await.name, "Ann Ash", "after {fault:?}");
    let closed = row(&eve).await;
    assert!(!closed.enabled && closed.role.is_none(), "after {fault:?}: {closed:?}");
    assert_eq!(row(&bob).await, bob, "after {fault:?}");
}

//! The function that a user pool asks before it makes tokens, when the account misbehaves or it is killed: the pool asks
//! again, and the row says what the tokens say.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use app::identity::{Admitted, ClaimRules};
use aws::events;
use datalake_tests_faults::{Counted, Fault};
use domain::{
    access::Action,
    audit::AuditRecord,
    group::GroupName,
    id::UserId,
    job::{Job, JobKind},
    ports::Table,
    principal::Role,
    sign_in::SignInEvent,
};
use function_identity::{Deps, TIME_LIMIT, Trigger};
use futures::FutureExt;
use testkit::{
    SequentialIds,
    builders::{group, now, user_id},
};

use crate::{
    account::Deployment,
    events::{event, failed},
    kill::at_every,
    left_out, side_by_side,
};

impl Deployment {
    /// A process of the function.
    fn trigger(&self, ids: &Arc<SequentialIds>) -> Trigger {
        Trigger::new(Deps {
            tables: self.tables(),
            jobs: self.jobs(),
            clock: self.clock.clone(),
            ids: ids.clone(),
            rules: ClaimRules::new("cognito", None, Some("admins")).expect("rules"),
            time_limit: TIME_LIMIT,
        })
    }

    /// What is told of the changes in a table that were not `seen` yet, and of reads.
    pub(crate) async fn told(&self, table: Table, seen: &mut usize) -> Vec<AuditRecord> {
        let worker = app::workers::changes::Changes::new(self.direct.jobs(self.queues.clone()));
        let stream = self.stream(table).await.split_off(*seen);
        *seen += stream.len();
        let answer = events::changes(event(&stream), &self.names, &worker).await.expect("an event");
        assert_eq!(failed(&answer), [""; 0]);
        self.audited().await
    }

    /// The records in the audit queue.
    async fn audited(&self) -> Vec<AuditRecord> {
        let record = |(body, _): (String, _)| match serde_json::from_str(&body) {
            Ok(Job::Audit { record }) => record,
            other => panic!("not a record: {other:?}"),
        };
        self.messages(JobKind::Audit).await.into_iter().map(record).collect()
    }
}

/// Somebody signs in whose groups do not all count.
fn sign_in(number: u64) -> SignInEvent {
    SignInEvent {
        user_id: user_id(&format!("user-{number}")),
        directory: "pool_1".to_owned(),
        directory_name: format!("user-{number}"),
        attributes: [("email".to_owned(), format!("user-{number}@example.org"))].into(),
        groups: vec!["rivers".to_owned(), "No Group Of Ours!".to_owned()],
        renewal: false,
    }
}

fn admitted() -> Admitted {
    Admitted { role: Some(Role::Member), groups: vec![group("rivers")] }
}

/// The row says what the tokens say.
async fn assert_noted(deployment: &Deployment, user_id: &UserId, case: &str) {
    let row = deployment.core().store.principal(user_id).await.expect("read").unwrap_or_else(|| panic!("{case}: no row"));
    let groups: Vec<GroupName> = admitted().groups;
    assert_eq!((row.role, row.groups, row.last_sign_in), (admitted().role, groups, Some(now())), "{case}");
}

#[tokio::test]
async fn killed_at_any_call_it_is_asked_again_and_says_the_same() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let ids = Arc::new(SequentialIds::default());
    let mut number = 0;
    at_every(Counted::All, 2, async |place| {
        number += 1;
        let event = sign_in(number);
        let done = place.reached_by(&deployment, deployment.trigger(&ids).admit(&event)).await;
        let again = deployment.trigger(&ids).admit(&event).await.unwrap_or_else(|error| panic!("{place:?}: {error}"));
        assert_eq!(again, admitted(), "{place:?}");
        assert_noted(&deployment, &event.user_id, &format!("{place:?}")).await;
        done.is_some_and(|done| done.is_ok())
    })
    .await;
    // The pool's question has no name: one that is asked again can't be told from a second sign-in, and both are told.
    let told = deployment.told(Table::Keys, &mut 0).await;
    for number in 1..=number {
        let of_user = |record: &&AuditRecord| record.resource == user_id(&format!("user-{number}")).to_string();
        let told: Vec<&AuditRecord> = told.iter().filter(of_user).collect();
        assert!(told.iter().all(|record| record.action == Action::SignIn), "{told:?}");
        let sign_ins = told.iter().filter(|record| record.reason.is_none()).count();
        let left_out = told.len() - sign_ins;
        assert!((1..=2).contains(&sign_ins) && (1..=2).contains(&left_out), "{number}: {told:?}");
    }
}

#[tokio::test]
async fn no_tokens_are_made_for_whoever_could_not_be_noted() {
    if left_out() {
        return;
    }
    let deployment = &Deployment::new().await;
    let faults =
        [Fault::Throttled, Fault::Broken, Fault::Expired, Fault::Unheard, Fault::Lost, Fault::Torn, Fault::Slow(Duration::from_secs(60))];
    let calls = ["BatchGetItem", "TransactWriteItems", "SendMessage"];
    let cases = calls.into_iter().flat_map(|operation| faults.map(|fault| (operation, fault)));
    let check = |(operation, fault): (&'static str, Fault), number| async move {
        let deployment = deployment.beside().await;
        // Each process has ids of its own.
        let ids = Arc::new(SequentialIds::new(1_000_000 * number));
        let event = sign_in(number);
        deployment.proxy.always_to(operation, fault);
        let begin = Instant::now();
        let error = deployment.trigger(&ids).admit(&event).await.expect_err("not noted");
        // The pool waits for five seconds.
        assert!(begin.elapsed() < TIME_LIMIT + Duration::from_secs(1), "{operation}, {fault:?} took {:?}", begin.elapsed());
        assert!(["slow_down", "unavailable"].contains(&error.code()), "{operation}, {fault:?}: {error:?}");
        let row = deployment.core().store.principal(&event.user_id).await.expect("read");
        let done = operation == "TransactWriteItems" && matches!(fault, Fault::Lost | Fault::Torn | Fault::Slow(_));
        assert_eq!(row.is_some(), done, "{operation}, {fault:?}");
        deployment.proxy.heal();
        assert_eq!(deployment.trigger(&ids).admit(&event).await.expect("admitted"), admitted(), "{operation}, after {fault:?}");
        assert_noted(&deployment, &event.user_id, &format!("{operation}, after {fault:?}")).await;
    };
    side_by_side(cases.zip(1..).map(|(case, number)| check(case, number).boxed())).await;
}

//! Cognito's question before it makes tokens, through the identity function.

use std::{sync::Arc, time::Duration};

use app::identity::{Admitted, ClaimRules};
use aws::events::{TokenClaims, pre_token, pre_token_answer};
use domain::{PortErrorKind, job::Job, ports::Table};
use function_identity::{Deps, TIME_LIMIT, Trigger};
use serde_json::{Value, json};
use testkit::{FixedClock, MemoryJobs, MemoryTables, SequentialIds};

use crate::support::fixture;

struct Home {
    clock: Arc<FixedClock>,
    tables: Arc<MemoryTables>,
    jobs: Arc<MemoryJobs>,
    trigger: Trigger,
}

impl Home {
    fn new(rules: ClaimRules) -> Self {
        let (clock, tables, jobs) = (Arc::new(FixedClock::default()), Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()));
        let ids = Arc::new(SequentialIds::default());
        let deps = Deps { tables: tables.clone(), jobs: jobs.clone(), clock: clock.clone(), ids, rules, time_limit: TIME_LIMIT };
        Self { trigger: Trigger::new(deps), clock, tables, jobs }
    }

    fn managed() -> Self {
        Self::new(ClaimRules::new("cognito", Some("{}"), Some("admins")).expect("rules"))
    }

    fn federated() -> Self {
        let map = r#"{"CN=Research & Development,OU=Groups": "research"}"#;
        Self::new(ClaimRules::new("federated", Some(map), Some("Lake Admins")).expect("rules"))
    }

    /// As the function's program does it.
    async fn ask(&self, event: Value) -> Option<Value> {
        let Admitted { role, groups } = self.trigger.admit(&pre_token(event.clone()).ok()?).await.ok()?;
        pre_token_answer(event, &TokenClaims { role, groups }).ok()
    }

    fn rows(&self) -> Vec<domain::ports::Item> {
        self.tables.rows(Table::Keys)
    }
}

/// What Cognito reads of the answer.
fn details(answer: &Value) -> &Value {
    &answer["response"]["claimsAndScopeOverrideDetails"]
}

#[tokio::test]
async fn a_managed_directorys_sign_in() {
    let home = Home::managed();
    let answer = home.ask(fixture("sign_in")).await.expect("admitted");
    insta::assert_json_snapshot!("managed_sign_in_answer", answer);
    insta::assert_json_snapshot!("managed_sign_in_rows", home.rows());
}

#[tokio::test]
async fn a_federated_sign_in_has_the_groups_that_the_provider_tells() {
    let home = Home::federated();
    let answer = home.ask(fixture("federated_sign_in")).await.expect("admitted");
    insta::assert_json_snapshot!("federated_sign_in_answer", details(&answer));
    insta::assert_json_snapshot!("federated_sign_in_rows", home.rows());
    let audited: Vec<Value> = home.jobs.take().iter().map(|job: &Job| serde_json::to_value(job).expect("JSON")).collect();
    insta::assert_json_snapshot!("federated_sign_in_audited", audited);
}

#[tokio::test]
async fn what_somebody_wrote_about_oneself_counts_for_nothing_at_a_renewal() {
    let home = Home::federated();
    let first = home.ask(fixture("federated_sign_in")).await.expect("admitted");
    let rows = home.rows();
    home.clock.advance(Duration::from_secs(900));
    let renewed = home.ask(fixture("federated_renewal")).await.expect("admitted");
    assert_eq!(details(&renewed), details(&first));
    assert_eq!(home.rows(), rows, "no sign-in, and nothing new");
}

#[tokio::test]
async fn events_that_were_recorded_are_read_as_well() {
    let home = Home::managed();
    let answer = home.ask(fixture("sign_in_recorded")).await.expect("admitted");
    insta::assert_json_snapshot!("recorded_sign_in_answer", details(&answer));
    let rows = home.rows();
    home.clock.advance(Duration::from_secs(900));
    let renewed = home.ask(fixture("renewal_recorded")).await.expect("admitted");
    assert_eq!((details(&renewed), home.rows()), (details(&answer), rows));
}

#[tokio::test]
async fn the_answer_is_the_event_with_its_response() {
    let event = fixture("sign_in");
    let mut answer = Home::managed().ask(event.clone()).await.expect("admitted");
    answer["response"] = event["response"].clone();
    assert_eq!(answer, event);
}

/// Fifty groups of 64 bytes: the token has to fit into a header of a request whose lines have 10,240 bytes.
#[tokio::test]
async fn the_largest_token_fits_into_a_request() {
    let mut event = fixture("sign_in");
    event["request"]["groupConfiguration"]["groupsToOverride"] =
        (10..70).map(|number| json!(format!("{number}{}", "x".repeat(62)))).collect();
    let answer = Home::managed().ask(event).await.expect("admitted");
    let groups = details(&answer)["groupOverrideDetails"]["groupsToOverride"].as_array().expect("a list");
    assert_eq!(groups.len(), 50);
    let claims = serde_json::to_string(&json!({ "cognito:groups": groups, "role": "member" })).expect("JSON");
    // In Base64, beside a signature of 256 bytes and the other claims.
    assert!(claims.len().div_ceil(3) * 4 < 6_000, "{} bytes", claims.len());
}

#[tokio::test]
async fn nobody_gets_tokens_whom_nobody_could_write_down() {
    type Damage = fn(&mut Value);
    let damages: [(&str, Damage); 6] = [
        ("no id", |event| drop(event["request"]["userAttributes"].as_object_mut().map(|attributes| attributes.remove("sub")))),
        ("an id that is none", |event| event["request"]["userAttributes"]["sub"] = json!("a/b")),
        ("no name", |event| event["userName"] = Value::Null),
        ("no source", |event| event["triggerSource"] = Value::Null),
        ("a source of a later version", |event| event["triggerSource"] = json!("TokenGeneration_ClientCredentials")),
        ("the first version's event", |event| drop(event["request"].as_object_mut().map(|request| request.remove("scopes")))),
    ];
    for (what, damage) in damages {
        let home = Home::managed();
        let mut event = fixture("sign_in");
        damage(&mut event);
        assert_eq!(home.ask(event).await, None, "{what}");
        assert!(home.rows().is_empty(), "{what}");
    }
    let home = Home::managed();
    home.tables.fail("tables.transact", PortErrorKind::Unavailable, 1);
    assert_eq!(home.ask(fixture("sign_in")).await, None, "the row could not be written");
}

#[test]
fn the_ciphertext_of_secrets_goes_no_further() {
    let event = pre_token(fixture("sign_in")).expect("an event");
    assert!(!event.attributes.contains_key("custom:secret_access_key"));
    assert!(!format!("{event:?}").contains("example"), "attributes are personal");
}

//! Following grant links.

use std::time::Duration;

use app::{AppResult, ErrorKind, exports::Checkout};
use domain::{
    ExportId, PackageId,
    access::Action,
    audit::AuditOutcome,
    cart::ExportState,
    dataset::{Dataset, DatasetState},
    package::Package,
    ports::{ObjectAddress, ObjectVersion, Objects, SignedRequest, Table},
    settings::Settings,
};
use futures::TryStreamExt as _;
use testkit::builders::{BUCKET, groups, member, package};

use crate::lake::{Lake, at, bob, by};

/// An export of one file by grant links, with its token.
struct Granted {
    lake: Lake,
    package: PackageId,
    dataset: Dataset,
    export: ExportId,
    token: String,
}

impl Granted {
    async fn new() -> Self {
        Self::over(Lake::new().await).await
    }

    async fn over(lake: Lake) -> Self {
        let package = lake.package(1).await;
        let dataset = lake.dataset(1, 1, "a.csv").await;
        lake.fill(&[package]).await;
        let export = lake.checkout("grant").await;
        lake.settle().await;
        let token = token(&lake, export).await;
        lake.audited();
        Self { lake, package, dataset, export, token }
    }

    async fn follow(&self) -> AppResult<SignedRequest> {
        self.lake.exports.follow_grant(&self.token, 0, None, &bob().origin).await
    }

    /// Asserts that the link leads nowhere, with the answer that every dead link has, and why.
    async fn is_dead(&self, reason: &str) {
        let refused = self.follow().await.expect_err("a dead link");
        assert_eq!((refused.kind(), refused.message()), (ErrorKind::NotFound, "This link does not work, or does no longer."));
        assert_eq!(self.lake.denials(Action::GrantFollow), [reason]);
    }
}

async fn token(lake: &Lake, export: ExportId) -> String {
    let view = lake.exports.read(&bob(), export).await.expect("ready");
    let file = &view.manifests[0].file;
    let address = ObjectAddress { bucket: BUCKET.to_owned(), key: file.key.clone() };
    let body = lake.objects.get(&ObjectVersion { address, version: file.version.clone() }, None).await.expect("there");
    let chunks: Vec<_> = body.bytes.try_collect().await.expect("read");
    let manifest: serde_json::Value = serde_json::from_slice(&chunks.concat()).expect("JSON");
    let link = manifest["entries"][0]["grant"].as_str().expect("a link").to_owned();
    link.rsplit('/').nth(1).expect("a token").to_owned()
}

#[tokio::test]
async fn whoever_holds_the_link_gets_the_bytes_is_counted_and_is_audited() {
    let granted = Granted::new().await;
    let request = granted.follow().await.expect("followed");
    assert_eq!(&granted.lake.objects.fetch(&request).await.expect("fetched")[..], b"abc");
    assert_eq!(request.expires_at, at(Duration::from_secs(300)));
    granted.lake.exports.follow_grant(&granted.token, 0, Some(&member("eve")), &bob().origin).await.expect("followed");
    assert_eq!(granted.lake.export(granted.export).await.followed, 2);
    let told: Vec<_> = granted.lake.audited().into_iter().filter(|record| record.action == Action::GrantFollow).collect();
    let who: Vec<_> = told.iter().map(|record| record.actor.user_id.as_ref().map(ToString::to_string)).collect();
    assert_eq!(who, [None, Some("eve".to_owned())]);
    assert!(told.iter().all(|record| record.outcome == AuditOutcome::Allow && record.resource == granted.package.to_string()));
    granted.lake.settle().await;
    assert!(granted.lake.audited().is_empty(), "the count is told to nobody");
}

#[tokio::test]
async fn no_row_holds_the_token() {
    let granted = Granted::new().await;
    let rows = serde_json::to_string(&granted.lake.tables.rows(Table::Cart)).expect("JSON");
    assert!(rows.contains("token_hash") && !rows.contains(&granted.token));
}

#[tokio::test]
async fn other_tokens_and_other_numbers_lead_nowhere() {
    let granted = Granted::new().await;
    let lake = &granted.lake;
    for (token, number) in [("", 0), ("x", 0), (&"A".repeat(43), 0), (&granted.token, 1), (&granted.token, u64::MAX)] {
        let refused = lake.exports.follow_grant(token, number, None, &bob().origin).await.expect_err("nothing there");
        assert_eq!(refused.message(), "This link does not work, or does no longer.");
    }
    assert_eq!(lake.denials(Action::GrantFollow).len(), 3, "of what can be no token nothing is kept");
    assert_eq!(lake.export(granted.export).await.followed, 0);
}

#[tokio::test]
async fn a_link_ends_at_the_second_and_its_url_no_later() {
    let granted = Granted::new().await;
    let end = granted.lake.export(granted.export).await.expires_at.expect("ready");
    granted.lake.clock.set(end.minus(Duration::from_secs(10)));
    assert_eq!(granted.follow().await.expect("followed").expires_at, end);
    granted.lake.audited();
    granted.lake.clock.set(end);
    granted.is_dead("the export is revoked, expired or not ready").await;
}

#[tokio::test]
async fn a_revoked_link_is_dead_at_once_even_while_the_index_still_knows_its_token() {
    let granted = Granted::new().await;
    granted.follow().await.expect("followed");
    granted.lake.audited();
    granted.lake.tables.lag_indexes(u32::MAX);
    let answer = granted.lake.exports.revoke(&bob(), granted.export).await.expect("revoked");
    assert_eq!(answer.urls_live_until, Some(at(Duration::from_secs(300))), "one was handed out");
    granted.is_dead("the export has another token").await;
    granted.lake.tables.lag_indexes(0);
    granted.is_dead("no export has this token").await;
}

#[tokio::test]
async fn a_link_lives_only_while_its_exporter_has_the_right() {
    let granted = Granted::new().await;
    let lake = &granted.lake;
    lake.put_package(&Package { visibility: groups(&["team"]), ..package(1, "ann") }).await;
    granted.is_dead("the package is not visible to the caller").await;
    lake.package(1).await;
    granted.follow().await.expect("it is visible again");
    lake.audited();
    lake.person("bob", false).await;
    granted.is_dead("the exporter may do nothing any more").await;
}

#[tokio::test]
async fn replaced_or_removed_bytes_are_not_handed_out() {
    let granted = Granted::new().await;
    let removed = Dataset { state: DatasetState::Removed, ..granted.dataset.clone() };
    granted.lake.put_dataset_row(&removed).await;
    granted.is_dead("the dataset was replaced or removed").await;
}

#[tokio::test]
async fn a_setting_asks_for_sign_in_as_well() {
    let lake = Lake::new().await;
    let settings = Settings { grants_need_sign_in: true, ..Settings::default() };
    lake.core.store.save_settings(&settings).await.expect("saved");
    let granted = Granted::over(lake).await;
    let refused = granted.follow().await.expect_err("nobody signed in");
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    assert_eq!(granted.lake.denials(Action::GrantFollow).len(), 1);
    let eve = member("eve");
    granted.lake.exports.follow_grant(&granted.token, 0, Some(&eve), &bob().origin).await.expect("anybody who signed in");
}

#[tokio::test]
async fn what_cannot_be_audited_is_not_handed_out() {
    let granted = Granted::new().await;
    granted.lake.jobs.faults.fail_next(domain::PortErrorKind::Unavailable);
    assert_eq!(granted.follow().await.expect_err("not audited").kind(), ErrorKind::Unavailable);
    assert_eq!(granted.lake.export(granted.export).await.followed, 0);
}

#[tokio::test]
async fn a_token_survives_a_failure_so_that_its_links_stay_the_same() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    lake.fill(&[id]).await;
    let export = lake.checked_out(&Checkout { format: "grant".to_owned(), ..Checkout::default() }).await;
    lake.objects.faults().fail_once("objects.put", domain::PortErrorKind::PermissionDenied);
    lake.settle().await;
    lake.exports.retry(&bob(), export.id).await.expect("accepted");
    lake.settle().await;
    let again = lake.export(export.id).await;
    assert_eq!((again.state, again.token_hash.is_some()), (ExportState::Ready, true));
    assert_eq!(again.token_hash, export.token_hash);
    let token = token(&lake, export.id).await;
    lake.exports.follow_grant(&token, 0, None, &by(member("eve")).origin).await.expect("followed");
}

//! Checking out, looking at exports, trying again, taking back.

use std::time::Duration;

use app::{Paging, exports::Checkout, idempotency::IdempotencyKey};
use domain::{PortErrorKind, access::Action, cart::ExportState, ports::Table};
use testkit::builders::{PrincipalExt as _, member, only_packages};

use crate::lake::{Lake, at, bob, bob_id, by, code};

fn of(format: &str) -> Checkout {
    Checkout { format: format.to_owned(), ..Checkout::default() }
}

#[tokio::test]
async fn everything_that_breaks_a_rule_is_named() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    let pointers = async |checkout: Checkout| -> Vec<String> {
        let refused = lake.exports.checkout(&bob(), &checkout, None).await.expect_err("breaks rules");
        assert_eq!(refused.code(), "invalid");
        refused.fields().iter().map(|field| field.pointer.clone()).collect()
    };
    assert_eq!(pointers(of("zip")).await, ["/format"]);
    for (format, life) in [("signed-url", 899), ("signed-url", 3_601), ("grant", 2_592_001), ("bucket-key", 0)] {
        assert_eq!(pointers(Checkout { expires_in: Some(life), ..of(format) }).await, ["/expires_in"], "{format} {life}");
    }
    assert_eq!(pointers(Checkout { paths: vec!["[".to_owned()], ..of("grant") }).await, ["/paths/0"]);
    assert_eq!(pointers(Checkout { items: Some(Vec::new()), ..of("grant") }).await, ["/items"]);
    let foreign = testkit::builders::cart_item(77, "bob", 1).id.to_string();
    assert_eq!(pointers(Checkout { items: Some(vec!["itm_x".to_owned()]), ..of("grant") }).await, ["/items/0"]);
    assert_eq!(pointers(Checkout { items: Some(vec![foreign]), ..of("grant") }).await, ["/items/0"]);
    assert!(lake.tables.rows(Table::Cart).iter().all(|row| !row["item"].as_str().unwrap_or_default().starts_with("export#")));
}

#[tokio::test]
async fn an_empty_cart_and_one_of_hidden_packages_are_conflicts() {
    let lake = Lake::new().await;
    assert_eq!(code(lake.exports.checkout(&bob(), &of("grant"), None).await), "cart_empty");
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    lake.hide(1).await;
    assert_eq!(code(lake.exports.checkout(&bob(), &of("grant"), None).await), "nothing_visible");
}

#[tokio::test]
async fn a_repeated_checkout_answers_the_first_export_though_the_cart_is_empty_by_then() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    let key = IdempotencyKey::new(&bob(), Action::ExportCreate, "once", b"body").expect("a key");
    let first = lake.exports.checkout(&bob(), &of("bucket-key"), Some(&key)).await.expect("accepted");
    lake.settle().await;
    assert!(lake.core.store.cart_items(&bob_id()).await.expect("read").is_empty());
    let second = lake.exports.checkout(&bob(), &of("bucket-key"), Some(&key)).await.expect("the same");
    assert_eq!(first.id, second.id);
    assert_eq!(second.state, ExportState::Ready);
}

#[tokio::test]
async fn chosen_items_are_exported_and_the_others_stay_in_the_cart() {
    let lake = Lake::new().await;
    let (first, second) = (lake.package(1).await, lake.package(2).await);
    lake.fill(&[first, second]).await;
    let item = lake.core.store.cart_items(&bob_id()).await.expect("read").pop().expect("two items");
    let export = lake.checked_out(&Checkout { items: Some(vec![item.id.to_string()]), ..of("bucket-key") }).await;
    assert_eq!(export.packages, [(item.id, second)]);
    assert_eq!(lake.core.store.cart_items(&bob_id()).await.expect("read").len(), 2, "until the export is there");
    lake.settle().await;
    let left = lake.core.store.cart_items(&bob_id()).await.expect("read");
    assert_eq!(left.iter().map(|item| item.package_id).collect::<Vec<_>>(), [first]);
}

#[tokio::test]
async fn an_item_that_was_put_in_again_meanwhile_stays() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    lake.checkout("bucket-key").await;
    lake.cart.empty(&bob()).await.expect("emptied");
    lake.fill(&[id]).await;
    lake.settle().await;
    assert_eq!(lake.core.store.cart_items(&bob_id()).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_narrowed_key_widens_itself_neither_by_checkout_nor_by_reading() {
    let lake = Lake::new().await;
    let (mine, other) = (lake.package(1).await, lake.package(2).await);
    lake.fill(&[mine, other]).await;
    let key = by(member("bob").with_key(only_packages(&[1])));
    let narrow = lake.exports.checkout(&key, &of("signed-url"), None).await.expect("accepted");
    assert_eq!(narrow.packages.iter().map(|(_, package)| *package).collect::<Vec<_>>(), [mine]);
    assert_eq!(narrow.skipped.iter().map(|skipped| skipped.package_id).collect::<Vec<_>>(), [other]);

    let wide = lake.checkout("signed-url").await;
    lake.settle().await;
    let seen = lake.exports.read(&key, wide).await.expect("read");
    let files: Vec<_> = seen.manifests.iter().map(|manifest| manifest.file.package_id).collect();
    assert_eq!(files, [Some(mine), None]);
    assert_eq!((seen.export.skipped[0].package_id, seen.export.skipped_count), (other, 1));
    assert_eq!(lake.exports.read(&bob(), wide).await.expect("read").manifests.len(), 3);
}

#[tokio::test]
async fn exports_are_listed_newest_first_and_nobody_sees_anothers() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    let first = lake.checkout("grant").await;
    let second = lake.checkout("bucket-key").await;
    let page = lake.exports.list(&bob(), &Paging { limit: 1, cursor: None }).await.expect("a page");
    assert_eq!(page.items[0].id, second);
    let rest = lake.exports.list(&bob(), &Paging { limit: 1, cursor: page.next_cursor }).await.expect("a page");
    assert_eq!(rest.items[0].id, first);
    let eve = by(member("eve"));
    assert_eq!(code(lake.exports.read(&eve, first).await), "not_found");
    assert_eq!(code(lake.exports.revoke(&eve, first).await), "not_found");
    assert!(lake.exports.list(&eve, &Paging::default()).await.expect("a page").items.is_empty());
}

#[tokio::test]
async fn an_export_ends_at_its_second_and_no_url_outlives_it() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    lake.fill(&[id]).await;
    let export = lake.checked_out(&Checkout { expires_in: Some(900), ..of("bucket-key") }).await.id;
    lake.settle().await;
    let end = at(Duration::from_secs(900));
    assert_eq!(lake.export(export).await.expires_at, Some(end));

    lake.clock.set(end.minus(Duration::from_secs(60)));
    let view = lake.exports.read(&bob(), export).await.expect("read");
    assert!(view.manifests.iter().all(|manifest| manifest.request.expires_at == end), "900 s would be too long");
    lake.clock.set(end.minus(Duration::from_millis(1)));
    assert_eq!(lake.export(export).await.state, ExportState::Ready);
    lake.clock.set(end);
    let view = lake.exports.read(&bob(), export).await.expect("read");
    assert_eq!((view.export.state, view.manifests.len()), (ExportState::Revoked, 0));
}

#[tokio::test]
async fn only_a_failed_export_is_tried_again() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    lake.fill(&[id]).await;
    lake.objects.fail_when("objects.put", PortErrorKind::PermissionDenied);
    let export = lake.checkout("grant").await;
    lake.settle().await;
    let failed = lake.export(export).await;
    assert_eq!(failed.state, ExportState::Failed);
    assert!(failed.failure.is_some_and(|why| !why.contains("PermissionDenied")), "a sentence for people");
    assert_eq!(lake.core.store.cart_items(&bob_id()).await.expect("read").len(), 1);

    lake.objects.faults().heal();
    assert_eq!(lake.exports.retry(&bob(), export).await.expect("accepted").state, ExportState::Running);
    lake.settle().await;
    let ready = lake.export(export).await;
    assert_eq!((ready.state, ready.failure, ready.written.entries), (ExportState::Ready, None, 1));
    assert_eq!(code(lake.exports.retry(&bob(), export).await), "not_failed");
}

#[tokio::test]
async fn taking_back_says_until_when_signed_urls_live() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    lake.fill(&[id]).await;
    let (urls, keys) = (lake.checkout("signed-url").await, lake.checkout("bucket-key").await);
    lake.settle().await;
    let answer = lake.exports.revoke(&bob(), urls).await.expect("revoked");
    assert_eq!(answer.urls_live_until, Some(at(Duration::from_secs(3_600))));
    assert_eq!(lake.exports.revoke(&bob(), urls).await.expect("twice is once"), answer);
    assert_eq!(lake.exports.revoke(&bob(), keys).await.expect("revoked").urls_live_until, None);
    lake.settle().await;
    assert!(lake.objects.keys("data").iter().all(|key| key.starts_with("packages/")), "files went");
    let told: Vec<_> = lake.audited().into_iter().filter(|record| record.action == Action::ExportRevoke).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(lake.export(urls).await.state, ExportState::Revoked);
}

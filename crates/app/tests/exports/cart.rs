//! The cart.

use app::{ErrorKind, Paging};
use domain::{PackageId, access::Action, cart::ITEMS_PER_CART, ports::Table};
use testkit::builders::{PrincipalExt as _, member, only_packages, package, package_id, read_only};

use crate::lake::{Lake, bob, by, code};

#[tokio::test]
async fn s1_what_the_caller_may_not_see_never_enters_the_cart() {
    let lake = Lake::new().await;
    let hidden = lake.put_package(&package(1, "ann")).await;
    let refused = lake.cart.add(&bob(), hidden).await.expect_err("not visible");
    let absent = lake.cart.add(&bob(), package_id(99)).await.expect_err("not there");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert_eq!(refused.message(), absent.message());
    assert_eq!(lake.denials(Action::CartAdd).len(), 2);
    assert!(lake.tables.rows(Table::Cart).is_empty());
}

#[tokio::test]
async fn a_key_adds_only_what_it_is_for() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    let reading = by(member("bob").with_key(read_only()));
    assert_eq!(code(lake.cart.add(&reading, id).await), "forbidden");
    let other = by(member("bob").with_key(only_packages(&[2])));
    assert_eq!(code(lake.cart.add(&other, id).await), "not_found");
}

#[tokio::test]
async fn adding_twice_is_the_same_item() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    let (first, new) = lake.cart.add(&bob(), id).await.expect("added");
    let (second, again) = lake.cart.add(&bob(), id).await.expect("there");
    assert!(new && !again);
    assert_eq!(first.item, second.item);
    assert_eq!(lake.cart.read(&bob(), first.item.id).await.expect("there").item, first.item);
}

#[tokio::test]
async fn the_list_is_in_order_of_adding_and_tells_nothing_of_hidden_packages() {
    let lake = Lake::new().await;
    for number in [3, 1, 2] {
        let id = lake.package(number).await;
        lake.fill(&[id]).await;
    }
    lake.hide(1).await;
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = lake.cart.list(&bob(), &Paging { limit: 2, cursor }).await.expect("a page");
        found.extend(page.items.iter().map(|entry| (entry.item.package_id, entry.visible())));
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(found, [(package_id(3), true), (package_id(1), false), (package_id(2), true)]);
}

#[tokio::test]
async fn a_full_cart_says_so_and_has_room_again() {
    let lake = Lake::new().await;
    for number in 1..=1_001 {
        lake.package(number).await;
    }
    let ids: Vec<PackageId> = (1..=ITEMS_PER_CART).map(|number| package_id(number as u64)).collect();
    lake.fill(&ids).await;
    assert_eq!(code(lake.cart.add(&bob(), package_id(1_001)).await), "cart_full");
    let (present, new) = lake.cart.add(&bob(), package_id(7)).await.expect("in already");
    assert!(!new);
    lake.cart.remove(&bob(), present.item.id).await.expect("removed");
    assert!(lake.cart.add(&bob(), package_id(1_001)).await.expect("room").1);

    lake.settle().await;
    lake.audited();
    lake.cart.empty(&bob()).await.expect("emptied");
    assert!(lake.core.store.cart_items(&bob().principal.user_id).await.expect("read").is_empty());
    lake.settle().await;
    let told = lake.audited();
    assert_eq!(told.iter().map(|record| record.action).collect::<Vec<_>>(), [Action::CartRemove], "one action is told once");
    assert!(lake.cart.add(&bob(), package_id(1)).await.expect("room").1);
}

#[tokio::test]
async fn a_removed_item_is_gone_and_only_once() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    let (entry, _) = lake.cart.add(&bob(), id).await.expect("added");
    assert_eq!(code(lake.cart.remove(&by(member("eve")), entry.item.id).await), "not_found");
    lake.cart.remove(&bob(), entry.item.id).await.expect("removed");
    assert_eq!(code(lake.cart.remove(&bob(), entry.item.id).await), "not_found");
    assert_eq!(code(lake.cart.read(&bob(), entry.item.id).await), "not_found");
}

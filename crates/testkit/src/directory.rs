//! Contract suites of `Directory`, `Groups` and `UserRecords`. They are one home's view of the same people, so they are tried together.
//!
//! [`directory_suite!`](crate::directory_suite) makes one test of each check, so that a failure has a name.

use std::{any::Any, collections::BTreeSet, sync::Arc};

use domain::{
    PortErrorKind, PortResult,
    group::{Group, GroupName},
    id::UserId,
    ports::{Directory, DirectoryUser, Groups, Invitation, UserRecords},
    principal::Role,
    user::UserStatus,
};

/// An empty home of people under test.
pub struct DirectoryHome {
    /// Its directory.
    pub directory: Arc<dyn Directory>,
    /// Its groups.
    pub groups: Arc<dyn Groups>,
    /// Its secret records.
    pub records: Arc<dyn UserRecords>,
    /// What must live as long as the test: a temporary folder, a server.
    pub guard: Box<dyn Any + Send + Sync>,
}

impl DirectoryHome {
    /// A home whose one adapter implements all three ports.
    pub fn of<A: Directory + Groups + UserRecords + 'static>(adapter: Arc<A>, guard: impl Any + Send + Sync) -> Self {
        Self { directory: Arc::clone(&adapter) as _, groups: Arc::clone(&adapter) as _, records: adapter, guard: Box::new(guard) }
    }
}

/// One `#[tokio::test]` for each check of the suites, over the home that the expression makes: `directory_suite!(my_home().await);`
///
/// Where one stand-in for a home deviates, named checks run over another:
/// `directory_suite!(one().await, unless = left_out; other().await => a_check, another_check);`. `unless` is the path of
/// a `fn() -> bool` that tells whether the checks are left out.
#[macro_export]
macro_rules! directory_suite {
    ($home:expr) => {
        $crate::directory_suite!($home, unless = $crate::tables::nothing_is_left_out; $home => );
    };
    ($home:expr, unless = $left_out:path; $other:expr => $($elsewhere:ident),*) => {
        $crate::directory_suite!(@each $home, $left_out, $other, [$(stringify!($elsewhere)),*];
            an_invited_person_is_found_under_its_id
            an_address_is_taken_in_any_case
            an_address_is_free_again_after_deletion
            absent_people_are_not_found
            name_and_role_change_one_by_one
            a_disabled_person_is_shown_so_and_let_in_again
            everybody_comes_once_in_pages_of_at_most_sixty
            a_prefix_finds_names_and_addresses_in_any_case
            a_prefix_is_taken_literally
            a_prefix_finds_across_pages
            invitations_at_once_for_one_address_make_one_person
            a_group_is_made_changed_and_removed
            groups_that_are_absent_or_taken_are_reported
            groups_come_once_in_pages_of_at_most_sixty_by_name
            a_membership_is_seen_from_both_sides
            memberships_end_with_the_group_and_with_the_person
            members_come_once_in_pages_of_at_most_sixty
            memberships_set_at_once_are_all_kept
            a_record_is_empty_then_what_was_put_last
            records_hold_any_bytes_up_to_their_limit
            records_of_absent_people_are_not_found
        );
    };
    (@each $home:expr, $left_out:path, $other:expr, $elsewhere:expr; $($check:ident)*) => {$(
        #[tokio::test]
        async fn $check() {
            const ELSEWHERE: &[&str] = &$elsewhere;
            if $left_out() {
                return;
            }
            let home = if ELSEWHERE.contains(&stringify!($check)) { $other } else { $home };
            $crate::directory::$check(home).await;
        }
    )*};
}

const PAGE: usize = 60;

async fn invite(home: &DirectoryHome, email: &str, name: &str) -> DirectoryUser {
    let invitation = Invitation { email: email.to_owned(), name: name.to_owned(), role: Role::Member };
    home.directory.invite(&invitation).await.expect("the address is free")
}

fn group(name: &str) -> Group {
    Group { name: name.parse().expect("a name"), title: format!("Title of {name}"), description: String::new() }
}

fn absent() -> UserId {
    "nobody-at-all".parse().expect("a user id")
}

fn assert_kind<T>(result: PortResult<T>, kind: PortErrorKind) {
    match result {
        Ok(_) => panic!("should have failed with {kind:?}"),
        Err(error) => assert_eq!(error.kind(), kind, "{error}"),
    }
}

async fn all_people(home: &DirectoryHome, prefix: Option<&str>) -> Vec<Vec<DirectoryUser>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = home.directory.page(prefix, after).await.expect("a page");
        pages.push(page.users);
        match page.next {
            Some(next) => after = Some(next),
            None => return pages,
        }
    }
}

async fn emails(home: &DirectoryHome, prefix: &str) -> Vec<String> {
    all_people(home, Some(prefix)).await.into_iter().flatten().map(|user| user.email).collect()
}

/// What `invite` returns is what `get` finds: a path-safe id, the folded address, status `invited`, no groups.
pub async fn an_invited_person_is_found_under_its_id(home: DirectoryHome) {
    let invitation = Invitation { email: "Ada@Example.org".to_owned(), name: "Ada Lovelace".to_owned(), role: Role::Admin };
    let ada = home.directory.invite(&invitation).await.expect("invited");
    assert_eq!((ada.email.as_str(), ada.name.as_str(), ada.role), ("ada@example.org", "Ada Lovelace", Some(Role::Admin)));
    assert_eq!((ada.status, ada.groups.len()), (UserStatus::Invited, 0));
    assert_eq!(home.directory.get(&ada.user_id).await.expect("found"), ada);
    let other = invite(&home, "grace@example.org", "Grace").await;
    assert_ne!(other.user_id, ada.user_id);
}

/// One person per address, whatever its case.
pub async fn an_address_is_taken_in_any_case(home: DirectoryHome) {
    invite(&home, "ada@example.org", "Ada").await;
    let again = Invitation { email: "ADA@example.ORG".to_owned(), name: "Other".to_owned(), role: Role::Member };
    assert_kind(home.directory.invite(&again).await, PortErrorKind::AlreadyExists);
    assert_eq!(all_people(&home, None).await.concat().len(), 1);
}

/// A removed person is gone, and another with the same address is another person.
pub async fn an_address_is_free_again_after_deletion(home: DirectoryHome) {
    let first = invite(&home, "ada@example.org", "Ada").await;
    home.directory.delete(&first.user_id).await.expect("deleted");
    assert_kind(home.directory.get(&first.user_id).await, PortErrorKind::NotFound);
    assert_kind(home.directory.delete(&first.user_id).await, PortErrorKind::NotFound);
    let second = invite(&home, "ada@example.org", "Ada").await;
    assert_ne!(second.user_id, first.user_id);
}

/// Every method that names a person says when there is none.
pub async fn absent_people_are_not_found(home: DirectoryHome) {
    let nobody = absent();
    assert_kind(home.directory.get(&nobody).await, PortErrorKind::NotFound);
    assert_kind(home.directory.update(&nobody, Some("Name"), None).await, PortErrorKind::NotFound);
    assert_kind(home.directory.update(&nobody, None, None).await, PortErrorKind::NotFound);
    assert_kind(home.directory.set_enabled(&nobody, false).await, PortErrorKind::NotFound);
    assert_kind(home.directory.sign_out(&nobody).await, PortErrorKind::NotFound);
    assert_kind(home.directory.delete(&nobody).await, PortErrorKind::NotFound);
}

/// What isn't given stays.
pub async fn name_and_role_change_one_by_one(home: DirectoryHome) {
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    home.directory.update(&ada, Some("Ada King"), None).await.expect("updated");
    let named = home.directory.get(&ada).await.expect("found");
    assert_eq!((named.name.as_str(), named.role), ("Ada King", Some(Role::Member)));
    home.directory.update(&ada, None, Some(Role::Admin)).await.expect("updated");
    let promoted = home.directory.get(&ada).await.expect("found");
    assert_eq!((promoted.name.as_str(), promoted.role), ("Ada King", Some(Role::Admin)));
    assert_eq!(emails(&home, "ada k").await, ["ada@example.org"], "the new name is found");
}

/// Disabling shows at once and can be taken back; sign-out needs no session.
pub async fn a_disabled_person_is_shown_so_and_let_in_again(home: DirectoryHome) {
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    home.directory.set_enabled(&ada, false).await.expect("disabled");
    home.directory.set_enabled(&ada, false).await.expect("disabled already");
    assert_eq!(home.directory.get(&ada).await.expect("found").status, UserStatus::Disabled);
    home.directory.set_enabled(&ada, true).await.expect("enabled");
    assert_eq!(home.directory.get(&ada).await.expect("found").status, UserStatus::Invited);
    home.directory.sign_out(&ada).await.expect("nothing to end");
}

/// Pages repeat and miss nobody, however many there are.
pub async fn everybody_comes_once_in_pages_of_at_most_sixty(home: DirectoryHome) {
    assert!(all_people(&home, None).await.concat().is_empty());
    let mut made = BTreeSet::new();
    for number in 0..2 * PAGE + 1 {
        made.insert(invite(&home, &format!("person{number}@example.org"), "Person").await.user_id);
    }
    let pages = all_people(&home, None).await;
    assert!(pages.len() >= 3 && pages.iter().all(|page| page.len() <= PAGE));
    let listed: Vec<UserId> = pages.concat().into_iter().map(|user| user.user_id).collect();
    assert_eq!((listed.len(), listed.iter().cloned().collect::<BTreeSet<_>>()), (made.len(), made));
    let again: Vec<UserId> = all_people(&home, None).await.concat().into_iter().map(|user| user.user_id).collect();
    assert_eq!(listed, again, "the order does not change");
    home.directory.delete(&listed[0]).await.expect("deleted");
    let pages = all_people(&home, None).await;
    assert_eq!(pages.concat().len(), 2 * PAGE, "a full last page ends the list");
}

/// The beginning of name or address, without regard to case, accented letters included.
pub async fn a_prefix_finds_names_and_addresses_in_any_case(home: DirectoryHome) {
    invite(&home, "ada@example.org", "Lovelace, Ada").await;
    invite(&home, "grace@example.org", "Hopper, Grace").await;
    invite(&home, "elan@example.org", "Élan Vital").await;
    assert_eq!(emails(&home, "LOVE").await, ["ada@example.org"]);
    assert_eq!(emails(&home, "GRA").await, ["grace@example.org"]);
    assert_eq!(emails(&home, "éLAN").await, ["elan@example.org"]);
    assert_eq!(emails(&home, "Ada").await, ["ada@example.org"], "by the address, for the name begins otherwise");
    assert!(emails(&home, "example").await.is_empty(), "only the beginning counts");
}

/// Signs that mean something to a database mean themselves.
pub async fn a_prefix_is_taken_literally(home: DirectoryHome) {
    invite(&home, "a_b@example.org", "100% real").await;
    invite(&home, "axb@example.org", "1000 real").await;
    assert_eq!(emails(&home, "a_").await, ["a_b@example.org"]);
    assert_eq!(emails(&home, "100%").await, ["a_b@example.org"]);
    assert!(emails(&home, "' OR '1'='1").await.is_empty());
    assert!(emails(&home, "*").await.is_empty());
}

/// A page isn't short because people in between don't match.
pub async fn a_prefix_finds_across_pages(home: DirectoryHome) {
    for number in 0..PAGE + 5 {
        invite(&home, &format!("match{number}@example.org"), "Match").await;
        invite(&home, &format!("other{number}@example.org"), "Other").await;
    }
    let pages = all_people(&home, Some("match")).await;
    assert_eq!(pages.concat().len(), PAGE + 5);
    assert!(pages.concat().iter().all(|user| user.email.starts_with("match")));
    assert!(pages.iter().all(|page| page.len() <= PAGE));
}

/// Of invitations at the same time one wins.
pub async fn invitations_at_once_for_one_address_make_one_person(home: DirectoryHome) {
    let invitation = Invitation { email: "ada@example.org".to_owned(), name: "Ada".to_owned(), role: Role::Member };
    let tries = futures::future::join_all((0..8).map(|_| home.directory.invite(&invitation))).await;
    assert_eq!(tries.iter().filter(|made| made.is_ok()).count(), 1);
    for failed in tries.into_iter().filter(Result::is_err) {
        assert_kind(failed, PortErrorKind::AlreadyExists);
    }
}

/// A group keeps what it was given.
pub async fn a_group_is_made_changed_and_removed(home: DirectoryHome) {
    home.groups.create(&group("rivers")).await.expect("made");
    let changed = Group { title: "Rivers & lakes".to_owned(), description: "Water".to_owned(), ..group("rivers") };
    home.groups.update(&changed).await.expect("changed");
    assert_eq!(home.groups.page(None).await.expect("a page").groups, [changed]);
    home.groups.delete(&group("rivers").name).await.expect("removed");
    assert!(home.groups.page(None).await.expect("a page").groups.is_empty());
}

/// Every method that names a group says when there is none, or one already.
pub async fn groups_that_are_absent_or_taken_are_reported(home: DirectoryHome) {
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    let rivers = group("rivers");
    assert_kind(home.groups.update(&rivers).await, PortErrorKind::NotFound);
    assert_kind(home.groups.delete(&rivers.name).await, PortErrorKind::NotFound);
    assert_kind(home.groups.members(&rivers.name, None).await, PortErrorKind::NotFound);
    assert_kind(home.groups.set_membership(&rivers.name, &ada, true).await, PortErrorKind::NotFound);
    home.groups.create(&rivers).await.expect("made");
    assert_kind(home.groups.create(&Group { title: "Other".to_owned(), ..rivers.clone() }).await, PortErrorKind::AlreadyExists);
    assert_eq!(home.groups.page(None).await.expect("a page").groups, std::slice::from_ref(&rivers), "the first stays as it was");
    assert_kind(home.groups.set_membership(&rivers.name, &absent(), true).await, PortErrorKind::NotFound);
    assert_kind(home.groups.set_membership(&rivers.name, &absent(), false).await, PortErrorKind::NotFound);
}

/// Every group comes once; within a page they come in the order of their names' bytes.
pub async fn groups_come_once_in_pages_of_at_most_sixty_by_name(home: DirectoryHome) {
    let names: BTreeSet<String> =
        (0..PAGE + 3).map(|number| format!("{}group-{number}", if number % 2 == 0 { "a" } else { "B" })).collect();
    for name in names.iter().rev() {
        home.groups.create(&group(name)).await.expect("made");
    }
    let (mut listed, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = home.groups.page(after).await.expect("a page");
        assert!(page.groups.len() <= PAGE && page.groups.is_sorted_by(|left, right| left.name < right.name));
        listed.extend(page.groups.into_iter().map(|group| group.name.to_string()));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(pages >= 2);
    listed.sort_unstable();
    assert_eq!(listed, names.into_iter().collect::<Vec<_>>());
}

/// A membership shows in the group and with the person; setting it twice changes nothing.
pub async fn a_membership_is_seen_from_both_sides(home: DirectoryHome) {
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    for name in ["rivers", "Birds"] {
        home.groups.create(&group(name)).await.expect("made");
        home.groups.set_membership(&group(name).name, &ada, true).await.expect("joined");
    }
    let rivers = group("rivers").name;
    home.groups.set_membership(&rivers, &ada, true).await.expect("a member already");
    assert_eq!(home.groups.members(&rivers, None).await.expect("members").members, std::slice::from_ref(&ada));
    assert_eq!(names(&home, &ada).await, ["Birds", "rivers"], "sorted");
    let listed = all_people(&home, None).await.concat();
    assert_eq!(listed[0].groups.len(), 2, "a page shows groups as well");
    home.groups.set_membership(&rivers, &ada, false).await.expect("left");
    home.groups.set_membership(&rivers, &ada, false).await.expect("no member already");
    assert_eq!(names(&home, &ada).await, ["Birds"]);
    assert!(home.groups.members(&rivers, None).await.expect("members").members.is_empty());
}

async fn names(home: &DirectoryHome, user_id: &UserId) -> Vec<String> {
    let user = home.directory.get(user_id).await.expect("found");
    user.groups.iter().map(GroupName::to_string).collect()
}

/// Neither a removed group nor a removed person leaves a membership behind.
pub async fn memberships_end_with_the_group_and_with_the_person(home: DirectoryHome) {
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    let grace = invite(&home, "grace@example.org", "Grace").await.user_id;
    let rivers = group("rivers");
    home.groups.create(&rivers).await.expect("made");
    for user in [&ada, &grace] {
        home.groups.set_membership(&rivers.name, user, true).await.expect("joined");
    }
    home.directory.delete(&ada).await.expect("deleted");
    assert_eq!(home.groups.members(&rivers.name, None).await.expect("members").members, std::slice::from_ref(&grace));
    home.groups.delete(&rivers.name).await.expect("removed");
    assert!(names(&home, &grace).await.is_empty());
    home.groups.create(&rivers).await.expect("made anew");
    assert!(home.groups.members(&rivers.name, None).await.expect("members").members.is_empty(), "a new group has no members");
}

/// Every member comes once.
pub async fn members_come_once_in_pages_of_at_most_sixty(home: DirectoryHome) {
    let rivers = group("rivers");
    home.groups.create(&rivers).await.expect("made");
    let mut joined = BTreeSet::new();
    for number in 0..PAGE + 2 {
        let user = invite(&home, &format!("person{number}@example.org"), "Person").await.user_id;
        home.groups.set_membership(&rivers.name, &user, true).await.expect("joined");
        joined.insert(user);
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = home.groups.members(&rivers.name, after).await.expect("a page");
        assert!(page.members.len() <= PAGE);
        listed.extend(page.members);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((listed.len(), listed.into_iter().collect::<BTreeSet<_>>()), (joined.len(), joined));
}

/// None of many changes at the same time is lost.
pub async fn memberships_set_at_once_are_all_kept(home: DirectoryHome) {
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    let groups: Vec<Group> = (0..10).map(|number| group(&format!("group-{number}"))).collect();
    for group in &groups {
        home.groups.create(group).await.expect("made");
    }
    let joins = groups.iter().map(|group| home.groups.set_membership(&group.name, &ada, true));
    for joined in futures::future::join_all(joins).await {
        joined.expect("joined");
    }
    assert_eq!(names(&home, &ada).await.len(), groups.len());
}

/// A record is absent, then what was put last; each person has their own.
pub async fn a_record_is_empty_then_what_was_put_last(home: DirectoryHome) {
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    let grace = invite(&home, "grace@example.org", "Grace").await.user_id;
    assert_eq!(home.records.get(&ada).await.expect("read"), None);
    home.records.put(&ada, b"first").await.expect("put");
    home.records.put(&ada, b"second").await.expect("put");
    assert_eq!(home.records.get(&ada).await.expect("read").as_deref(), Some(&b"second"[..]));
    assert_eq!(home.records.get(&grace).await.expect("read"), None);
    home.directory.update(&ada, Some("Ada King"), Some(Role::Admin)).await.expect("updated");
    assert_eq!(home.records.get(&ada).await.expect("read").as_deref(), Some(&b"second"[..]), "an update leaves the record alone");
}

/// Every byte comes back. Cognito's attribute holds 2,048 characters, which are 1,536 bytes in Base64.
pub async fn records_hold_any_bytes_up_to_their_limit(home: DirectoryHome) {
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    let bytes: Vec<u8> = (0..=255).cycle().take(1_536).collect();
    home.records.put(&ada, &bytes).await.expect("put");
    assert_eq!(home.records.get(&ada).await.expect("read"), Some(bytes));
}

/// There is no record without a person, nor one that outlives the person.
pub async fn records_of_absent_people_are_not_found(home: DirectoryHome) {
    assert_kind(home.records.get(&absent()).await, PortErrorKind::NotFound);
    assert_kind(home.records.put(&absent(), b"secret").await, PortErrorKind::NotFound);
    let ada = invite(&home, "ada@example.org", "Ada").await.user_id;
    home.records.put(&ada, b"secret").await.expect("put");
    home.directory.delete(&ada).await.expect("deleted");
    assert_kind(home.records.get(&ada).await, PortErrorKind::NotFound);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::DirectoryHome;
    use crate::{FixedClock, MemoryDirectory, SequentialIds};

    crate::directory_suite!(DirectoryHome::of(
        Arc::new(MemoryDirectory::new(Arc::new(FixedClock::default()), Arc::new(SequentialIds::default()))),
        ()
    ));
}

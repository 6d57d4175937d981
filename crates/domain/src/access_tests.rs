//! Every action x role x relation x key scope, as a snapshot that a person can read, and the promise that the search
//! filter says the same.

use std::{collections::BTreeSet, fmt::Write as _};

use ulid::Ulid;

use super::*;
use crate::{
    group::GroupName,
    principal::{Role, Via},
};

fn package_id(number: u128) -> PackageId {
    PackageId::new(Ulid(number))
}

fn user(name: &str) -> UserId {
    name.parse().expect("a valid user id")
}

fn group(name: &str) -> GroupName {
    name.parse().expect("a valid group name")
}

fn principal(role: Role, user_id: &str, groups: &[&str], scope: Option<KeyScope>) -> Principal {
    let via =
        scope.map_or(Via::Session, |scope| Via::Key { access_key_id: "DLAK0000000000000000".parse().expect("a valid key id"), scope });
    Principal { user_id: user(user_id), role, groups: groups.iter().map(|name| group(name)).collect(), via }
}

fn scopes() -> Vec<(&'static str, Option<KeyScope>)> {
    let only = |number| Some(BTreeSet::from([package_id(number)]));
    vec![
        ("session", None),
        ("key", Some(KeyScope::default())),
        ("read key", Some(KeyScope { read_only: true, packages: None })),
        ("this package's key", Some(KeyScope { read_only: false, packages: only(1) })),
        ("other package's key", Some(KeyScope { read_only: false, packages: only(2) })),
    ]
}

fn relations() -> Vec<(&'static str, &'static str, Visibility, bool)> {
    let team = || Visibility::Groups(BTreeSet::from([group("team")]));
    vec![
        ("owner", "caller", Visibility::Private, false),
        ("group member", "somebody", team(), false),
        ("everyone", "somebody", Visibility::Everyone, false),
        ("stranger", "somebody", Visibility::Private, false),
        ("deleted", "caller", Visibility::Everyone, true),
    ]
}

#[test]
fn matrix() {
    let mut table = String::new();
    for action in Action::ALL {
        writeln!(table, "\n{action} (needs {:?}, {:?})", action.needs(), action.effect()).expect("writes to text");
        for role in [Role::Member, Role::Admin] {
            for (relation, owner, visibility, deleted) in relations() {
                let cells: Vec<String> = scopes()
                    .into_iter()
                    .map(|(scope, key_scope)| {
                        let caller = principal(role, "caller", &["team"], key_scope);
                        let owner = user(owner);
                        let facts = PackageFacts { id: package_id(1), owner: &owner, visibility: &visibility, deleted };
                        let resource = match action.needs() {
                            Need::See | Need::Own | Need::OwnDeleted => Resource::Package(facts),
                            Need::Oneself => Resource::User(&owner),
                            Need::Any | Need::Admin => Resource::Application,
                        };
                        let verdict = decide(&caller, *action, resource).map_or_else(|why| format!("{why:?}"), |()| "yes".to_owned());
                        format!("{scope}: {verdict}")
                    })
                    .collect();
                writeln!(table, "  {:<6} {relation:<12} | {}", role.name(), cells.join(" | ")).expect("writes to text");
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_search_filter_finds_exactly_what_may_be_read() {
    for role in [Role::Member, Role::Admin] {
        for groups in [&["team"][..], &[]] {
            for (_, scope) in scopes() {
                for (_, owner, visibility, _) in relations() {
                    let caller = principal(role, "caller", groups, scope.clone());
                    let owner = user(owner);
                    let facts = PackageFacts { id: package_id(1), owner: &owner, visibility: &visibility, deleted: false };
                    let filter = search_filter(&caller);
                    let terms = access_terms(facts);
                    let found = filter.any_of.is_none_or(|any| any.iter().any(|term| terms.contains(term)))
                        && filter.packages.is_none_or(|packages| packages.contains(&facts.id));
                    let readable = decide(&caller, Action::PackageRead, Resource::Package(facts)).is_ok();
                    assert_eq!(found, readable, "{caller:?} {facts:?}");
                }
            }
        }
    }
}

/// What a key narrowed to package 1 may do with exports and carts that hold these packages, by caller.
#[test]
fn a_narrowed_key_changes_only_what_is_made_of_its_packages() {
    use Action::{CartRemove, ExportRead, ExportRetry, ExportRevoke};
    let mut table = String::new();
    for action in [ExportRead, ExportRevoke, ExportRetry, CartRemove] {
        for (name, owner, numbers) in [
            ("own", "caller", &[1][..]),
            ("both", "caller", &[1, 2]),
            ("other", "caller", &[2]),
            ("none", "caller", &[]),
            ("foreign", "somebody", &[1]),
        ] {
            let (owner, packages): (UserId, Vec<PackageId>) = (user(owner), numbers.iter().map(|number| package_id(*number)).collect());
            let cells = scopes().into_iter().map(|(scope, key_scope)| {
                let caller = principal(Role::Admin, "caller", &[], key_scope);
                let holding = Resource::Holding(HoldingFacts { id: "exp", user: &owner, packages: &packages });
                let verdict = decide(&caller, action, holding).map_or_else(|why| format!("{why:?}"), |()| "yes".to_owned());
                format!("{scope}: {verdict}")
            });
            writeln!(table, "{:<13} {name:<7} | {}", action.name(), cells.collect::<Vec<_>>().join(" | ")).expect("writes to text");
        }
    }
    insta::assert_snapshot!(table);
}

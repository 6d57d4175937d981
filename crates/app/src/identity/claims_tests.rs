use proptest::prelude::*;
use serde_json::json;

use super::*;

const IDENTITY: &str = r#"[{"userId":"ann","providerName":"directory","providerType":"SAML"}]"#;

fn event(attributes: &[(&str, &str)], groups: &[&str]) -> SignInEvent {
    SignInEvent {
        user_id: "0d5f-1".parse().expect("an id"),
        directory: "eu-west-1_Pool".to_owned(),
        directory_name: "directory_ann".to_owned(),
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        groups: groups.iter().map(|name| (*name).to_owned()).collect(),
        renewal: false,
    }
}

fn rules(map: &serde_json::Value) -> ClaimRules {
    ClaimRules::new("federated", Some(&map.to_string()), Some("Lake Admins")).expect("rules")
}

fn federated(map: &serde_json::Value, groups: &str) -> Claims {
    rules(map).claims(&event(&[("identities", IDENTITY), ("cognito:user_status", "EXTERNAL_PROVIDER"), (GROUPS, groups)], &[]))
}

fn groups(claims: &Claims) -> Vec<&str> {
    claims.groups.iter().map(GroupName::as_str).collect()
}

#[test]
fn a_managed_directorys_groups_count_and_one_of_them_makes_administrators() {
    let rules = ClaimRules::new("cognito", None, Some("admins")).expect("rules");
    let claims = rules.claims(&event(&[], &["rivers", "Birds", "eu-west-1_Pool_Other", "with space"]));
    assert_eq!((claims.role, groups(&claims)), (Some(Role::Member), vec!["Birds", "rivers"]));
    assert_eq!(claims.left_out, ["with space"]);
    let claims = rules.claims(&event(&[], &["admins", "rivers"]));
    assert_eq!((claims.role, groups(&claims)), (Some(Role::Admin), vec!["rivers"]));
    // What people may write themselves is no group.
    let claims = rules.claims(&event(&[(GROUPS, "admins"), ("identities", IDENTITY)], &[]));
    assert_eq!((claims.role, groups(&claims)), (Some(Role::Member), vec![]));
}

#[test]
fn a_providers_names_stand_for_the_groups_they_are_mapped_to() {
    let map = json!({"CN=Research & Development,OU=Groups": "research", "1b2c-77": "birds"});
    let claims = federated(&map, "[CN%3DResearch+%26+Development%2COU%3DGroups, 1b2c-77, plain]");
    assert_eq!((claims.role, groups(&claims)), (Some(Role::Member), vec!["birds", "plain", "research"]));
    assert!(claims.left_out.is_empty());
    let claims = federated(&map, "CN=Research & Development,OU=Groups");
    assert_eq!(groups(&claims), ["research"], "a single value comes as it is");
    let map = json!({"research & development": "research"});
    for other in ["research+%26+development", "research %26 development"] {
        assert!(groups(&federated(&map, other)).is_empty(), "{other} is the name of another group");
    }
}

#[test]
fn a_member_needs_a_group_that_is_known_here() {
    let map = json!({"staff": "research"});
    for nobodys in ["", "[]", "guests", "[guests, others]", "Domain Users"] {
        assert_eq!(federated(&map, nobodys).role, None, "{nobodys}");
    }
    assert_eq!(federated(&map, "staff").role, Some(Role::Member));
    assert_eq!(federated(&map, "guests").groups.len(), 1, "one may still be shared with, once there is a role");
    assert_eq!(federated(&json!({}), "guests").role, Some(Role::Member), "without a map each name stands for itself");
    assert_eq!(federated(&json!({}), "Domain Users").role, None);
}

#[test]
fn administrators_are_those_of_the_providers_group_and_of_no_group_that_is_only_called_so() {
    let map = json!({"staff": "research"});
    let claims = federated(&map, "[Lake+Admins, staff]");
    assert_eq!((claims.role, groups(&claims)), (Some(Role::Admin), vec!["research"]));
    assert_eq!(federated(&map, "Lake Admins").role, Some(Role::Admin));
    assert_eq!(federated(&map, "admins").role, None);
    assert_eq!(federated(&map, "[x,Lake Admins2]").role, None);
    // A name with a comma is one name where it comes as one value.
    assert_eq!(federated(&map, "x,Lake Admins").role, None);
    let unnamed = ClaimRules::new("federated", None, None).expect("rules");
    assert_ne!(unnamed.claims(&event(&[("identities", IDENTITY), (GROUPS, "admins")], &[])).role, Some(Role::Admin));
}

#[test]
fn only_what_a_provider_wrote_counts() {
    let rules = rules(&json!({"staff": "research"}));
    let cases: [(&str, &[(&str, &str)]); 5] = [
        ("somebody without a provider", &[(GROUPS, "[staff, Lake+Admins]")]),
        ("no identities", &[(GROUPS, "staff"), ("identities", "[]")]),
        ("identities that are none", &[(GROUPS, "staff"), ("identities", "yes")]),
        ("somebody who signed in with a password", &[(GROUPS, "staff"), ("identities", IDENTITY), ("cognito:user_status", "CONFIRMED")]),
        ("an attribute of another name", &[("groups", "staff"), ("custom:role", "admin"), ("identities", IDENTITY)]),
    ];
    for (who, attributes) in cases {
        // The pool's own groups are nobody's word here, whatever they are called.
        let claims = rules.claims(&event(attributes, &["admins", "Lake Admins", "research", "eu-west-1_Pool_directory"]));
        assert_eq!(claims, Claims::default(), "{who}");
    }
}

#[test]
fn names_that_can_be_no_group_are_left_out_and_told() {
    let long = "x".repeat(65);
    let claims = federated(&json!({"staff": "research"}), &format!("[staff, a b, .., {long}, eu-west-1_Pool_directory]"));
    assert_eq!(groups(&claims), ["research"]);
    assert_eq!(claims.left_out, ["a b", "..", long.as_str(), "eu-west-1_Pool_directory"]);
}

#[test]
fn beyond_fifty_groups_those_that_are_mapped_stay() {
    let names: Vec<String> = (10..70).map(|number| format!("g{number}")).collect();
    let claims = federated(&json!({"g69": "zebras"}), &format!("[{}]", names.join(", ")));
    assert_eq!((claims.role, claims.groups.len(), claims.left_out.len()), (Some(Role::Member), GROUPS_PER_USER, 10));
    assert!(groups(&claims).contains(&"zebras") && groups(&claims).is_sorted());
    assert_eq!(claims.left_out[0], "g59");
}

#[test]
fn a_deployment_says_rules_that_can_hold() {
    assert!(ClaimRules::new("cognito", None, None).is_err());
    assert!(ClaimRules::new("ldap", None, Some("admins")).is_err());
    assert!(ClaimRules::new("federated", Some("[]"), None).is_err());
    assert!(ClaimRules::new("federated", Some(r#"{"staff": "with space"}"#), None).is_err());
    assert!(ClaimRules::new("federated", Some(r#"{"staff": "research"}"#), None).is_ok());
}

proptest! {
    #[test]
    fn whatever_a_provider_says_is_read_without_panic_and_makes_nobody_administrator(text in "\\PC{0,200}") {
        prop_assume!(!text.contains("Admins"));
        let claims = federated(&json!({}), &text);
        prop_assert_ne!(claims.role, Some(Role::Admin));
        prop_assert!(claims.groups.len() <= GROUPS_PER_USER);
    }

    #[test]
    fn any_list_of_names_comes_through_in_each_of_its_forms(names in proptest::collection::vec("[ -~]{1,20}", 2..6)) {
        let expected: Vec<String> = names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        prop_assume!(expected.len() >= 2);
        let read = |text: &str| super::names(text).iter().map(|claim| claim.name().to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(&read(&json!(expected).to_string()), &expected);
        const PLAIN: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_').remove(b' ');
        let encoded: Vec<String> = expected.iter().map(|name| percent_encoding::utf8_percent_encode(name, PLAIN).to_string().replace(' ', "+")).collect();
        prop_assert_eq!(&read(&format!("[{}]", encoded.join(", "))), &expected);
    }
}

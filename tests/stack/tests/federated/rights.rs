//! Role and groups come from what the identity provider says, by the identity function.

use anyhow::{Context as _, Result, ensure};
use client::paging::Page;
use datalake_tests_stack::wait_until;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{ADA, BEN, CLEO, Lake};

/// In the profile, which reads the principal row, and in the token, for those who only show it.
pub(crate) async fn come_from_the_providers_groups(lake: &Lake) -> Result<()> {
    let people = [
        (ADA, "Ada Admin", "admin", vec!["rivers"]),
        // "Domain Users" is no name that a group can have here.
        (BEN, "Ben Member", "member", vec!["hydrology", "rivers"]),
    ];
    for (employee, name, role, groups) in people {
        let session = lake.sign_in(employee).await?;
        let profile = session.client()?.profile().await?;
        assert_eq!((profile.name.as_str(), profile.email), (name, format!("{}@example.org", employee.0)));
        assert_eq!((profile.role.as_str(), profile.groups.iter().map(String::as_str).collect::<Vec<_>>()), (role, groups.clone()));
        // Nobody manages here what the provider owns.
        assert!(!profile.capabilities.iter().any(|capability| capability.ends_with("s.manage")), "{:?}", profile.capabilities);

        // Administrators share with whom they like: the pool's own groups are asked for, and the provider's are none of them.
        let listed = session.client()?.list_groups(&Page::default()).await?.items;
        let listed: Vec<&str> = listed.iter().map(|group| group.name.as_str()).collect();
        assert!(role == "admin" || listed == groups, "{listed:?}");

        let claims = session.claims()?;
        assert_eq!((&claims["role"], &claims["cognito:groups"]), (&json!(role), &json!(groups)), "{claims}");
        assert_eq!((&claims["token_use"], &claims["sub"]), (&json!("access"), &json!(profile.user_id)));
        assert_eq!(claims["client_id"], lake.stack.output("sign_in")["client_id"]);
        // With that scope a token might change its owner's record.
        let scopes: Vec<&str> = claims["scope"].as_str().context("scopes")?.split(' ').collect();
        assert!(!scopes.contains(&"aws.cognito.signin.user.admin") && scopes.contains(&"openid"), "{scopes:?}");
        // Keycloak names people by an id that stays.
        let named = claims["username"].as_str().context("a name")?.starts_with(&format!("{}_", lake.provider));
        assert!(named, "{claims}");
    }
    Ok(())
}

/// They have tokens, and every call that needs a sign-in is refused.
pub(crate) async fn of_somebody_without_a_mapped_group_are_none(lake: &Lake) -> Result<()> {
    let session = lake.sign_in(CLEO).await?;
    assert_eq!(session.claims()?.get("role"), None);
    let (http, api) = (lake.stack.http(), lake.stack.api_url());
    let contract: Value = http.get(format!("{api}/openapi.json")).send().await?.error_for_status()?.json().await?;
    let mut refused = 0;
    for (method, path) in operations(&contract)? {
        let answer = http.request(method.clone(), format!("{api}{path}")).bearer_auth(session.access_token()).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        let problem: Value = serde_json::from_str(&body).with_context(|| format!("{method} {path} answered {status} {body}"))?;
        ensure!((status, &problem["code"]) == (StatusCode::FORBIDDEN, &json!("no_access")), "{method} {path} answered {status} {body}");
        refused += 1;
    }
    assert!(refused > 30, "the API has more operations than {refused}");
    Ok(())
}

/// Every operation that needs a sign-in, with an id where its path has one.
fn operations(contract: &Value) -> Result<Vec<(Method, String)>> {
    let mut found = Vec::new();
    for (path, operations) in contract["paths"].as_object().context("paths")? {
        let segments = path.split('/').map(|segment| if segment.starts_with('{') { "01ARZ3NDEKTSV4RRFFQ69G5FAV" } else { segment });
        let path = segments.collect::<Vec<_>>().join("/");
        for (method, operation) in operations.as_object().context("operations")? {
            let needs = operation["security"].as_array().is_some_and(|ways| !ways.is_empty());
            if needs {
                found.push((method.to_ascii_uppercase().parse()?, path.clone()));
            }
        }
    }
    Ok(found)
}

/// A group that can be none here is dropped, and the audit log says so.
pub(crate) async fn that_counted_for_nothing_are_told_to_auditors(lake: &Lake) -> Result<()> {
    let input = json!({"logGroupName": "datalake/audit-log", "limit": 10_000});
    wait_until("the audit log tells of the group that was left out", async || {
        let found = lake.stack.account().json("logs", "Logs_20140328.FilterLogEvents", &input).await?;
        let events = found["events"].as_array().context("events")?;
        let told = |event: &Value| event["message"].as_str().is_some_and(|message| message.contains("groups left out: Domain Users"));
        Ok(events.iter().any(told).then_some(()))
    })
    .await
}

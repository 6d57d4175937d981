//! `GET /packages/governance`.

use axum::{extract::State, response::Response};
use contract::governance::{Governance, TagRule};
use domain::governance::{self, TagType};
use web::{
    answer::{Answer, ok},
    extract::SignedIn,
};

use crate::App;

/// The rules about tags: what a creator of a package must and may fill in. All of them: they are few.
#[utoipa::path(
    get, path = "/packages/governance", tag = "packages",
    responses((status = 200, description = "The rules", body = Governance))
)]
pub(crate) async fn read_governance(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<Response> {
    let rules = app.governance.rules(&caller).await?;
    Ok(ok(&Governance { items: rules.into_iter().map(rule).collect() }))
}

fn rule(rule: governance::TagRule) -> TagRule {
    TagRule {
        tag_type: rule.tag_type.name().to_owned(),
        values: match rule.tag_type {
            TagType::Enum { values } => values,
            TagType::Text | TagType::Number | TagType::Date => Vec::new(),
        },
        id: rule.id,
        tag: rule.tag,
        required: rule.required,
        pattern: rule.limits.pattern.map(String::from),
        minimum: rule.limits.minimum,
        maximum: rule.limits.maximum,
        description: rule.description,
    }
}

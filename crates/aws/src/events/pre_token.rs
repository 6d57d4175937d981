//! Cognito's question before it makes tokens (trigger event version 2), and the answer.

use aws_lambda_events::cognito::{
    ClaimsAndScopeOverrideDetailsV2, CognitoAccessTokenGenerationV2, CognitoEventUserPoolsPreTokenGenTriggerSource,
    CognitoEventUserPoolsPreTokenGenV2, CognitoIdTokenGenerationV2, GroupConfiguration,
};
use domain::{group::GroupName, principal::Role, sign_in::SignInEvent};
use serde_json::{Value, json};

use super::{EventError, decode};
use crate::user_attributes::{SECRET, SUB};

const KIND: &str = "Cognito before tokens are made";

/// What tokens are to say about a person. No right comes from a token, only what clients show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    /// The role; `None` for somebody who may do nothing.
    pub role: Option<Role>,
    /// The groups, in place of those that Cognito would have named.
    pub groups: Vec<GroupName>,
}

/// Reads the event
/// (<https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>, version two).
///
/// # Errors
/// If the event is none, or of somebody without a user id: no tokens are made then.
pub fn pre_token(event: Value) -> Result<SignInEvent, EventError> {
    let event: CognitoEventUserPoolsPreTokenGenV2 = decode(event, KIND)?;
    let header = event.cognito_event_user_pools_header;
    let mut attributes = event.request.user_attributes;
    attributes.remove(SECRET);
    let sub = attributes.get(SUB).and_then(|sub| sub.parse().ok());
    // Without a source nobody could tell a sign-in from a renewal.
    let source = header.trigger_source.ok_or(EventError::Lacks { kind: KIND, what: "its source" })?;
    Ok(SignInEvent {
        user_id: sub.ok_or(EventError::Lacks { kind: KIND, what: "the user's id" })?,
        directory: header.user_pool_id.filter(|id| !id.is_empty()).ok_or(EventError::Lacks { kind: KIND, what: "the user pool" })?,
        directory_name: header
            .user_name
            .filter(|name| !name.is_empty())
            .ok_or(EventError::Lacks { kind: KIND, what: "the user's name" })?,
        attributes: attributes.into_iter().collect(),
        groups: event.request.group_configuration.groups_to_override,
        renewal: source == CognitoEventUserPoolsPreTokenGenTriggerSource::RefreshTokens,
    })
}

/// The event as Cognito wants it back: with what the tokens are to say.
///
/// Groups go into `cognito:groups` of both tokens once, so that 50 names of 64 bytes leave a header's limit of 10,240
/// bytes alone.
///
/// # Errors
/// If `event` is no object.
pub fn pre_token_answer(mut event: Value, claims: &TokenClaims) -> Result<Value, EventError> {
    let role = claims.role.map(|role| ("role".to_owned(), json!(role)));
    let mut groups = GroupConfiguration::default();
    groups.groups_to_override = claims.groups.iter().map(GroupName::to_string).collect();
    let mut access = CognitoAccessTokenGenerationV2::default();
    access.claims_to_add_or_override = role.clone().into_iter().collect();
    let mut id = CognitoIdTokenGenerationV2::default();
    id.claims_to_add_or_override = role.into_iter().collect();
    id.claims_to_suppress = vec![SECRET.to_owned()];
    let mut details = ClaimsAndScopeOverrideDetailsV2::default();
    details.group_override_details = groups;
    details.access_token_generation = Some(access);
    details.id_token_generation = Some(id);
    let response = event.as_object_mut().ok_or(EventError::Lacks { kind: KIND, what: "its fields" })?;
    response.insert("response".to_owned(), json!({ "claimsAndScopeOverrideDetails": details }));
    Ok(event)
}

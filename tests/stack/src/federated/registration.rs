//! What the identity provider's administrator enters, from what the root's outputs say and nothing else. `docs/deploying.md`
//! says the same in words.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// The data lake as a SAML client: entity id, assertion consumer service and attributes.
///
/// Cognito signs its requests; the emulator does not, so that Keycloak is not told to ask for it here ("Client signature
/// required"): <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-SAML-signing-encryption.html>
pub(super) fn saml(told: &Value) -> Result<Value> {
    ensure!(told["kind"] == "saml", "it is no SAML: {told}");
    let (entity_id, acs_url) = (text(told, "entity_id")?, text(told, "acs_url")?);
    let names = &told["attributes"];
    Ok(json!({
        "clientId": entity_id,
        "protocol": "saml",
        "redirectUris": [acs_url],
        // Role names are none of the data lake's business.
        "fullScopeAllowed": false,
        "defaultClientScopes": [],
        "attributes": {
            "saml_assertion_consumer_url_post": acs_url,
            "saml.force.post.binding": "true",
            // The name by which a person is known there: one that stays when e-mail address or name change.
            "saml_name_id_format": "persistent",
            "saml_force_name_id_format": "true",
            "saml.server.signature": "true",
            "saml.assertion.signature": "true",
            "saml.signature.algorithm": "RSA_SHA256",
            "saml.client.signature": "false",
        },
        "protocolMappers": [
            saml_attribute(text(names, "email")?, "email"),
            saml_attribute(text(names, "name")?, "displayName"),
            {
                "name": "groups",
                "protocol": "saml",
                "protocolMapper": "saml-group-membership-mapper",
                "config": {
                    "attribute.name": text(names, "groups")?,
                    "attribute.nameformat": "URI Reference",
                    "single": "true",
                    "full.path": "false",
                },
            },
        ],
    }))
}

fn saml_attribute(name: &str, attribute: &str) -> Value {
    json!({
        "name": attribute,
        "protocol": "saml",
        "protocolMapper": "saml-user-attribute-mapper",
        "config": {"user.attribute": attribute, "attribute.name": name, "attribute.nameformat": "URI Reference"},
    })
}

/// The data lake as a confidential client of OpenID Connect: redirect address and groups.
///
/// Cognito reads claims at the provider's address of user information, the emulator in the id token: groups are in both.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-oidc-flow.html>
pub(super) fn openid_connect(told: &Value, id: &str, secret: &str) -> Result<Value> {
    ensure!(told["kind"] == "oidc", "it is no OpenID Connect: {told}");
    Ok(json!({
        "clientId": id,
        "secret": secret,
        "protocol": "openid-connect",
        "publicClient": false,
        "standardFlowEnabled": true,
        "directAccessGrantsEnabled": false,
        "fullScopeAllowed": false,
        "redirectUris": [text(told, "redirect_uri")?],
        "protocolMappers": [{
            "name": "groups",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-group-membership-mapper",
            "config": {
                "claim.name": text(&told["attributes"], "groups")?,
                "full.path": "false",
                "id.token.claim": "true",
                "userinfo.token.claim": "true",
                "access.token.claim": "false",
            },
        }],
    }))
}

fn text<'a>(told: &'a Value, name: &str) -> Result<&'a str> {
    told[name].as_str().with_context(|| format!("the root does not tell {name}: {told}"))
}

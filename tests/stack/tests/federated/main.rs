//! The federated root with Keycloak as the customer's identity provider: applied, and signed in through.
//!
//! Where the emulator is more lenient than Cognito:
//! - It checks no signature, neither SAML's nor that of an id token, and not whether an answer belongs to its request
//!   (Cognito does: <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-saml-idp-authentication.html>).
//!   What Keycloak sends is signed twice, as `registration.rs` asks for.
//! - It does not fetch metadata from an address (`modules/identity-federated/tests` plan that input).
//! - It writes attributes that no mapping names, under the provider's own names
//!   (Cognito writes mapped ones only: <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html>).
//! - It asks the identity function once for each token, and so notes two sign-ins
//!   (Cognito asks once: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>).

mod closed_account;
mod least;
mod own_attributes;
mod rights;

use anyhow::{Context as _, Result};
use datalake_tests_stack::{
    PREFIX, Root, Stack,
    federated::{Corporation, Employee, Session},
};
use serde_json::{Value, json};

/// Administers the data lake.
const ADA: Employee = Employee("ada");
/// Is in a group that is mapped, in one that counts as it is called, and in one that can be none here.
const BEN: Employee = Employee("ben");
/// Is in no group that is mapped.
const CLEO: Employee = Employee("cleo");

/// A data lake, the corporation whose people use it, and what that corporation's identity provider is called here.
struct Lake {
    stack: Stack,
    corporation: Corporation,
    provider: &'static str,
}

impl Lake {
    /// Opens the corporation and prepares the account, side by side.
    async fn prepared() -> Result<Self> {
        let (corporation, stack) = tokio::try_join!(Corporation::open(), Stack::prepared(Root::Federated, PREFIX))?;
        Ok(Self { stack, corporation, provider: "directory" })
    }

    /// What whoever deploys writes, but for the provider.
    fn inputs(&self) -> Value {
        let mut inputs = self.stack.inputs();
        inputs["admin_group"] = json!("Lake Administrators");
        inputs["group_map"] = json!({"Rivers, Lakes & Seas": "rivers"});
        inputs
    }

    /// Applies the root for SAML, and enters at the provider what it says.
    async fn apply_saml(&mut self) -> Result<()> {
        let mut inputs = self.inputs();
        inputs["saml"] = json!({"metadata_xml": self.corporation.metadata().await?});
        self.stack.apply(&inputs).await?;
        self.corporation.register(self.stack.output("identity_provider"), None).await
    }

    /// Applies the root for OpenID Connect in place of SAML, and enters at the provider what it says.
    async fn apply_openid_connect(&mut self) -> Result<()> {
        let (id, secret) = ("data-lake", "of-the-user-pool");
        let mut inputs = self.inputs();
        self.provider = "sso";
        inputs["provider_name"] = json!(self.provider);
        inputs["oidc"] = json!({"issuer": self.corporation.issuer(), "client_id": id});
        inputs["oidc_client_secret"] = json!(secret);
        self.stack.apply(&inputs).await?;
        self.corporation.register(self.stack.output("identity_provider"), Some((id, secret))).await
    }

    /// Signs in somebody whom the provider lets in.
    async fn sign_in(&self, employee: Employee) -> Result<Session> {
        let session = self.stack.sign_in(self.provider, employee).await.with_context(|| format!("{employee:?} signs in"))?;
        session.with_context(|| format!("the provider lets {employee:?} not in"))
    }

    /// Writes one attribute of somebody's principal row, as time or an administrator would.
    async fn set_principal(&self, user_id: &str, attribute: &str, value: Value) -> Result<()> {
        let input = json!({
            "TableName": format!("{PREFIX}-keys"),
            "Key": {"access_key_id": {"S": format!("user#{user_id}")}, "item": {"S": "principal"}},
            "UpdateExpression": "SET #record.#attribute = :value",
            "ConditionExpression": "attribute_exists(#record.#attribute)",
            "ExpressionAttributeNames": {"#record": "record", "#attribute": attribute},
            "ExpressionAttributeValues": {":value": value},
        });
        self.stack.account().json("dynamodb", "DynamoDB_20120810.UpdateItem", &input).await.map(drop)
    }
}

/// The stable code of a call's problem.
fn code<T: std::fmt::Debug>(answer: client::Result<T>) -> String {
    let error = answer.expect_err("a problem");
    error.code().unwrap_or_else(|| panic!("no problem of the API: {error}")).to_owned()
}

/// One root, applied once: what follows uses it in turn.
#[tokio::test(flavor = "multi_thread")]
async fn people_of_a_corporation_sign_in_by_its_identity_provider() -> Result<()> {
    if test_servers::left_out("Terraform, an emulator of AWS, OpenSearch and Keycloak") {
        return Ok(());
    }
    let mut lake = Lake::prepared().await?;
    lake.apply_saml().await?;
    lake.stack.is_settled().context("the second plan")?;
    rights::come_from_the_providers_groups(&lake).await?;
    rights::of_somebody_without_a_mapped_group_are_none(&lake).await?;
    rights::that_counted_for_nothing_are_told_to_auditors(&lake).await?;
    own_attributes::set_by_their_owner_gain_nothing(&lake).await?;
    closed_account::stops_its_keys_some_days_after_the_last_sign_in(&lake).await?;
    closed_account::that_is_disabled_here_gets_no_tokens(&lake).await?;
    lake.stack.fire_schedule().await.context("the schedule's target")?;
    least::is_what_differs(&lake.stack).context("least privilege")?;
    if !test_servers::only_long("OpenID Connect in place of SAML") {
        lake.apply_openid_connect().await?;
        rights::come_from_the_providers_groups(&lake).await?;
        rights::of_somebody_without_a_mapped_group_are_none(&lake).await?;
    }
    Ok(())
}

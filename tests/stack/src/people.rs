//! The first people of a deployment: its administrator, and an analyst whom the customer lets read the data bucket.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{ACCOUNT_ID, Credentials, Stack};

/// The first administrator.
pub(crate) const ADMINISTRATOR: &str = "demo@example.org";
/// A user of the account who is none of the product.
const ANALYST: &str = "analyst";
/// A key that the tests grant.
const ACCESS_KEY_ID: &str = "DLAKAAAAAAAAAAAAAAAA";

/// Who may read the data bucket besides the product.
pub(crate) fn analyst_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT_ID}:user/{ANALYST}")
}

impl Stack {
    /// Invites the first administrator of the Cognito root anew, as who administers the account can: answers with the
    /// password that works once. (The first invitation went by mail, which the emulator does not send.)
    ///
    /// # Errors
    /// If the user pool refuses.
    pub async fn one_time_password(&self) -> Result<String> {
        let password = "First-and-only-1";
        let input = json!({"UserPoolId": self.user_pool_id()?, "Username": ADMINISTRATOR, "Password": password, "Permanent": false});
        self.account().json("cognito-idp", "AWSCognitoIdentityProviderService.AdminSetUserPassword", &input).await?;
        Ok(password.to_owned())
    }

    /// The user's id: what tokens have as `sub`.
    ///
    /// # Errors
    /// If the user pool knows nobody of that name.
    pub async fn user_id(&self, name: &str) -> Result<String> {
        let input = json!({"UserPoolId": self.user_pool_id()?, "Username": name});
        let user = self.account().json("cognito-idp", "AWSCognitoIdentityProviderService.AdminGetUser", &input).await?;
        let attributes = user["UserAttributes"].as_array().context("attributes")?;
        let id = attributes.iter().find(|attribute| attribute["Name"] == "sub").and_then(|attribute| attribute["Value"].as_str());
        Ok(id.context("an id")?.to_owned())
    }

    /// Grants the administrator an API key, whose secret its user makes. The API for it comes with administration over
    /// HTTP; until then who administers the account writes the row.
    ///
    /// # Errors
    /// If the table refuses.
    pub async fn grant_key(&self) -> Result<&'static str> {
        self.grant_key_to(&self.user_id(ADMINISTRATOR).await?).await
    }

    /// Grants the same key to the user with this id.
    ///
    /// # Errors
    /// If the table refuses.
    pub async fn grant_key_to(&self, user_id: &str) -> Result<&'static str> {
        let row = json!({
            "access_key_id": {"S": ACCESS_KEY_ID},
            "item": {"S": "key"},
            "user_id": {"S": user_id},
            "active": {"BOOL": true},
            "scope": {"M": {"read_only": {"BOOL": false}}},
            "created_at": {"S": "2026-01-01T00:00:00Z"},
        });
        let input = json!({"TableName": format!("{}-keys", self.prefix()), "Item": row});
        self.account().json("dynamodb", "DynamoDB_20120810.PutItem", &input).await?;
        Ok(ACCESS_KEY_ID)
    }

    /// Makes the analyst's user, who may read objects as far as the data bucket's own policy lets them.
    ///
    /// # Errors
    /// If the account refuses.
    pub async fn analyst(&self) -> Result<Credentials> {
        let bucket = format!("arn:aws:s3:::{}-data-{ACCOUNT_ID}-*/packages/*", self.prefix());
        let actions = ["s3:GetObject", "s3:GetObjectVersion"];
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": bucket}]});
        self.account().make_user(ANALYST, &policy).await
    }

    fn user_pool_id(&self) -> Result<&str> {
        let issuer = self.output("sign_in")["issuer"].as_str().context("an issuer")?;
        issuer.rsplit('/').next().context("a user pool")
    }

    /// Where the issuer's discovery document lies. (On AWS it is below the issuer's own name, which the emulator's tokens
    /// have too; it answers for each pool below its own address.)
    ///
    /// # Errors
    /// If the root tells no issuer.
    pub fn issuer_address(&self) -> Result<String> {
        Ok(format!("{}/{}", self.emulator_url(), self.user_pool_id()?))
    }
}

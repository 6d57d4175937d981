//! Somebody writes into their own record what only the identity provider may say.

use anyhow::{Context as _, Result, ensure};
use datalake_tests_stack::federated::Session;
use serde_json::{Value, json};

use crate::{BEN, CLEO, Lake, code};

const COGNITO: &str = "AWSCognitoIdentityProviderService";

/// Neither the session's next tokens nor the next sign-in believe it.
pub(crate) async fn set_by_their_owner_gain_nothing(lake: &Lake) -> Result<()> {
    let (ben, cleo) = (lake.sign_in(BEN).await?, lake.sign_in(CLEO).await?);
    for session in [&ben, &cleo] {
        claim_to_administer(lake, session).await?;
    }
    for (ben, cleo) in [(ben.renewed().await?, cleo.renewed().await?), (lake.sign_in(BEN).await?, lake.sign_in(CLEO).await?)] {
        let profile = ben.client()?.profile().await?;
        assert_eq!((profile.role.as_str(), profile.groups), ("member", vec!["hydrology".to_owned(), "rivers".to_owned()]));
        assert_eq!(ben.claims()?["role"], "member");
        assert_eq!(code(cleo.client()?.profile().await), "no_access");
        assert_eq!(cleo.claims()?.get("role"), None);
    }
    Ok(())
}

/// Cognito refuses it ("Access Token does not have required scopes"), for no client of the pool gets the scope
/// `aws.cognito.signin.user.admin`:
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html>.
/// The emulator asks for no scope: what is tried here really stands in the record afterwards.
async fn claim_to_administer(lake: &Lake, session: &Session) -> Result<()> {
    let claimed = "[Lake+Administrators, Rivers%2C+Lakes+%26+Seas]";
    let attributes = [("custom:groups", claimed), ("custom:role", "admin")].map(|(name, value)| json!({"Name": name, "Value": value}));
    let input = json!({"AccessToken": session.access_token(), "UserAttributes": attributes});
    let request = lake.stack.http().post(lake.stack.emulator_url()).header("x-amz-target", format!("{COGNITO}.UpdateUserAttributes"));
    let answer = request.header("content-type", "application/x-amz-json-1.1").body(input.to_string()).send().await?;
    ensure!(answer.status().is_success(), "the emulator refuses it by now, as Cognito does: {}", answer.text().await?);

    let username = session.claims()?["username"].clone();
    let pool = lake.stack.output("sign_in")["issuer"].as_str().and_then(|issuer| issuer.rsplit('/').next()).context("a pool")?;
    let input = json!({"UserPoolId": pool, "Username": username});
    let user = lake.stack.account().json("cognito-idp", &format!("{COGNITO}.AdminGetUser"), &input).await?;
    let stands = |attribute: &Value| attribute["Name"] == "custom:groups" && attribute["Value"] == claimed;
    assert!(user["UserAttributes"].as_array().context("attributes")?.iter().any(stands), "{user}");
    Ok(())
}

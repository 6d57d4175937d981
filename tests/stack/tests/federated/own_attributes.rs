//! Somebody writes into their own record what only the identity provider may say.

use anyhow::{Context as _, Result};
use datalake_tests_stack::federated::Session;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{BEN, CLEO, Lake, code};

const COGNITO: &str = "AWSCognitoIdentityProviderService";

/// They may not; and neither the session's next tokens nor the next sign-in would believe it.
pub(crate) async fn set_by_their_owner_gain_nothing(lake: &Lake) -> Result<()> {
    let (ben, cleo) = (lake.sign_in(BEN).await?, lake.sign_in(CLEO).await?);
    for session in [&ben, &cleo] {
        are_refused(lake, session).await?;
        stand_in_the_record(lake, session).await?;
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

/// What would make administrators, if it counted.
fn claimed() -> Value {
    json!([{"Name": "custom:groups", "Value": "[Lake+Administrators, Rivers%2C+Lakes+%26+Seas]"}])
}

/// No client of the pool gets the scope that lets tokens change their owner's record:
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html>.
async fn are_refused(lake: &Lake, session: &Session) -> Result<()> {
    let input = json!({"AccessToken": session.access_token(), "UserAttributes": claimed()});
    let request = lake.stack.http().post(lake.stack.emulator_url()).header("x-amz-target", format!("{COGNITO}.UpdateUserAttributes"));
    let answer = request.header("content-type", "application/x-amz-json-1.1").body(input.to_string()).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    assert!(status == StatusCode::BAD_REQUEST && text.contains("required scopes"), "{status} {text}");
    Ok(())
}

/// As if they had been let: who administers the account writes it for them.
async fn stand_in_the_record(lake: &Lake, session: &Session) -> Result<()> {
    let issuer = lake.stack.output("sign_in")["issuer"].as_str().context("an issuer")?;
    let pool = issuer.rsplit('/').next().context("a pool")?;
    let input = json!({"UserPoolId": pool, "Username": session.claims()?["username"], "UserAttributes": claimed()});
    lake.stack.account().json("cognito-idp", &format!("{COGNITO}.AdminUpdateUserAttributes"), &input).await.map(drop)
}

//! A foreign OpenID Connect library.

use datalake_tests_machine::{CALLBACK, Lake, PASSWORD};
use serde_json::json;

use crate::script;

#[tokio::test]
async fn authlib_discovers_signs_in_validates_renews_and_signs_out() {
    if test_servers::left_out("authlib") {
        return;
    }
    let mut lake = Lake::start().await.expect("a lake");
    let more = json!({ "callback": CALLBACK, "email": "ann@example.org", "password": PASSWORD });
    let told = script("sign_in.py", &lake, lake.ann(), more).await;
    let expected = json!({
        "email": "ann@example.org",
        "subjects": [true, true],
        "forged": "bad_signature",
        "other nonce": "invalid_claim",
        "other access token": "invalid_claim",
        "code again": "invalid_grant",
        "rotated": true,
        "renewed": 200,
        "id token as access token": 401,
        "sign-out": 200,
        "refresh after sign-out": "invalid_grant",
    });
    assert_eq!(told, expected);
    // Access tokens from before the sign-out end within a minute, or when the server begins anew.
    lake.restart().await.expect("restarted");
    let refused = lake.get(lake.ann(), "/profile").await.expect("an answer").expect(401).expect("signed out");
    assert_eq!(refused.text("/code").expect("a code"), "token_revoked");
}

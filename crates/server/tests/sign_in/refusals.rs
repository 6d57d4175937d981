//! What the issuer refuses.

use domain::ports::Directory;
use reqwest::StatusCode;

use crate::{
    browser::{Browser, parameter},
    home::{CALLBACK, EMAIL, Home, PASSWORD, VERIFIER, error_of, tokens},
};

#[tokio::test]
async fn a_browser_is_never_sent_to_an_address_that_is_not_the_clients() {
    let (home, browser) = (Home::new().await, Browser::new());
    for changes in [
        [("redirect_uri", "https://evil.example/callback")],
        [("redirect_uri", "http://127.0.0.1:8971/callback/")],
        [("redirect_uri", "http://127.0.0.1:8971/callback?x=1")],
        [("redirect_uri", "http://127.0.0.1:9999/callback")],
        [("redirect_uri", "")],
        [("client_id", "unknown")],
        [("client_id", "console")],
    ] {
        let page = browser.get(&home.authorize_url(&changes)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{changes:?}");
        assert!(page.body.contains("This link does not work"));
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", home.authorize_url(&[]));
    assert_eq!(browser.get(&twice).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_form_checks_the_request_again() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let page = browser.get(&home.authorize_url(&[])).await;
    let action = page.action().replace("8971", "9999");
    let answer = browser.post(&home.url(&action), &[("form_token", &page.form_token()), ("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_faulty_request_of_a_known_client_is_told_to_the_client() {
    let (home, browser) = (Home::new().await, Browser::new());
    for (changes, error) in [
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("scope", "profile")], "invalid_scope"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge", VERIFIER), ("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("max_age", "soon")], "invalid_request"),
        (vec![("request", "x.y.z")], "request_not_supported"),
    ] {
        let back = browser.get(&home.authorize_url(&changes)).await.location();
        assert!(back.as_str().starts_with(CALLBACK));
        assert_eq!(parameter(&back, "error").as_deref(), Some(error), "{changes:?}");
        assert_eq!(parameter(&back, "state").as_deref(), Some("state & more"));
        assert_eq!(parameter(&back, "code"), None);
    }
}

#[tokio::test]
async fn a_code_needs_its_verifier_client_and_address_and_one_wrong_try_uses_it_up() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    home.sign_in(&browser).await;
    let wrong = "another-verifier-of-more-than-forty-three-characters";
    for (changed, value) in [("code_verifier", wrong), ("client_id", "console"), ("redirect_uri", "http://127.0.0.1:8972/callback")] {
        let code = parameter(&browser.get(&home.authorize_url(&[])).await.location(), "code").expect("a code");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "datalake-cli"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ]
        .map(|(name, right)| (name, if name == changed { value } else { right }));
        let refused = home.token(&form).await;
        assert_eq!((refused.status, error_of(&refused).as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"), "{changed}");
        assert_eq!(error_of(&home.redeem(&code).await), "invalid_grant", "used up by the wrong {changed}");
    }
}

#[tokio::test]
async fn a_code_that_comes_twice_ends_the_tokens_of_its_first_use() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let code = home.code(&browser).await;
    let first = tokens(&home.redeem(&code).await);
    assert_eq!(error_of(&home.redeem(&code).await), "invalid_grant");
    assert_eq!(error_of(&home.refresh(&first.refresh).await), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_its_family() {
    let (home, browser) = (Home::new().await, Browser::new());
    let ada = home.member().await;
    let first = home.sign_in(&browser).await;
    let second = tokens(&home.refresh(&first.refresh).await);
    assert_eq!(home.verify(&second.access).await.expect("valid").user_id, ada);
    assert_eq!(error_of(&home.refresh(&first.refresh).await), "invalid_grant");
    assert_eq!(error_of(&home.refresh(&second.refresh).await), "invalid_grant", "the newest goes too");
    assert_eq!(home.diary().len(), 2, "the row was written at sign-in and at the one refresh");
}

#[tokio::test]
async fn a_refresh_never_widens_the_scope() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let first = home.sign_in(&browser).await;
    let ask = async |scope: &str| {
        home.token(&[("grant_type", "refresh_token"), ("client_id", "datalake-cli"), ("refresh_token", &first.refresh), ("scope", scope)])
            .await
    };
    assert_eq!(error_of(&ask("openid offline_access").await), "invalid_scope");
    tokens(&ask("openid").await);
}

#[tokio::test]
async fn a_revoked_refresh_token_is_dead_and_unknown_ones_are_no_error() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let first = home.sign_in(&browser).await;
    let revoke =
        async |token: &str| browser.post(&home.url("/sign-in/revoke"), &[("client_id", "datalake-cli"), ("token", token)]).await.status;
    assert_eq!(revoke("unknown").await, StatusCode::OK);
    assert_eq!(revoke(&first.refresh).await, StatusCode::OK);
    assert_eq!(error_of(&home.refresh(&first.refresh).await), "invalid_grant");
}

#[tokio::test]
async fn the_token_endpoint_takes_only_what_it_documents() {
    let home = Home::new().await;
    for (form, error) in [
        (vec![("grant_type", "authorization_code"), ("client_id", "unknown")], "invalid_client"),
        (vec![("grant_type", "password"), ("client_id", "datalake-cli")], "unsupported_grant_type"),
        (vec![("client_id", "datalake-cli")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("client_id", "datalake-cli"), ("code", "x")], "invalid_request"),
        (vec![("grant_type", "refresh_token"), ("client_id", "datalake-cli"), ("client_id", "console")], "invalid_request"),
    ] {
        assert_eq!(error_of(&home.token(&form).await), error, "{form:?}");
    }
    let browser = Browser::new();
    let json = browser.http().post(home.url("/sign-in/token")).json(&serde_json::json!({"grant_type": "refresh_token"}));
    assert_eq!(error_of(&browser.send(json).await), "invalid_request");
}

#[tokio::test]
async fn a_disabled_person_neither_signs_in_nor_refreshes_nor_uses_a_session() {
    let (home, browser) = (Home::new().await, Browser::new());
    let ada = home.member().await;
    let first = home.sign_in(&browser).await;
    let code = parameter(&browser.get(&home.authorize_url(&[])).await.location(), "code").expect("a code");
    home.users.set_enabled(&ada, false).await.expect("disabled");
    assert_eq!(error_of(&home.redeem(&code).await), "invalid_grant");
    assert_eq!(error_of(&home.refresh(&first.refresh).await), "invalid_grant");
    assert_eq!(browser.get(&home.authorize_url(&[])).await.status, StatusCode::OK, "the page, and no code");
    let info = browser.send(browser.http().get(home.url("/sign-in/userinfo")).bearer_auth(&first.access)).await;
    assert_eq!(info.status, StatusCode::UNAUTHORIZED);
    assert_eq!(home.submit(&browser, EMAIL, PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_form_of_another_site_or_browser_is_not_taken() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let page = browser.get(&home.authorize_url(&[])).await;
    let (action, token) = (home.url(&page.action()), page.form_token());
    let stranger = Browser::new().get(&home.authorize_url(&[])).await.form_token();
    let form = |token: &str| [("form_token", token.to_owned()), ("email", EMAIL.to_owned()), ("password", PASSWORD.to_owned())];
    for attempt in [
        browser.http().post(&action).form(&form("")),
        browser.http().post(&action).form(&form(&stranger)),
        browser.http().post(&action).form(&form(&token)).header("sec-fetch-site", "cross-site"),
    ] {
        let refused = browser.send(attempt).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("open for too long"), "{}", refused.body);
        assert!(browser.cookie("sign-in").is_none());
    }
    let taken = browser.send(browser.http().post(&action).form(&form(&token)).header("sec-fetch-site", "same-origin")).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER);
}

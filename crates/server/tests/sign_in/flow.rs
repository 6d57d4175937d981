//! The way in, and what pages promise.

use domain::{id::UserId, ports::Directory, user::UserStatus};
use reqwest::{StatusCode, header};
use serde_json::Value;

use crate::{
    browser::{Browser, parameter},
    home::{CALLBACK, EMAIL, Home, PASSWORD, claims, clear, error_of, tokens},
};

#[tokio::test]
async fn a_person_signs_in_and_the_program_gets_tokens_that_verify() {
    let (home, browser) = (Home::new().await, Browser::new());
    let ada = home.member().await;
    let back = home.submit(&browser, EMAIL, PASSWORD).await.location();
    assert!(back.as_str().starts_with(CALLBACK));
    assert_eq!(parameter(&back, "state").as_deref(), Some("state & more"));
    assert_eq!(parameter(&back, "iss"), Some(home.origin.clone()));

    let answer = home.redeem(&parameter(&back, "code").expect("a code")).await;
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let tokens = tokens(&answer);
    assert_eq!(home.verify(&tokens.access).await.expect("valid").user_id, ada);
    let access = claims(&tokens.access);
    assert_eq!(
        (&access["token_use"], &access["client_id"], &access["scope"]),
        (&"access".into(), &"datalake-cli".into(), &"openid profile email".into())
    );
    assert_eq!(access["exp"].as_i64().expect("a time") - access["iat"].as_i64().expect("a time"), 900);
    let id = claims(&tokens.id);
    assert_eq!(
        (&id["token_use"], &id["aud"], &id["nonce"], &id["email"]),
        (&"id".into(), &"datalake-cli".into(), &"once".into(), &EMAIL.into())
    );
    assert_eq!(home.diary(), [format!("in {ada}")]);
}

#[tokio::test]
async fn a_one_time_password_is_replaced_before_anything_else() {
    let (home, browser) = (Home::new().await, Browser::new());
    let (ada, one_time) = home.invite().await;
    let path = home.submit(&browser, EMAIL, clear(&one_time)).await.path();
    assert!(path.starts_with("/sign-in/new-password?"), "{path}");
    let detour = browser.get(&home.authorize_url(&[])).await;
    assert!(detour.path().starts_with("/sign-in/new-password?"), "no code before the change");
    assert!(home.diary().is_empty());

    let form = browser.get(&home.url(&path)).await;
    let action = home.url(&form.action());
    let choose = async |password: &str, repeated: &str| {
        let token = form.form_token();
        browser.post(&action, &[("form_token", &token), ("password", password), ("repeated", repeated)]).await
    };
    for (password, repeated, problem) in [
        ("short", "short", "too short"),
        ("ada@example.org!", "ada@example.org!", "your name"),
        ("password1234", "password1234", "tried first"),
        (clear(&one_time), clear(&one_time), "is the one that you have now"),
        (PASSWORD, "seven boats", "not the same"),
    ] {
        let refused = choose(password, repeated).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(problem), "{problem}: {}", refused.body);
        assert!(!refused.body.contains(password) || password == "short", "a password is never shown");
    }
    let back = choose(PASSWORD, PASSWORD).await.location();
    let tokens = tokens(&home.redeem(&parameter(&back, "code").expect("a code")).await);
    assert_eq!(home.verify(&tokens.access).await.expect("valid").user_id, ada);
    assert_eq!(home.users.get(&ada).await.expect("found").status, UserStatus::Active);
    let late = home.submit(&Browser::new(), EMAIL, clear(&one_time)).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "the one-time password is gone");
}

#[tokio::test]
async fn a_browser_that_is_signed_in_gets_a_code_without_a_page_unless_asked_again() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let silent = home.authorize_url(&[("prompt", "none")]);
    let nobody = browser.get(&silent).await.location();
    assert_eq!(parameter(&nobody, "error").as_deref(), Some("login_required"));
    home.sign_in(&browser).await;
    let code = parameter(&browser.get(&silent).await.location(), "code").expect("a code");
    tokens(&home.redeem(&code).await);
    assert_eq!(browser.get(&home.authorize_url(&[("prompt", "login")])).await.status, StatusCode::OK, "the page again");
    home.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(browser.get(&home.authorize_url(&[("max_age", "60")])).await.status, StatusCode::OK, "too long ago");
    assert_eq!(browser.get(&home.authorize_url(&[("max_age", "62")])).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_authorization_request_may_come_as_a_form() {
    let (home, browser) = (Home::new().await, Browser::new());
    let url = home.authorize_url(&[]);
    let (address, query) = url.split_once('?').expect("a query");
    let request = browser.http().post(address).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(query.to_owned());
    let path = browser.send(request).await.path();
    assert_eq!(browser.get(&home.url(&path)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_are_protected_and_show_what_people_entered_only_escaped() {
    let (home, browser) = (Home::new().await, Browser::new());
    let page = browser.get(&home.authorize_url(&[("login_hint", "\"><script>alert(1)</script>")])).await;
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert!(page.body.contains("&quot;&gt;&lt;script&gt;"));
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self' http://127.0.0.1:8971", "base-uri 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let style = browser.get(&home.url("/sign-in/style.css")).await;
    assert_eq!(
        (style.status, &style.headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &header::HeaderValue::from_static("text/css; charset=utf-8"))
    );
}

#[tokio::test]
async fn discovery_names_endpoints_that_answer_and_keys_hold_nothing_private() {
    let (home, browser) = (Home::new().await, Browser::new());
    let document: Value = serde_json::from_str(&browser.get(&home.url("/.well-known/openid-configuration")).await.body).expect("JSON");
    assert_eq!(document["issuer"], home.origin.as_str());
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    for name in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint", "revocation_endpoint", "jwks_uri"]
    {
        let answer = browser.get(document[name].as_str().expect("a URL")).await;
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{name}");
    }
    let keys: Value = serde_json::from_str(&browser.get(&home.url("/.well-known/jwks.json")).await.body).expect("JSON");
    let key = keys["keys"][0].as_object().expect("a key");
    assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&"RSA".into(), &"RS256".into(), &"sig".into()));
    assert!(["d", "p", "q"].iter().all(|name| !key.contains_key(*name)));
}

#[tokio::test]
async fn userinfo_tells_who_the_bearer_is_by_scope() {
    let (home, browser) = (Home::new().await, Browser::new());
    let ada = home.member().await;
    let tokens = home.sign_in(&browser).await;
    let ask = async |token: &str| browser.send(browser.http().get(home.url("/sign-in/userinfo")).bearer_auth(token)).await;
    let info: Value = serde_json::from_str(&ask(&tokens.access).await.body).expect("JSON");
    assert_eq!((&info["sub"], &info["email"], &info["name"]), (&ada.as_str().into(), &EMAIL.into(), &"Ada <b>Lovelace".into()));
    let refused = ask(&tokens.id).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "an id token is no access token");
    assert!(refused.headers[header::WWW_AUTHENTICATE].to_str().expect("text").contains("invalid_token"));
    assert_eq!(browser.get(&home.url("/sign-in/userinfo")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn no_tokens_are_given_while_the_principal_row_cannot_be_written() {
    let (home, browser) = (Home::new().await, Browser::new());
    let ada: UserId = home.member().await;
    let tokens_before = home.sign_in(&browser).await;
    *home.diary.broken.lock().expect("no panic") = true;
    let code = parameter(&browser.get(&home.authorize_url(&[])).await.location(), "code").expect("a code");
    for refused in [home.redeem(&code).await, home.refresh(&tokens_before.refresh).await] {
        assert_eq!((refused.status, error_of(&refused).as_str()), (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"));
    }
    *home.diary.broken.lock().expect("no panic") = false;
    tokens(&home.refresh(&tokens_before.refresh).await);
    assert_eq!(home.diary(), [format!("in {ada}"), format!("in {ada}")], "the refresh token was not used up");
}

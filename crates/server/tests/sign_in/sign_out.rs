//! The way out.

use reqwest::{StatusCode, header};
use url::form_urlencoded;

use crate::{
    browser::{Browser, parameter},
    home::{Home, error_of},
};

fn link(home: &Home, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    home.url(&format!("/sign-in/end-session?{query}"))
}

#[tokio::test]
async fn a_program_that_shows_the_id_token_signs_its_person_out_and_gets_the_browser_back() {
    let (home, browser) = (Home::new().await, Browser::new());
    let ada = home.member().await;
    let tokens = home.sign_in(&browser).await;
    home.clock.advance(std::time::Duration::from_secs(3_600));
    let root = format!("{}/", home.origin);
    let refused = browser.get(&link(&home, &[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", &root)])).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "the command line has no such address");
    assert!(browser.cookie("sign-in").is_some(), "and nobody is signed out by a faulty link");
    let page = browser.get(&link(&home, &[("id_token_hint", &tokens.id)])).await;
    assert_eq!(page.status, StatusCode::OK, "an id token that has expired will do");
    assert!(page.body.contains("You are signed out"));
    assert!(browser.cookie("sign-in").is_none());
    assert_eq!(error_of(&home.refresh(&tokens.refresh).await), "invalid_grant");
    assert_eq!(home.diary(), [format!("in {ada}"), format!("out {ada}")]);
}

#[tokio::test]
async fn without_proof_the_person_is_asked_first() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    let tokens = home.sign_in(&browser).await;
    let root = format!("{}/", home.origin);
    let question = browser.get(&link(&home, &[("client_id", "console"), ("post_logout_redirect_uri", &root), ("state", "s")])).await;
    assert_eq!(question.status, StatusCode::OK);
    assert!(question.body.contains("Sign out?"));
    assert!(question.headers.get(header::SET_COOKIE).is_none());
    let fields = [("client_id", "console"), ("post_logout_redirect_uri", root.as_str()), ("state", "s")];
    let forged = browser.post(&home.url("/sign-in/end-session"), &[&fields[..], &[("form_token", "forged")]].concat()).await;
    assert!(forged.body.contains("Sign out?"), "another site can't answer for the person");
    let token = question.form_token();
    let done = browser.post(&home.url("/sign-in/end-session"), &[&fields[..], &[("form_token", &token)]].concat()).await.location();
    assert_eq!((done.as_str().split('?').next(), parameter(&done, "state").as_deref()), (Some(root.as_str()), Some("s")));
    assert!(browser.cookie("sign-in").is_none());
    assert_eq!(error_of(&home.refresh(&tokens.refresh).await), "invalid_grant");
}

#[tokio::test]
async fn sign_out_leads_only_to_registered_addresses() {
    let (home, browser) = (Home::new().await, Browser::new());
    let root = format!("{}/", home.origin);
    for pairs in [
        vec![("client_id", "console"), ("post_logout_redirect_uri", "https://evil.example/")],
        vec![("client_id", "unknown"), ("post_logout_redirect_uri", root.as_str())],
        vec![("post_logout_redirect_uri", root.as_str())],
    ] {
        assert_eq!(browser.get(&link(&home, &pairs)).await.status, StatusCode::BAD_REQUEST, "{pairs:?}");
    }
    let back = browser.get(&link(&home, &[("client_id", "console"), ("post_logout_redirect_uri", &root)])).await;
    assert_eq!(back.location().as_str(), root, "nobody is signed in: nothing to ask");
}

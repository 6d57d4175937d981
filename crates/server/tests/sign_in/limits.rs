//! Guessing is slow, and tells nothing.

use std::time::Duration;

use reqwest::{StatusCode, header};

use crate::{
    browser::{Browser, Page},
    home::{EMAIL, Home, PASSWORD},
};

/// A form sent from `address`, as a proxy tells it.
async fn guess(home: &Home, browser: &Browser, address: &str, email: &str, password: &str) -> Page {
    let page = browser.get(&home.authorize_url(&[])).await;
    let form = [("form_token", page.form_token()), ("email", email.to_owned()), ("password", password.to_owned())];
    browser.send(browser.http().post(home.url(&page.action())).form(&form).header("x-forwarded-for", address)).await
}

#[tokio::test]
async fn unknown_and_known_addresses_are_answered_alike_until_both_are_locked() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    for number in 0..6 {
        let known = guess(&home, &browser, "192.0.2.1", EMAIL, "wrong").await;
        let unknown = guess(&home, &browser, "192.0.2.1", "eve@example.org", "wrong").await;
        let expected = if number < 5 { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!((known.status, unknown.status), (expected, expected), "guess {number}");
        assert_eq!(known.body, unknown.body.replace("eve@example.org", EMAIL));
        assert_eq!(known.headers.get(header::RETRY_AFTER), unknown.headers.get(header::RETRY_AFTER));
    }
    let refusals = home.diary().iter().filter(|entry| entry.starts_with("refused: ")).count();
    assert_eq!(refusals, 12, "each refusal is told, so that it is audited");
    let locked = guess(&home, &browser, "198.51.100.7", EMAIL, PASSWORD).await;
    assert_eq!((locked.status, &locked.headers[header::RETRY_AFTER]), (StatusCode::TOO_MANY_REQUESTS, &header::HeaderValue::from(30)));
    home.clock.advance(Duration::from_secs(30));
    assert_eq!(guess(&home, &browser, "198.51.100.7", EMAIL, PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn one_address_may_guess_only_so_often_over_all_accounts() {
    let (home, browser) = (Home::new().await, Browser::new());
    home.member().await;
    for number in 0..30 {
        let page = guess(&home, &browser, "192.0.2.1", &format!("user{number}@example.org"), "wrong").await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "guess {number}");
    }
    let limited = guess(&home, &browser, "192.0.2.1", EMAIL, PASSWORD).await;
    assert_eq!((limited.status, &limited.headers[header::RETRY_AFTER]), (StatusCode::TOO_MANY_REQUESTS, &header::HeaderValue::from(4)));
    let elsewhere = guess(&home, &browser, "192.0.2.2", EMAIL, PASSWORD).await;
    assert_eq!(elsewhere.status, StatusCode::SEE_OTHER, "other addresses are not affected");
}

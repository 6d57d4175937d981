//! The pages for people: plain HTML, no script. The macro escapes every text.

use axum::{http::header, response::IntoResponse};
use embedded::users::PASSWORD_MIN;
use maud::{DOCTYPE, Markup, html};

use super::request::AuthorizationRequest;

/// `GET /sign-in/style.css`
pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")], include_str!("style.css"))
}

fn frame(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – Data lake" }
                link rel="stylesheet" href="/sign-in/style.css";
            }
            body {
                main {
                    p.product { "Data lake" }
                    h1 { (title) }
                    (content)
                }
            }
        }
    }
}

fn problem(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p.problem #problem role="alert" { (text) } } }
}

/// The form for address and password.
pub(super) fn sign_in(request: &AuthorizationRequest, token: &str, email: &str, error: Option<&str>) -> Markup {
    let described = error.map(|_| "problem");
    let action = format!("/sign-in/password?{}", request.query());
    frame(
        "Sign in",
        &html! {
            p { "to continue to " strong { (request.client_name) } }
            (problem(error))
            form method="post" action=(action) {
                input type="hidden" name="form_token" value=(token);
                label for="email" { "E-mail address" }
                input #email name="email" type="email" value=(email) required maxlength="320" autocomplete="username" autocapitalize="none"
                    spellcheck="false" autofocus[email.is_empty()] aria-describedby=[described];
                label for="password" { "Password" }
                input #password name="password" type="password" required maxlength="1024" autocomplete="current-password"
                    autofocus[!email.is_empty()] aria-describedby=[described];
                button type="submit" { "Sign in" }
            }
            p.hint { "First time here, or password forgotten? Your administrator gives you a one-time password." }
        },
    )
}

/// The form that replaces a one-time password.
pub(super) fn new_password(request: &AuthorizationRequest, token: &str, email: &str, error: Option<&str>) -> Markup {
    let described = if error.is_some() { "rules problem" } else { "rules" };
    let action = format!("/sign-in/new-password?{}", request.query());
    frame(
        "Choose a password",
        &html! {
            p { "You signed in with a one-time password. Choose your own to continue." }
            (problem(error))
            form method="post" action=(action) {
                input type="hidden" name="form_token" value=(token);
                input type="hidden" name="email" value=(email) autocomplete="username";
                label for="password" { "New password" }
                input #password name="password" type="password" required maxlength="1024" autocomplete="new-password" autofocus
                    aria-describedby=(described);
                label for="repeated" { "The same again" }
                input #repeated name="repeated" type="password" required maxlength="1024" autocomplete="new-password";
                p.hint #rules { "At least " (PASSWORD_MIN) " characters. A few unrelated words are good; your name or address are not." }
                button type="submit" { "Save and continue" }
            }
        },
    )
}

/// The question before somebody is signed out whose program can't prove that it asks for them.
pub(super) fn confirm_sign_out(token: &str, fields: &[(&str, &str)]) -> Markup {
    frame(
        "Sign out?",
        &html! {
            p { "You will be signed out here and in the programs that you signed in to from this browser." }
            form method="post" action="/sign-in/end-session" {
                input type="hidden" name="form_token" value=(token);
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                button type="submit" { "Sign out" }
            }
        },
    )
}

/// A page that only says something.
pub(super) fn message(title: &str, text: &str) -> Markup {
    frame(title, &html! { p role="status" { (text) } })
}

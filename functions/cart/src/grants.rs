//! `GET /cart/grants/{token}/{entry}`.

use axum::{extract::State, response::Response};
use web::{
    answer::{Answer, redirect},
    extract::{Ids, MaybeSignedIn, Number},
};

use crate::App;

/// The stable link of an export's entry: a redirect to a URL signed at this moment. Works without sign-in for whoever
/// holds the link, until it expires, is revoked, or the exporter loses the right.
#[utoipa::path(
    get, path = "/cart/grants/{token}/{entry}", tag = "cart",
    params(("token" = String, Path, description = "From a manifest"), ("entry" = u64, Path, description = "From a manifest")),
    responses((status = 302, description = "To the bytes"))
)]
pub(crate) async fn follow_grant(
    State(app): State<App>,
    visitor: MaybeSignedIn,
    Ids(token, Number(entry)): Ids<String, Number>,
) -> Answer<Response> {
    let principal = visitor.caller.as_ref().map(|caller| &caller.principal);
    Ok(redirect(&app.exports.follow_grant(&token, entry, principal, &visitor.origin).await?))
}

//! What only a home can show whose clock stands still and is set forward by days.

use datalake_tests_api::seconds;

use crate::known::Known;

#[tokio::test]
async fn grant_link_dies_with_its_time() {
    let known = Known::new().await;
    known.world.later(seconds(31 * 24 * 3600));
    known.world.get(format!("/cart/grants/{}/{}", known.token, known.entry)).send().await.is("follow_grant", 404, "expired");
}

//! The unhappy sign-ins, at the deployment's door.

use datalake_tests_world::Applied;
use tests_api::sign_ins::try_all;

#[tokio::test]
async fn what_does_not_hold_is_refused_as_the_contract_says() {
    try_all(&Applied::new()).await;
}

//! What only a home can show whose clock stands still and is set forward by days.

use datalake_tests_api::seconds;

use crate::known::Known;

const DAY: u64 = 24 * 3600;

#[tokio::test]
async fn grant_link_dies_with_its_time() {
    let known = Known::new().await;
    known.world.later(seconds(31 * 24 * 3600));
    known.world.get(format!("/cart/grants/{}/{}", known.token, known.entry)).send().await.is("follow_grant", 404, "expired");
}

#[tokio::test]
async fn restore_dataset_whose_time_in_the_bin_is_over() {
    let known = Known::new().await;
    let path = format!("/packages/{}/datasets/{}", known.package, known.dataset);
    for (days, status) in [(29, 200), (30, 409)] {
        assert_eq!(known.world.delete(&path).by(&known.ann).send().await.status, 204);
        known.world.later(seconds(days * DAY));
        let answer = known.world.post(format!("{path}/restore")).by(&known.ann).send().await;
        assert_eq!(answer.status, status, "after {days} days");
        if status == 409 {
            answer.is("restore_dataset", 409, "bytes_gone");
        }
    }
}

#[tokio::test]
async fn restore_package_whose_time_in_the_bin_is_over() {
    let known = Known::new().await;
    let path = format!("/packages/{}", known.package);
    for (days, status) in [(29, 200), (30, 404)] {
        assert_eq!(known.world.delete(&path).by(&known.ann).send().await.status, 204);
        known.world.later(seconds(days * DAY));
        let answer = known.world.post(format!("{path}/restore")).by(&known.ann).send().await;
        assert_eq!(answer.status, status, "after {days} days");
        let listed = known.world.get("/packages?state=deleted").by(&known.ann).send().await;
        assert_eq!(listed.items().len(), 0, "restored, or gone");
    }
}

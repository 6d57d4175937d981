//! Grant links: whoever holds one may follow it, as long as everything behind it holds.

use std::time::Duration;

use datalake_tests_machine::{Lake, Person, sha256, wait_until};
use serde_json::{Value, json};

const BYTES: &[u8] = b"name,length\nOder,840\nNeisse,252\n";

/// Ann's package, Bob's export of it as grant links, and the first link.
struct Granted {
    lake: Lake,
    ann: Person,
    bob: Person,
    package: String,
    export: String,
    link: String,
}

async fn granted() -> Granted {
    let mut lake = Lake::start().await.expect("a lake");
    let ann = lake.ann().clone();
    let bob = lake.invite_member("bob@example.org").await.expect("a member");
    let package = lake.create_package(&ann, "Rivers").await.expect("a package");
    lake.upload(&ann, &package, "rivers.csv", "text/csv", BYTES).await.expect("uploaded");
    let export = lake.export(&bob, &package, "grant").await.expect("an export");
    let manifest = lake.manifest(&export).await.expect("a manifest");
    let entry = &manifest["entries"][0];
    assert_eq!((entry["sha256"].as_str(), entry["size"].as_u64()), (Some(sha256(BYTES).as_str()), Some(BYTES.len() as u64)));
    let link = entry["grant"].as_str().expect("a link").to_owned();
    let export = export["id"].as_str().expect("an id").to_owned();
    Granted { lake, ann, bob, package, export, link }
}

impl Granted {
    /// Where the link leads, without a sign-in.
    async fn follow(&self) -> String {
        let answer = self.lake.fetch(&self.link).await.expect("an answer").expect(302).expect("a redirect");
        answer.header("location").expect("a place").to_owned()
    }

    /// The link leads nowhere, and tells its holder nothing of the reason.
    async fn leads_nowhere(&self) {
        let answer = self.lake.fetch(&self.link).await.expect("an answer").expect(404).expect("no such link");
        assert_eq!(answer.text("/code").expect("a code"), "not_found");
        assert_eq!(answer.text("/detail").expect("a text"), "This link does not work, or does no longer.");
    }

    async fn change(&self, body: Value) {
        self.lake.patch(&self.ann, &format!("/packages/{}", self.package), &body).await.expect("an answer").expect(200).expect("changed");
    }
}

#[tokio::test]
async fn each_time_a_link_is_followed_it_leads_to_a_url_signed_then() {
    let granted = granted().await;
    let lake = &granted.lake;
    let first = granted.follow().await;
    // Signatures have whole seconds.
    let second = wait_until("a URL of a later second", async || Ok(Some(granted.follow().await).filter(|url| *url != first))).await;
    let second = second.expect("signed anew");
    let signed_at = |url: &str| url.split_once("X-Amz-Date=").expect("a time").1.chars().take(16).collect::<String>();
    assert!(signed_at(&first) < signed_at(&second), "each is signed when the link is followed");
    for url in [&first, &second] {
        assert_eq!(lake.fetch(url).await.expect("an answer").expect(200).expect("the bytes").bytes, BYTES);
        let part = lake.http().get(url).header("range", "bytes=12-15").send().await.expect("an answer");
        assert_eq!((part.status().as_u16(), part.headers()["content-range"].to_str().expect("text")), (206, "bytes 12-15/32"));
        assert_eq!(part.bytes().await.expect("bytes"), "Oder");
    }
    let beyond = lake.http().get(&second).header("range", "bytes=32-").send().await.expect("an answer");
    assert_eq!(beyond.status(), 416);
    let head = lake.http().head(&granted.link).send().await.expect("an answer");
    assert_eq!(head.status(), 302, "the link itself answers HEAD like GET");
    let export = lake.get(&granted.bob, &format!("/cart/exports/{}", granted.export)).await.expect("an answer").expect(200).expect("there");
    assert!(export.body["followed"].as_u64().is_some_and(|count| count >= 2), "links are counted: {}", export.body["followed"]);
}

#[tokio::test]
async fn a_link_works_again_after_the_url_it_led_to_has_expired_and_no_more_after_its_own_expiry() {
    if test_servers::left_out("libfaketime") {
        return;
    }
    const MINUTE: Duration = Duration::from_secs(60);
    let mut granted = granted().await;
    let first = granted.follow().await;
    granted.lake.restart_ahead(4 * MINUTE).await.expect("later");
    granted.lake.fetch(&first).await.expect("an answer").expect(200).expect("a URL lives five minutes");
    granted.lake.restart_ahead(6 * MINUTE).await.expect("later");
    granted.lake.fetch(&first).await.expect("an answer").expect(403).expect("and no longer");
    let second = granted.follow().await;
    assert_eq!(granted.lake.fetch(&second).await.expect("an answer").expect(200).expect("a new one").bytes, BYTES);
    granted.lake.restart_ahead(31 * 24 * 60 * MINUTE).await.expect("later");
    granted.leads_nowhere().await;
}

#[tokio::test]
async fn neither_another_entry_nor_another_token_leads_anywhere() {
    let granted = granted().await;
    let (front, _) = granted.link.rsplit_once('/').expect("a number at the end");
    let (base, token) = front.rsplit_once('/').expect("a token before it");
    let mut other = token.to_owned();
    other.replace_range(..1, if token.starts_with('A') { "B" } else { "A" });
    for link in [format!("{front}/1"), format!("{base}/{other}/0"), format!("{base}/{}/0", "A".repeat(43))] {
        assert_eq!(granted.lake.fetch(&link).await.expect("an answer").status, 404);
    }
    granted.follow().await;
}

#[tokio::test]
async fn a_link_outlives_a_restart_and_ends_with_its_revocation() {
    let mut granted = granted().await;
    granted.lake.restart().await.expect("restarted");
    let url = granted.follow().await;
    let revoked = granted.lake.delete(&granted.bob, &format!("/cart/exports/{}", granted.export)).await.expect("an answer");
    let revoked = revoked.expect(200).expect("revoked");
    assert!(revoked.text("/urls_live_until").is_ok(), "the answer says that a URL lives on: {}", revoked.body);
    granted.leads_nowhere().await;
    granted.lake.fetch(&url).await.expect("an answer").expect(200).expect("what was signed before can't be called back");
    granted.lake.restart().await.expect("restarted");
    granted.leads_nowhere().await;
}

#[tokio::test]
async fn a_link_ends_when_its_exporter_loses_the_package_and_comes_back_with_it() {
    let granted = granted().await;
    granted.follow().await;
    granted.change(json!({ "visibility": "private" })).await;
    granted.leads_nowhere().await;
    granted.change(json!({ "visibility": "everyone" })).await;
    granted.follow().await;
    let package = format!("/packages/{}", granted.package);
    granted.lake.delete(&granted.ann, &package).await.expect("an answer").expect(204).expect("deleted");
    granted.leads_nowhere().await;
}

#[tokio::test]
async fn a_link_ends_when_its_bytes_are_taken_back() {
    let granted = granted().await;
    let replaced = b"name,length\nElbe,1094\n";
    granted.lake.upload(&granted.ann, &granted.package, "rivers.csv", "text/csv", replaced).await.expect("uploaded");
    granted.leads_nowhere().await;
}

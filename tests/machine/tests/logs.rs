//! Everything once, with everything logged: no secret may be found in the log, in the audit log, or in the tables.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use datalake_tests_machine::{Browser, CALLBACK, CODE_VERIFIER, Lake, PASSWORD, Person, Tokens};
use serde_json::{Value, json};

const WRONG_PASSWORD: &str = "eleven herons below the sluice";
const FORGED_REFRESH_TOKEN: &str = "a-refresh-token-that-nobody-was-ever-given";
const BYTES: &[u8] = b"name,length\nOder,840\n";

/// Secrets by what they are.
#[derive(Default)]
struct Secrets(BTreeMap<String, String>);

impl Secrets {
    fn add(&mut self, what: &str, secret: &str) {
        // A cookie that is taken back is set to nothing.
        if !secret.is_empty() {
            assert!(secret.len() >= 16, "{what} is too short to be looked for");
            self.0.insert(format!("{what} #{}", self.0.len()), secret.to_owned());
        }
    }

    fn add_tokens(&mut self, tokens: &Tokens) {
        for (what, token) in [("access token", &tokens.access), ("ID token", &tokens.id)] {
            self.add(what, token);
            // Whoever has header and payload only has nothing; the signature makes the token.
            self.add(what, token.rsplit('.').next().expect("three parts"));
        }
        self.add("refresh token", &tokens.refresh);
    }

    fn add_person(&mut self, person: &Person) {
        self.add("one-time password", &person.one_time_password);
        self.add("API key's secret", &person.secret_access_key);
        self.add_tokens(&person.signed_in.tokens);
        self.add("authorization code", &person.signed_in.code);
        person.signed_in.cookies.iter().for_each(|cookie| self.add("cookie", cookie));
    }

    fn add_signed_url(&mut self, url: &Value) {
        let url = url.as_str().expect("a URL");
        self.add("signature of a URL", url.split_once("X-Amz-Signature=").expect("signed").1.split('&').next().expect("its value"));
    }

    fn add_grant(&mut self, link: &Value) {
        self.add("grant token", link.as_str().expect("a link").rsplit('/').nth(1).expect("its token"));
    }

    /// Which of them stand in a file, with the beginning of the first line that has them.
    fn found_in(&self, path: &Path) -> Vec<String> {
        let bytes = fs::read(path).expect("readable");
        let text = String::from_utf8_lossy(&bytes);
        let found = self.0.iter().filter_map(|(what, secret)| {
            let line = text.lines().find(|line| line.contains(secret.as_str()))?;
            Some(format!("{what} in {}: {}", path.display(), line.chars().take(300).collect::<String>()))
        });
        found.collect()
    }
}

/// Everything that people do with a data lake, the right way.
async fn work(lake: &Lake, person: &Person, secrets: &mut Secrets) -> (String, String) {
    let renewed = lake.refresh(&person.signed_in.tokens.refresh).await.expect("renewed");
    secrets.add_tokens(&renewed);
    let again = lake.sign_in(&person.email, None).await.expect("signed in again");
    secrets.add_tokens(&again.tokens);
    secrets.add("authorization code", &again.code);
    let package = lake.create_package(person, "Rivers").await.expect("a package");
    let (dataset, upload) = lake.register(person, &package, "rivers.csv", "text/csv", BYTES).await.expect("registered");
    secrets.add_signed_url(&upload["url"]);
    lake.send_signed(&upload, BYTES).await.expect("an answer").expect(200).expect("taken");
    let dataset = format!("/packages/{package}/datasets/{dataset}");
    lake.post(person, &format!("{dataset}/complete"), &Value::Null).await.expect("an answer").expect(200).expect("complete");
    let download = lake.get(person, &format!("{dataset}/download")).await.expect("an answer").expect(302).expect("a redirect");
    secrets.add_signed_url(&download.header("location").expect("a place").into());
    lake.fetch(download.header("location").expect("a place")).await.expect("an answer").expect(200).expect("the bytes");
    let mut link = String::new();
    for format in ["signed-url", "bucket-key", "grant"] {
        let export = lake.export(person, &package, format).await.expect("an export");
        export["manifests"].as_array().expect("manifests").iter().for_each(|manifest| secrets.add_signed_url(&manifest["url"]));
        let entry = lake.manifest(&export).await.expect("a manifest")["entries"][0].clone();
        match format {
            "signed-url" => secrets.add_signed_url(&entry["url"]),
            "grant" => {
                secrets.add_grant(&entry["grant"]);
                link = entry["grant"].as_str().expect("a link").to_owned();
                let followed = lake.fetch(&link).await.expect("an answer").expect(302).expect("a redirect");
                secrets.add_signed_url(&followed.header("location").expect("a place").into());
                let id = export["id"].as_str().expect("an id");
                lake.delete(person, &format!("/cart/exports/{id}")).await.expect("an answer").expect(200).expect("revoked");
            }
            _ => {}
        }
    }
    let shown = lake.command_line(person).expect("built").args(["packages", "list"]).output().expect("runs");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let key = format!("/profile/api-keys/{}/secret", person.access_key_id);
    let rotated = lake.post(person, &key, &Value::Null).await.expect("an answer").expect(200).expect("a new secret");
    secrets.add("API key's secret", &rotated.text("/secret_access_key").expect("a secret"));
    (package, link)
}

/// One failure of each kind, each with a secret in it.
async fn mistakes(lake: &Lake, person: &Person, secrets: &mut Secrets, package: &str, link: &str) {
    let mut browser = Browser::new().expect("a browser");
    browser.sign_in(&lake.authorize_url("here"), CALLBACK, &person.email, WRONG_PASSWORD, None).await.expect_err("a wrong password");
    browser.cookies_seen().iter().for_each(|cookie| secrets.add("cookie", cookie));
    // Somebody types the password where the address belongs.
    browser.sign_in(&lake.authorize_url("here"), CALLBACK, PASSWORD, WRONG_PASSWORD, None).await.expect_err("nobody of this name");
    secrets.add("wrong password", WRONG_PASSWORD);
    lake.refresh(FORGED_REFRESH_TOKEN).await.expect_err("forged");
    secrets.add("forged refresh token", FORGED_REFRESH_TOKEN);
    lake.refresh(&person.signed_in.tokens.refresh).await.expect_err("used up");
    let token_endpoint = format!("{}/sign-in/token", lake.api());
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "datalake-cli"),
        ("code", person.signed_in.code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", CODE_VERIFIER),
    ];
    let used_up = lake.http().post(&token_endpoint).form(&form).send().await.expect("an answer");
    assert_eq!(used_up.status(), 400);
    secrets.add("code verifier", CODE_VERIFIER);

    let (valid, profile) = (&person.signed_in.tokens.access, format!("{}/profile", lake.api()));
    let cut = &valid[..valid.len() - 4];
    secrets.add("cut access token", cut);
    let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    secrets.add("signature of a request", signature);
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={}/20200101/us-east-1/datalake/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}",
        person.access_key_id
    );
    for authorization in [format!("Bearer {cut}"), format!("Basic {valid}"), format!("bearer {valid} {valid}"), signed] {
        let refused = lake.http().get(&profile).header("authorization", authorization).header("x-amz-date", "20200101T000000Z");
        assert_eq!(refused.send().await.expect("an answer").status(), 401);
    }
    // A token or a signed URL where none belongs.
    for path in [format!("/packages/{valid}"), format!("/nowhere?access_token={valid}"), format!("/packages?cursor={valid}")] {
        let refused = lake.get(person, &path).await.expect("an answer");
        assert!(refused.status.is_client_error(), "{}", refused.status);
    }
    let refused = lake.http().post(format!("{}/packages", lake.api())).bearer_auth(valid).body(format!("{{\"name\": {valid}")).send();
    assert!(refused.await.expect("an answer").status().is_client_error());
    for body in [json!({ "format": "grant", "expires_in": valid }), json!({ "format": "grant", valid: 1 })] {
        let refused = lake.post(person, "/cart/checkout", &body).await.expect("an answer");
        assert!(refused.status.is_client_error(), "{}", refused.status);
    }
    let unknown = json!({ "name": "Rivers", "visibility": valid });
    lake.post(person, "/packages", &unknown).await.expect("an answer").expect(422).expect("no such visibility");

    let (_, upload) = lake.register(person, package, "other.csv", "text/csv", BYTES).await.expect("registered");
    secrets.add_signed_url(&upload["url"]);
    lake.send_signed(&upload, &[b'x'; BYTES.len()]).await.expect("an answer").expect(400).expect("other bytes");
    lake.send_signed(&upload, BYTES).await.expect("an answer").expect(200).expect("the bytes");
    lake.send_signed(&upload, BYTES).await.expect("an answer").expect(412).expect("twice");
    let url = upload["url"].as_str().expect("a URL");
    lake.fetch(url).await.expect("an answer").expect(403).expect("signed for PUT");
    lake.fetch(link).await.expect("an answer").expect(404).expect("revoked");
    lake.fetch(&link.replace("/0", "/x")).await.expect("an answer");
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

async fn sign_out(lake: &Lake, person: &Person) {
    let url = format!("{}/sign-in/end-session?id_token_hint={}", lake.api(), person.signed_in.tokens.id);
    lake.fetch(&url).await.expect("an answer").expect(200).expect("signed out");
}

#[tokio::test]
async fn no_secret_reaches_the_log_the_audit_log_or_the_tables() {
    let mut lake = Lake::start_logging("trace").await.expect("a lake");
    let ann = lake.ann().clone();
    let mut secrets = Secrets::default();
    secrets.add("password", PASSWORD);
    secrets.add_person(&ann);
    let (package, link) = work(&lake, &ann, &mut secrets).await;
    mistakes(&lake, &ann, &mut secrets, &package, &link).await;
    sign_out(&lake, &ann).await;
    lake.stop().await.expect("stopped");

    let log = fs::read_to_string(lake.log_file()).expect("a log");
    assert!(log.contains("a caller was refused") && log.contains("DEBUG") && log.contains("TRACE"), "everything was logged");
    let mut audit = Vec::new();
    files_below(&lake.data_folder().join("audit"), &mut audit);
    let told: String = audit.iter().map(|path| fs::read_to_string(path).expect("text")).collect();
    for action in ["package.create", "dataset.download", "export.create", "grant.follow", "key.rotate"] {
        assert!(told.contains(action), "{action} was audited: {told}");
    }
    // Manifests hold signed URLs and grant links: they are what the caller asked for, and lie among the objects.
    let objects = lake.data_folder().join("objects");
    let mut files = Vec::new();
    files_below(&lake.data_folder(), &mut files);
    files.retain(|path| !path.starts_with(&objects));
    assert!(files.len() > audit.len() + 3, "tables, users and jobs are there: {files:?}");
    files.push(lake.log_file());
    let leaks: Vec<String> = files.iter().flat_map(|path| secrets.found_in(path)).collect();
    assert!(secrets.0.len() > 25 && leaks.is_empty(), "{} secrets; leaked: {leaks:#?}", secrets.0.len());
}

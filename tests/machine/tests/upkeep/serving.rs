//! `datalake-server serve` behind proxies, with a certificate, and as a monitoring system sees it.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use datalake_tests_machine::{Lake, PATIENCE, program, wait_until};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::used;

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string()
}

/// The value of a metric with these labels.
fn metric(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_requests_and_queues_by_route_on_an_address_of_their_own_and_name_nobody() {
    let (mut lake, ann, rivers) = used().await;
    let address = free_address();
    lake.stop().await.expect("stopped");
    lake.set_arguments(&["--metrics-listen", &address]);
    lake.serve().await.expect("serves");
    for _ in 0..3 {
        lake.get(&ann, &format!("/packages/{rivers}")).await.expect("an answer").expect(200).expect("there");
    }
    lake.get(&ann, "/packages/no-id").await.expect("an answer");
    lake.get(&ann, "/nowhere/at/all").await.expect("an answer").expect(404).expect("nothing");
    lake.fetch(&format!("{}/sign-in/authorize", lake.api())).await.expect("an answer");
    let url = format!("http://{address}/metrics");
    let text = wait_until("the feed is handled", async || {
        let text = String::from_utf8(lake.fetch(&url).await?.expect(200)?.bytes.to_vec())?;
        Ok((metric(&text, "datalake_change_feed_lag") == Some(0.0)).then_some(text))
    })
    .await
    .expect("metrics");
    let requests = |route: &str, status: &str| {
        metric(&text, &format!("datalake_http_requests_total{{route=\"{route}\",method=\"GET\",status=\"{status}\"}}"))
    };
    assert_eq!(requests("/packages/{id}", "2xx"), Some(3.0), "{text}");
    assert!(requests("/packages/{id}", "4xx") == Some(1.0) && requests("none", "4xx") == Some(1.0), "{text}");
    assert_eq!(requests("/sign-in/authorize", "4xx"), Some(1.0), "{text}");
    assert_eq!(metric(&text, "datalake_http_request_duration_seconds_count{route=\"/packages/{id}\"}"), Some(4.0), "{text}");
    for queue in ["audit", "search", "manifest", "housekeeping", "changes"] {
        assert_eq!(metric(&text, &format!("datalake_jobs_dead{{queue=\"{queue}\"}}")), Some(0.0), "{text}");
        assert!(metric(&text, &format!("datalake_jobs_waiting{{queue=\"{queue}\"}}")).is_some(), "{text}");
        assert!(metric(&text, &format!("datalake_jobs_oldest_age_seconds{{queue=\"{queue}\"}}")).is_some(), "{text}");
    }
    assert!(!text.contains(&rivers) && !text.contains("ann@") && !text.contains("no-id"), "{text}");
    let public = lake.get(&ann, "/metrics").await.expect("an answer");
    assert_eq!(public.status.as_u16(), 404, "the API does not tell them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_is_believed_and_answers_of_sign_in_have_a_request_id() {
    let (mut lake, ann, _) = used().await;
    let create = async |lake: &Lake, name: &str| {
        let request = lake.request(reqwest::Method::POST, &ann, "/packages").header("x-forwarded-for", "203.0.113.9, 198.51.100.7");
        assert_eq!(request.json(&json!({ "name": name })).send().await.expect("an answer").status(), 201);
    };
    create(&lake, "Not believed").await;
    lake.stop().await.expect("stopped");
    lake.set_arguments(&["--trusted-proxies", "127.0.0.1"]);
    lake.serve().await.expect("serves");
    assert!(!audit(&lake).contains("198.51.100.7"), "nobody is believed at first");
    create(&lake, "Believed").await;
    wait_until("it is told", async || Ok(audit(&lake).contains("\"source_ip\":\"198.51.100.7\"").then_some(()))).await.expect("audited");
    assert!(!audit(&lake).contains("203.0.113.9"), "what the client itself wrote");
    for path in ["/sign-in/authorize", "/.well-known/openid-configuration", "/healthz"] {
        let answer = lake.fetch(&format!("{}{path}", lake.api())).await.expect("an answer");
        assert!(answer.header("x-request-id").expect("a request id").starts_with("req_"), "{path}");
    }
}

fn audit(lake: &Lake) -> String {
    let files = fs::read_dir(lake.data_folder().join("audit")).expect("a folder").map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| fs::read_to_string(path).expect("reads"))
        .collect()
}

/// A certificate for 127.0.0.1 and its key, by the authority in this folder.
fn certify(folder: &Path, serial: &str) {
    let run = |line: &str| {
        let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().expect("install openssl");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    if !folder.join("authority.pem").exists() {
        run("req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.pem -subj /CN=authority -days 2");
    }
    fs::write(folder.join("extensions"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").expect("written");
    run("req -newkey rsa:2048 -nodes -keyout new.key -out new.csr -subj /CN=lake");
    run(&format!(
        "x509 -req -in new.csr -CA authority.pem -CAkey authority.key -set_serial {serial} -days 1 -extfile extensions -out new.pem"
    ));
    fs::rename(folder.join("new.key"), folder.join("lake.key")).expect("moved");
    fs::rename(folder.join("new.pem"), folder.join("lake.pem")).expect("moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_encrypts_both_ports_and_is_read_again_on_a_signal() {
    let (mut lake, ann, _) = used().await;
    lake.stop().await.expect("stopped");
    let folder = lake.path("tls");
    fs::create_dir(&folder).expect("made");
    certify(&folder, "4711");
    let mut server = tokio::process::Command::new(program("datalake-server").expect("built"));
    server.arg("--data-dir").arg(lake.data_folder()).args(["serve", "--api-listen", "127.0.0.1:0", "--objects-listen", "127.0.0.1:0"]);
    server.arg("--tls-certificate").arg(folder.join("lake.pem")).arg("--tls-key").arg(folder.join("lake.key"));
    let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("starts");
    let mut lines = BufReader::new(server.stdout.take().expect("its output")).lines();
    let mut urls = Vec::new();
    for _ in 0..2 {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("text").expect("a line");
        urls.push(line.split_whitespace().nth(1).expect("a URL").to_owned());
    }
    assert!(urls.iter().all(|url| url.starts_with("https://127.0.0.1:")), "{urls:?}");

    let authority = reqwest::Certificate::from_pem(&fs::read(folder.join("authority.pem")).expect("reads")).expect("a certificate");
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().expect("a client");
    let health = format!("{}/healthz", urls[0]);
    assert_eq!(client.get(&health).send().await.expect("an answer").status(), 200);
    let plain = health.replace("https://", "http://");
    assert_eq!(reqwest::get(&plain).await.expect("an answer").status(), 200, "from this machine itself");

    let pushed = lake.write("pushed/a.csv", b"a\n").expect("written");
    let mut push = lake.command_line(&ann).expect("built");
    push.env("DATALAKE_ENDPOINT", &urls[0]).env("DATALAKE_OBJECT_ENDPOINT", &urls[1]).env("SSL_CERT_FILE", folder.join("authority.pem"));
    let output = push.args(["packages", "push", "--name", "Encrypted"]).arg(pushed.parent().expect("a folder")).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let shown = || {
        let address = urls[0].trim_start_matches("https://");
        let output = Command::new("sh")
            .args(["-c", &format!("openssl s_client -connect {address} </dev/null 2>/dev/null | openssl x509 -noout -serial")])
            .output();
        String::from_utf8(output.expect("runs").stdout).expect("text").trim().to_owned()
    };
    assert_eq!(shown(), "serial=1267");
    certify(&folder, "4712");
    let told = Command::new("kill").args(["-HUP", &server.id().expect("a process id").to_string()]).status().expect("runs");
    assert!(told.success());
    wait_until("the new certificate is shown", async || Ok((shown() == "serial=1268").then_some(()))).await.expect("shown");
    fs::write(folder.join("lake.pem"), "no certificate").expect("written");
    assert!(Command::new("kill").args(["-HUP", &server.id().expect("a process id").to_string()]).status().expect("runs").success());
    assert_eq!(client.get(&health).send().await.expect("an answer").status(), 200, "the old one stays");
    server.kill().await.expect("ended");
}

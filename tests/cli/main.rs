//! The command line against a real server.

mod compare;
mod files;
mod large;

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Instant,
};

use client::{datasets::DatasetFilter, paging::Page};
use datalake_tests_machine::{CommandLine, Lake, sha256, wait_until};
use files::{bytes, real_files, write_folder};
use serde_json::Value;

/// A running server, and the command line of somebody who has signed in there.
async fn signed_in() -> (Lake, CommandLine) {
    let lake = Lake::start().await.expect("a lake");
    let datalake = lake.signed_in_command_line(lake.ann()).await.expect("signed in");
    (lake, datalake)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a Unicode path")
}

fn sha256_of(path: &Path) -> String {
    sha256(&std::fs::read(path).expect("a file"))
}

/// Ids of the available datasets by path.
fn datasets(datalake: &CommandLine, package: &str) -> BTreeMap<String, String> {
    let list = datalake.json(&["datasets", "list", package]).expect("a list");
    let entry = |dataset: &Value| Some((dataset["name"].as_str()?.to_owned(), dataset["id"].as_str()?.to_owned()));
    list.as_array().expect("an array").iter().filter_map(entry).collect()
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_folder_comes_back_the_same() {
    let (lake, datalake) = signed_in().await;
    let large = bytes(7, 70 * 1024 * 1024);
    let folder =
        write_folder(&lake, "flights", &[("a.csv", b"x\n1\n"), ("sub/\u{fc} b.json", b"{}"), ("empty", b""), ("large.bin", &large)]);
    let pushed = datalake.json(&["packages", "push", text(&folder), "--name", "Flights", "--tag", "year=2026"]).expect("pushed");
    assert_eq!((&pushed["sent"], &pushed["unchanged"]), (&4.into(), &0.into()));
    let package = pushed["package_id"].as_str().expect("an id");

    let out = lake.path("out");
    let pulled = datalake.json(&["packages", "pull", package, text(&out)]).expect("pulled");
    assert_eq!((&pulled["fetched"], &pulled["unverified"]), (&4.into(), &0.into()));
    for name in ["a.csv", "sub/\u{fc} b.json", "empty", "large.bin"] {
        assert_eq!(sha256_of(&out.join(name)), sha256_of(&folder.join(name)), "{name}");
    }
    assert_eq!(datalake.json(&["packages", "pull", package, text(&out)]).expect("pulled")["unchanged"], 4);

    std::fs::write(folder.join("a.csv"), "x\n2\n").expect("written");
    let again = datalake.json(&["packages", "push", text(&folder), "--name", "Flights", "--update"]).expect("pushed");
    assert_eq!((&again["package_id"], &again["sent"], &again["unchanged"]), (&package.into(), &1.into(), &3.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_export_format_is_pulled_and_verified() {
    let (lake, datalake) = signed_in().await;
    let folder = write_folder(&lake, "delays", &[("a.csv", b"x\n1\n"), ("deep/b.csv", b"y\n")]);
    let pushed = datalake.json(&["packages", "push", text(&folder), "--name", "Delays"]).expect("pushed");
    datalake.json(&["cart", "add", pushed["package_id"].as_str().expect("an id")]).expect("added");
    for format in ["signed-url", "bucket-key", "grant"] {
        datalake.json(&["cart", "add", pushed["package_id"].as_str().expect("an id")]).expect("added");
        let export = datalake.json(&["cart", "checkout", "--format", format, "--wait"]).expect("an export");
        assert_eq!(export["state"], "ready");
        let out = lake.path(format);
        let pulled = datalake.json(&["exports", "pull", &id(&export), text(&out)]).expect("pulled");
        assert_eq!((&pulled["fetched"], &pulled["unverified"]), (&2.into(), &0.into()), "{format}");
        for name in ["a.csv", "deep/b.csv"] {
            assert_eq!(sha256_of(&out.join("Delays").join(name)), sha256_of(&folder.join(name)), "{format} {name}");
        }
        datalake.run(&["exports", "revoke", &id(&export)]).expect("revoked");
        assert_eq!(datalake.try_run(&["exports", "pull", &id(&export), text(&out)]).expect("run").status.code(), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_through_a_pipe_is_uploaded_under_its_name() {
    let (lake, datalake) = signed_in().await;
    let package = id(&datalake.json(&["packages", "create", "Piped"]).expect("created"));
    // Sent at once, nothing at all, and in parts.
    for (name, content) in [("small.csv", b"a,b\n1,2\n".to_vec()), ("empty", Vec::new()), ("deep/large.bin", bytes(11, 70 * 1024 * 1024))] {
        let source = lake.write("source", &content).expect("written");
        let mut command = datalake.command().expect("built");
        command.args(["datasets", "upload", &package, "-", "--prefix", "in/", "--name", name, "--quiet"]);
        // Through a pipe, which tells no size.
        let mut cat = std::process::Command::new("cat").arg(&source).stdout(Stdio::piped()).spawn().expect("started");
        let output = command.stdin(cat.stdout.take().expect("its output")).output().expect("run");
        assert!(cat.wait().expect("ended").success() && output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let list = datalake.json(&["datasets", "list", &package, "--prefix", &format!("in/{name}")]).expect("a list");
        assert_eq!((&list[0]["size"], &list[0]["sha256"]), (&content.len().into(), &sha256(&content).into()), "{name}");
    }
    let refused =
        |arguments: &[&str]| datalake.try_run(&[&["datasets", "upload", &package], arguments].concat()).expect("run").status.code();
    assert_eq!(refused(&["-"]), Some(2), "nobody knows what to call it");
    assert_eq!(refused(&["-", "-", "--name", "a"]), Some(2), "it comes once");
    assert_eq!(refused(&["source", "--name", "a"]), Some(2), "files have names");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_through_a_pipe_does_not_outlive_a_killed_upload() {
    let (lake, datalake) = signed_in().await;
    let package = id(&datalake.json(&["packages", "create", "Killed"]).expect("created"));
    let folder = lake.path("temporary");
    std::fs::create_dir(&folder).expect("a folder");
    let folder = folder.canonicalize().expect("a path");
    let mut command = datalake.command().expect("built");
    command.args(["datasets", "upload", &package, "-", "--name", "a"]).env("TMPDIR", &folder).stdin(Stdio::piped());
    let mut upload = command.spawn().expect("started");
    let mut input = upload.stdin.take().expect("its input");
    // More than a pipe holds: some of it was read.
    input.write_all(&bytes(12, 4 * 1024 * 1024)).expect("read");
    let open =
        std::fs::read_dir(format!("/proc/{}/fd", upload.id())).expect("open files").filter_map(|file| file.ok()?.path().read_link().ok());
    let open: Vec<PathBuf> = open.collect();
    assert!(open.iter().any(|path| path.starts_with(&folder)), "it is kept there: {open:?}");
    upload.kill().expect("killed");
    upload.wait().expect("ended");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_learns_what_went_wrong() {
    let (lake, datalake) = signed_in().await;
    let code = |arguments: &[&str]| datalake.try_run(arguments).expect("run").status.code();
    assert_eq!(code(&["whoami"]), Some(0));
    assert_eq!(code(&["packages", "fly"]), Some(2));
    assert_eq!(code(&["packages", "show", "../cart"]), Some(2));
    assert_eq!(code(&["packages", "show", "pkg_01J00000000000000000000000"]), Some(3));
    assert_eq!(code(&["--profile", "nobody", "--endpoint", lake.api(), "whoami"]), Some(4));
    let missing = datalake.try_run(&["packages", "show", "pkg_01J00000000000000000000000"]).expect("run");
    let said = String::from_utf8(missing.stderr).expect("text");
    assert!(said.contains("(request "), "{said}");
    assert!(missing.stdout.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_look_like_this() {
    let (lake, datalake) = signed_in().await;
    let folder = write_folder(&lake, "sales", &[("2026/north.csv", b"a,b\n1,2\n"), ("2026/south.csv", b"a,b\n")]);
    let pushed = datalake.json(&["packages", "push", text(&folder), "--name", "Sales"]).expect("pushed");
    let package = pushed["package_id"].as_str().expect("an id");
    let filters = [(r"(pkg|ds)_[0-9A-Z]{26}", "${1}_ID"), (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME")];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!("packages_list", datalake.run(&["packages", "list"]).expect("a list"));
        insta::assert_snapshot!("datasets_list_csv", datalake.run(&["datasets", "list", package, "--output", "csv"]).expect("a list"));
        insta::assert_snapshot!("metadata_set_yaml", datalake.run(&["metadata", "set", package, "year=2026", "note=yes: no", "--output", "yaml"])
            .expect("tags").lines().filter(|line| !line.starts_with("created_by")).collect::<Vec<_>>().join("\n"));
    });
}

/// A folder that the operator serves is imported as a whole: what is in it is listed as it is now.
#[tokio::test(flavor = "multi_thread")]
async fn what_lies_below_an_imported_folder_is_listed_as_it_is_now() {
    let mut lake = Lake::start().await.expect("a lake");
    for (file, content) in [("raw/a.csv", "a,b\n"), ("raw/deep/b.csv", "a\n"), ("raw/c.tmp", "x")] {
        lake.write(&format!("partners/{file}"), content.as_bytes()).expect("written");
    }
    lake.stop().await.expect("stopped");
    lake.set_arguments(&["--import-root", &format!("partners={}", lake.path("partners").display())]);
    lake.serve().await.expect("started");
    let datalake = lake.signed_in_command_line(lake.ann()).await.expect("signed in");
    let package = id(&datalake.json(&["packages", "create", "Partners"]).expect("created"));
    let manifest = r#"{"version":1,"entries":[{"prefix":"s3://partners/raw/","exclude":["**.tmp"]}]}"#;
    let manifest = lake.write("manifest.json", manifest.as_bytes()).expect("written");
    let imported = datalake.json(&["imports", "start", &package, "--manifest", text(&manifest), "--wait"]).expect("imported");
    assert_eq!(imported["added"], 1, "{imported}");

    let list = |arguments: &[&str]| -> Vec<(String, String)> {
        let list = datalake.json(&[&["datasets", "list", &package], arguments].concat()).expect("a list");
        let entry =
            |entry: &Value| (entry["kind"].as_str().unwrap_or_default().to_owned(), entry["name"].as_str().expect("a name").to_owned());
        list.as_array().expect("an array").iter().map(entry).collect()
    };
    let entries = |entries: &[(&str, &str)]| -> Vec<(String, String)> {
        entries.iter().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned())).collect()
    };
    assert_eq!(list(&[]), entries(&[("prefix", "raw")]));
    assert_eq!(list(&["--prefix", "raw/"]), entries(&[("", "raw/a.csv"), ("", "raw/deep/b.csv")]));
    assert_eq!(list(&["--prefix", "raw/", "--folders"]), entries(&[("", "raw/a.csv"), ("folder", "raw/deep/")]));
    lake.write("partners/raw/deep/later.csv", b"a\n").expect("written");
    assert_eq!(list(&["--prefix", "raw/deep/"]), entries(&[("", "raw/deep/b.csv"), ("", "raw/deep/later.csv")]));
}

/// The moment of death is what is varied: a random one in the middle of a push of real files, each time into a new package.
/// What the server acknowledged before is there after it, under the same id: nothing was lost and nothing is sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_real_files_goes_on_after_the_server_was_killed() {
    let (mut lake, datalake) = signed_in().await;
    let folder = real_files(&lake);
    let files = std::fs::read_dir(&folder).expect("files").count();
    let begun = Instant::now();
    let whole = id(&datalake.json(&["packages", "create", "Whole"]).expect("created"));
    datalake.run(&["packages", "push", text(&folder), "--package", &whole, "--quiet"]).expect("pushed");
    let usual = begun.elapsed();

    let (mut killed_midway, mut rounds) = (0, 0);
    while killed_midway < 5 {
        rounds += 1;
        assert!(rounds <= 25, "pushes end before the server can be killed");
        let package = id(&datalake.json(&["packages", "create", &format!("Round {rounds}")]).expect("created"));
        let push = ["packages", "push", text(&folder), "--package", &package, "--quiet"];
        let mut command = tokio::process::Command::from(datalake.command().expect("built"));
        let mut pushing = command.args(push).stdout(Stdio::null()).kill_on_drop(true).spawn().expect("started");
        tokio::time::sleep(usual.mul_f64(0.1 + 0.7 * random())).await;
        let acknowledged = datasets(&datalake, &package);
        lake.kill_9().await.expect("killed");
        let midway = pushing.try_wait().expect("a process").is_none();
        // The last push goes on by itself once the server is back; the others are run again.
        let goes_on = killed_midway == 4;
        if midway && !goes_on {
            pushing.kill().await.expect("killed");
        }
        lake.serve().await.expect("restarted");
        let now = datasets(&datalake, &package);
        assert!(acknowledged.iter().all(|(name, id)| now.get(name) == Some(id)), "round {rounds}: something acknowledged is not there");
        if midway && goes_on {
            assert!(pushing.wait().await.expect("ended").success(), "a push bridges a restart");
        } else {
            datalake.run(&push).expect("pushed");
        }
        let whole = datasets(&datalake, &package);
        assert_eq!(whole.len(), files);
        assert!(now.iter().all(|(name, id)| whole.get(name) == Some(id)), "round {rounds}: something acknowledged was sent again");
        killed_midway += u32::from(midway);
    }
    let package = id(&datalake.json(&["packages", "show", &whole]).expect("shown"));
    let out = lake.path("out");
    assert_eq!(datalake.json(&["packages", "pull", &package, text(&out)]).expect("pulled")["fetched"], files);
}

/// From 0 to 1.
fn random() -> f64 {
    let mut byte = [0_u8];
    aws_lc_rs::rand::fill(&mut byte).expect("randomness");
    f64::from(byte[0]) / 255.0
}

/// A resumed upload keeps its dataset; one that began anew would have another id.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_on_with_the_parts_that_arrived() {
    let (lake, datalake) = signed_in().await;
    let folder = write_folder(&lake, "large", &[("large.bin", &bytes(3, 150 * 1024 * 1024))]);
    let package = id(&datalake.json(&["packages", "create", "Large"]).expect("created"));
    let push = ["packages", "push", text(&folder), "--package", &package, "--quiet", "--parallel", "1"];
    let mut command = tokio::process::Command::from(datalake.command().expect("built"));
    let mut pushing = command.args(push).stdout(Stdio::null()).kill_on_drop(true).spawn().expect("started");
    let client = lake.client(lake.ann()).expect("a client");
    let filter = DatasetFilter { prefix: None, state: Some("pending".to_owned()) };
    let begun = wait_until("the first part has arrived", async || {
        let Some(pending) = client.list_datasets(&package, &filter, &Page::default()).await?.items.pop() else { return Ok(None) };
        let Ok(arrived) = client.arrived_parts(&package, &pending.id).await else { return Ok(None) };
        Ok((!arrived.parts.is_empty()).then_some(pending.id))
    })
    .await
    .expect("a part");
    pushing.kill().await.expect("killed");
    datalake.run(&push).expect("pushed");
    assert_eq!(datasets(&datalake, &package).get("large.bin"), Some(&begun));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_and_counts_what_was_pushed() {
    let (lake, datalake) = signed_in().await;
    let folder = write_folder(&lake, "ships", &[("a.csv", b"x\n1\n")]);
    datalake.run(&["packages", "push", text(&folder), "--name", "Ship arrivals"]).expect("pushed");
    let found = wait_until("the package is found", async || {
        let page = datalake.json(&["search", "arrival", "--filter", "format=csv"])?;
        Ok((page["total"] == 1).then_some(page))
    })
    .await
    .expect("a hit");
    assert_eq!(found["items"][0]["name"], "Ship arrivals");
    let table = datalake.run(&["search", "arrival"]).expect("a table");
    assert!(table.contains("\n1 found\n") && table.contains("format: csv (1)"), "{table}");
    let refused = datalake.try_run(&["search", "\"open phrase"]).expect("run");
    assert_eq!(refused.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_builds_the_index_anew_and_a_kill_does_not_stop_it() {
    let (mut lake, datalake) = signed_in().await;
    let made: Vec<String> =
        (0..3).map(|number| id(&datalake.json(&["packages", "create", &format!("Harbour {number}")]).expect("created"))).collect();
    let found = async |count: u64| {
        let what = format!("{count} packages are found");
        wait_until(&what, async || Ok((datalake.json(&["search", "harbour"])?["total"] == count).then_some(()))).await.expect("found");
    };
    found(3).await;
    datalake.run(&["index", "remove", &made[0]]).expect("removed");
    found(2).await;
    datalake.run(&["index", "put", &made[0]]).expect("put");
    found(3).await;
    datalake.run(&["index", "remove", &made[1]]).expect("removed");
    found(2).await;
    assert_eq!(datalake.try_run(&["index", "status"]).expect("run").status.code(), Some(3), "there never was a rebuild");
    datalake.run(&["index", "rebuild"]).expect("begun");
    lake.kill_9().await.expect("killed");
    lake.serve().await.expect("serves");
    let client = lake.client(lake.ann()).expect("a client");
    let done = wait_until("the index is built", async || {
        let reindex = client.reindex().await?;
        Ok((reindex.state != "running").then_some(reindex))
    });
    let done = done.await.expect("it goes on");
    assert_eq!((done.state.as_str(), done.done, done.total, done.failed), ("done", 3, Some(3), 0));
    let search = client::SearchQuery { query: "harbour".to_owned(), ..client::SearchQuery::default() };
    assert_eq!(client.search(&search, &Page::default()).await.expect("an answer").total, 3);
}

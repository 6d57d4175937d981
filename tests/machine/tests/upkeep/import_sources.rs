//! What existing objects are imported from on one machine: folders that are served as buckets, and another S3 endpoint.

use std::{fs, os::unix::fs::symlink, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use datalake_tests_machine::{Lake, Person, sha256, wait_until};
use domain::ports::{ObjectAddress, Objects as _, PutOptions};
use embedded::{
    listen::Limits,
    objects::{EndpointOptions, ImportRoots, InternalKey, ObjectAccess, ObjectStore, adapter, serve},
};
use futures::{StreamExt as _, stream};
use runtime::system::{SystemClock, SystemIds};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{findings, used};

async fn import(lake: &Lake, owner: &Person, package: &str, entries: &Value) -> Value {
    let imports = format!("/packages/{package}/imports");
    let body = json!({ "version": 1, "entries": entries });
    let id = lake.post(owner, &imports, &body).await.expect("an answer").expect(202).expect("accepted").text("/id").expect("an id");
    wait_until("the import is done", async || {
        let import = lake.get(owner, &format!("{imports}/{id}")).await?.expect(200)?.body;
        Ok((import["state"] != "running").then_some(import))
    })
    .await
    .expect("done")
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_folder_become_datasets_where_they_are() {
    let (mut lake, ann, rivers) = used().await;
    let folder = lake.path("partners");
    fs::create_dir_all(folder.join("2026/may")).expect("folders");
    for (name, content) in [("rivers é.csv", "name\nOder\n"), ("2026/may/a.csv", "a\n"), ("2026/b.csv", "b\n")] {
        fs::write(folder.join(name), content).expect("a file");
    }
    fs::write(lake.path("secret.txt"), "secret").expect("a file");
    symlink(lake.path("secret.txt"), folder.join("link.txt")).expect("a link");

    lake.stop().await.expect("stopped");
    lake.set_arguments(&["--import-root", &format!("partners={}", folder.display())]);
    lake.serve().await.expect("serves");
    let entries = json!([
        { "url": "s3://partners/rivers é.csv" },
        { "prefix": "s3://partners/2026/" },
        { "url": "s3://partners/gone.csv" },
        { "url": "s3://partners/link.txt" },
        { "url": "s3://datalake/packages/" },
        { "url": "s3://elsewhere/a.csv" },
    ]);
    let done = import(&lake, &ann, &rivers, &entries).await;
    assert_eq!((&done["read"], &done["added"], &done["failed"]), (&json!(6), &json!(2), &json!(4)), "{done}");

    let listed = lake.get(&ann, &format!("/packages/{rivers}/datasets?limit=200")).await.expect("an answer").body;
    let items = listed["items"].as_array().expect("items");
    let file = items.iter().find(|item| item["name"] == "rivers é.csv").unwrap_or_else(|| panic!("{items:?}"));
    let download = format!("/packages/{rivers}/datasets/{}/download", file["id"].as_str().expect("an id"));
    let answer = lake.get(&ann, &download).await.expect("an answer").expect(302).expect("redirected");
    let location = answer.header("location").expect("a URL");
    assert_eq!(lake.fetch(location).await.expect("an answer").expect(200).expect("there").bytes, "name\nOder\n".as_bytes());

    // A folder is no file: a pull says so, and leaves no empty one behind.
    let out = lake.path("out");
    let mut pull = lake.command_line(&ann).expect("built");
    let pulled = pull.args(["packages", "pull", &rivers, &out.display().to_string()]).output().expect("runs");
    let said = String::from_utf8_lossy(&pulled.stderr).into_owned();
    assert_eq!((pulled.status.code(), out.join("2026").exists()), (Some(5), false), "{said}");
    assert!(said.contains("is a folder of many objects"), "{said}");
    assert_eq!(fs::read(out.join("rivers é.csv")).expect("pulled"), "name\nOder\n".as_bytes());

    // What is there already is skipped when the server starts with the folder once more.
    lake.stop().await.expect("stopped");
    lake.serve().await.expect("serves");
    let again = import(&lake, &ann, &rivers, &entries).await;
    assert_eq!((&again["skipped"], &again["failed"]), (&json!(2), &json!(4)), "{again}");
    lake.stop().await.expect("stopped");
    assert_eq!(findings(&lake.data_folder()), Vec::<Value>::new());
    assert_eq!(fs::read(folder.join("2026/b.csv")).expect("there"), b"b\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_or_takes_a_name_of_ours_is_refused_at_the_start() {
    let mut lake = Lake::start().await.expect("a lake");
    lake.stop().await.expect("stopped");
    let here = lake.path("").display().to_string();
    for (root, why) in [
        ("partners=/no/such/folder".to_owned(), "can't be read"),
        (format!("datalake={here}"), "of the data lake itself"),
        (format!("all={here}"), "would give away"),
        (format!("all={here}data/objects"), "would give away"),
        ("partners".to_owned(), "names and folders"),
    ] {
        lake.set_arguments(&["--import-root", &root]);
        let error = format!("{:#}", lake.serve().await.expect_err("it does not start"));
        assert!(error.contains(why), "{root}: {error}");
    }
}

/// Another S3 endpoint than the data lake's own, which only its owner's key opens.
async fn other_endpoint(lake: &Lake, key: InternalKey) -> String {
    struct Nobody;

    #[async_trait]
    impl ObjectAccess for Nobody {
        async fn secret(&self, _: &str) -> Option<SecretString> {
            None
        }

        async fn may_read(&self, _: &str, _: &str, _: &str, _: Option<&str>) -> bool {
            false
        }
    }

    let store = ObjectStore::open(&lake.path("other"), Arc::new(SystemClock), Arc::new(SystemIds::default())).expect("a store");
    store.ensure_bucket("elsewhere").await.expect("a bucket");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let limits = Limits { connections: 64, head_time: Duration::from_secs(15), head_bytes: 64 * 1024, tls: None };
    let roots = ImportRoots::default();
    let options = EndpointOptions { internal: key.clone(), access: Arc::new(Nobody), origins: Vec::new(), roots, limits };
    tokio::spawn(serve(listener, Arc::new(store), options, std::future::pending()));
    let content = b"name\nElbe\n";
    let address = ObjectAddress { bucket: "elsewhere".to_owned(), key: "raw/elbe.csv".to_owned() };
    let options =
        PutOptions { size: content.len() as u64, content_type: "text/csv".to_owned(), sha256: sha256(content), only_if_absent: false };
    let body = stream::once(async { Ok(Bytes::from_static(content)) }).boxed();
    adapter(&url, None, &key, Arc::new(SystemClock)).put(&address, &options, body).await.expect("stored");
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_another_endpoint_become_datasets_where_they_are() {
    let (mut lake, ann, rivers) = used().await;
    let (id, secret) = ("reader-of-elsewhere", "the secret of another store");
    let url = other_endpoint(&lake, InternalKey { access_key_id: id.to_owned(), secret: SecretString::from(secret) }).await;
    lake.stop().await.expect("stopped");
    fs::write(lake.path("secret"), format!("{secret}\n")).expect("a file");
    let settings = format!(
        "[import]\nendpoint = \"{url}\"\nbuckets = \"elsewhere\"\naccess_key_id = \"{id}\"\nsecret_file = \"{}\"\n",
        lake.path("secret").display()
    );
    let file = lake.path("settings.toml");
    fs::write(&file, settings).expect("a file");
    lake.set_arguments(&["--config", &file.display().to_string()]);
    lake.serve().await.expect("serves");
    let entries =
        json!([{ "url": "s3://elsewhere/raw/elbe.csv" }, { "url": "s3://elsewhere/gone.csv" }, { "prefix": "s3://elsewhere/raw/" }]);
    let done = import(&lake, &ann, &rivers, &entries).await;
    assert_eq!((&done["added"], &done["failed"]), (&json!(2), &json!(1)), "{done}");

    let listed = lake.get(&ann, &format!("/packages/{rivers}/datasets?limit=200")).await.expect("an answer").body;
    let file = listed["items"].as_array().expect("items").iter().find(|item| item["name"] == "raw/elbe.csv").expect("there").clone();
    assert_eq!((&file["size"], &file["sha256"]), (&json!(10), &json!(sha256(b"name\nElbe\n"))), "{file}");
    let download = format!("/packages/{rivers}/datasets/{}/download", file["id"].as_str().expect("an id"));
    let answer = lake.get(&ann, &download).await.expect("an answer").expect(302).expect("redirected");
    let location = answer.header("location").expect("a URL");
    assert!(location.starts_with(&url), "{location}");
    assert_eq!(lake.fetch(location).await.expect("an answer").expect(200).expect("there").bytes, "name\nElbe\n".as_bytes());

    // The folder has both: what lies below a prefix is listed by whoever keeps it.
    let export = lake.export(&ann, &rivers, "signed-url").await.expect("an export");
    let manifest = lake.manifest(&export).await.expect("a manifest").to_string();
    assert_eq!(manifest.matches("raw/elbe.csv?").count(), 2, "{manifest}");
}

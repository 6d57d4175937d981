//! `datalake-server check` finds each kind of damage by its name, and none where there is none.

use std::{
    collections::BTreeSet,
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use datalake_tests_machine::wait_until;
use embedded::search::{TantivyIndex, inspect};
use rusqlite::Connection;

use crate::{done, findings, server, used};

/// A copy of a data folder at rest, to be damaged.
struct Damaged {
    _scratch: tempfile::TempDir,
    folder: PathBuf,
}

impl Damaged {
    fn copy_of(data: &Path) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let folder = scratch.path().join("data");
        assert!(Command::new("cp").arg("-a").args([data, &folder]).status().expect("runs").success());
        Self { _scratch: scratch, folder }
    }

    /// Changes rows of a database; one at least.
    fn sql(&self, database: &str, statement: &str) {
        let connection = Connection::open(self.folder.join(database)).expect("opens");
        connection.pragma_update(None, "foreign_keys", false).expect("set");
        assert!(connection.execute(statement, []).unwrap_or_else(|error| panic!("{statement}: {error}")) > 0, "{statement}: no row");
    }

    fn tables(&self, statement: &str) {
        self.sql("tables.sqlite3", statement);
    }

    /// The file with this content, where objects have theirs.
    fn content(&self, bytes: &[u8]) -> PathBuf {
        let shards = fs::read_dir(self.folder.join("objects/content")).expect("a folder");
        let files = shards.flat_map(|shard| fs::read_dir(shard.expect("a shard").path()).expect("a folder"));
        let mut paths = files.map(|file| file.expect("a file").path());
        paths.find(|path| fs::read(path).expect("reads") == bytes).expect("the content is there")
    }

    fn overwrite(&self, path: &Path, at: u64, bytes: &[u8]) {
        let mut file = fs::OpenOptions::new().write(true).open(path).expect("opens");
        file.seek(SeekFrom::Start(at)).expect("there");
        file.write_all(bytes).expect("written");
    }

    /// The names of what is found.
    fn found(&self) -> BTreeSet<String> {
        findings(&self.folder).iter().map(|found| found["damage"].as_str().expect("a name").to_owned()).collect()
    }
}

const BYTES: &[u8] = b"name\nOder\n";
/// The rows of the dataset with [`BYTES`], of its package and of the path.
const DATASET: &str = "tbl = 3 AND sort LIKE CAST('ds#%' AS BLOB) AND body ->> 'state' = 'available' AND body ->> 'path' = 'rivers.csv'";
const REPLACED: &str = "tbl = 3 AND sort LIKE CAST('ds#%' AS BLOB) AND body ->> 'state' = 'removed' AND body ->> 'path' = 'rivers.csv'";
const PACKAGE: &str = "tbl = 1 AND sort = CAST('package' AS BLOB) AND body ->> 'name' = 'Rivers'";

fn set(what: &str, row: &str) -> String {
    format!("UPDATE item SET body = json_set(body, {what}) WHERE {row}")
}

type Seed = (&'static [&'static str], fn(&Damaged));

/// Each damage with the names under which it must be found: its own, and those of what follows from it.
const SEEDS: &[Seed] = &[
    (&["object_file_missing"], |data| fs::remove_file(data.content(BYTES)).expect("removed")),
    (&["object_file_length"], |data| data.overwrite(&data.content(BYTES), BYTES.len() as u64, b"Elbe\n")),
    (&["object_file_content"], |data| data.overwrite(&data.content(BYTES), 5, b"Elbe")),
    (&["object_without_file"], |data| {
        let path = data.content(BYTES);
        let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
        data.sql("objects/objects.sqlite", &format!("DELETE FROM contents WHERE file = '{name}'"));
        fs::remove_file(path).expect("removed");
    }),
    (&["file_without_object"], |data| fs::write(data.folder.join("objects/content/0/00"), "stray").expect("written")),
    (&["dataset_without_object", "file_without_object"], |data| {
        let version = "SELECT sequence FROM versions WHERE size = 10 AND key LIKE 'packages/%'";
        for table in ["contents", "current", "versions"] {
            let statement = if table == "versions" {
                "DELETE FROM versions WHERE size = 10 AND key LIKE 'packages/%'".to_owned()
            } else {
                format!("DELETE FROM {table} WHERE sequence IN ({version})")
            };
            data.sql("objects/objects.sqlite", &statement);
        }
    }),
    (&["dataset_without_object"], |data| {
        data.tables(&format!("UPDATE item SET body = json_remove(body, '$.object_version') WHERE {DATASET}"))
    }),
    (&["object_differs"], |data| data.tables(&set("'$.sha256', '00'", DATASET))),
    (&["path_without_dataset", "package_counters", "object_without_dataset"], |data| {
        data.tables(&format!("DELETE FROM item WHERE {DATASET}"))
    }),
    (&["path_of_removed_dataset", "package_counters"], |data| data.tables(&set("'$.state', 'removed'", DATASET))),
    (&["dataset_without_path"], |data| data.tables("DELETE FROM item WHERE tbl = 3 AND sort = CAST('path#rivers.csv' AS BLOB)")),
    (&["two_current_datasets", "package_counters"], |data| data.tables(&set("'$.state', 'available'", REPLACED))),
    (&["dataset_without_package", "path_without_dataset", "index_document_of_gone_package"], |data| {
        data.tables(&format!("DELETE FROM item WHERE {PACKAGE}"));
    }),
    (&["package_counters"], |data| data.tables(&set("'$.bytes', 11", PACKAGE))),
    (&["package_without_metadata"], |data| {
        data.tables(&format!("DELETE FROM item WHERE tbl = 2 AND partition = (SELECT partition FROM item WHERE {PACKAGE}) AND sort LIKE CAST('version#%' AS BLOB)"));
    }),
    (&["group_row_stray"], |data| {
        let row = format!(
            "SELECT 1, slot, CAST('group#sales' AS BLOB), partition, json_object('package_id', 'group#sales', 'item', body ->> 'package_id') FROM item WHERE {PACKAGE}"
        );
        data.tables(&format!("INSERT INTO item (tbl, slot, partition, sort, body) {row}"));
    }),
    (&["group_row_missing"], |data| data.tables(&set("'$.visibility', 'groups', '$.groups', json_array('sales')", PACKAGE))),
    (&["row_unreadable"], |data| data.tables(&set("'$.owner', 7", PACKAGE))),
    (&["index_document_missing"], |data| {
        let indexed = inspect(&data.folder.join("search")).expect("reads").expect("an index");
        let (package, sequence) = indexed.into_iter().next().expect("a package");
        let index = TantivyIndex::open(data.folder.join("search")).expect("opens");
        let removing = async move { domain::ports::SearchIndex::remove_many(&index, &[(package, sequence)]).await };
        tokio::runtime::Runtime::new().expect("a runtime").block_on(removing).expect("removed");
    }),
    (&["index_document_stale"], |data| data.tables(&set("'$.sequence', 99", PACKAGE))),
    (&["index_document_of_gone_package"], |data| data.tables(&set("'$.deleted_at', '2026-01-31T12:00:00.000Z'", PACKAGE))),
    (&["index_unreadable"], |data| {
        let live = fs::read_to_string(data.folder.join("search/current")).expect("reads");
        fs::write(data.folder.join("search").join(live).join("meta.json"), "{").expect("written");
    }),
    (&["audit_chain_broken"], |data| {
        let log = audit_file(data);
        let text = fs::read_to_string(&log).expect("reads").replacen("package.create", "package.delete", 1);
        fs::write(log, text).expect("written");
    }),
    (&["audit_chain_broken"], |data| {
        let log = audit_file(data);
        let text = fs::read_to_string(&log).expect("reads");
        let kept: Vec<&str> = text.lines().take(text.lines().count() - 1).collect();
        fs::write(log, kept.join("\n") + "\n").expect("written");
    }),
    (&["database_damaged"], |data| data.overwrite(&data.folder.join("jobs.sqlite3"), 4096, &[0xff; 4096])),
    (&["database_damaged"], |data| fs::remove_file(data.folder.join("users.sqlite3")).expect("removed")),
];

fn audit_file(data: &Damaged) -> PathBuf {
    let files = fs::read_dir(data.folder.join("audit")).expect("a folder").map(|entry| entry.expect("an entry").path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).max().expect("a log")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_damage_is_found_by_its_name_and_nothing_else_is() {
    let (mut lake, ann, rivers) = used().await;
    wait_until("the index has the package", async || {
        let answer = lake.get(&ann, "/search?q=Rivers").await?.expect(200)?;
        Ok(answer.body["items"].as_array().is_some_and(|items| !items.is_empty()).then_some(()))
    })
    .await
    .expect("indexed");
    lake.stop().await.expect("stopped");
    assert_eq!(findings(&lake.data_folder()), [] as [serde_json::Value; 0], "after real use");
    let said = done(&lake.data_folder(), &["check"]);
    assert!(said.trim_end().ends_with("nothing is wrong"), "{said}");

    let data = lake.data_folder();
    tokio::task::spawn_blocking(move || {
        for (names, damage) in SEEDS {
            let damaged = Damaged::copy_of(&data);
            damage(&damaged);
            assert_eq!(damaged.found(), names.iter().map(|name| (*name).to_owned()).collect(), "{names:?}");
        }
        let kinds: BTreeSet<&str> = SEEDS.iter().flat_map(|(names, _)| names.iter().copied()).collect();
        assert!(kinds.len() >= 20, "{kinds:?}");
        let damaged = Damaged::copy_of(&data);
        damaged.tables(&set("'$.bytes', 11", PACKAGE));
        let output = server(&damaged.folder, &["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = said.lines().find(|line| line.starts_with("package_counters")).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains(&rivers) && line.contains("it says 2 datasets and 11 bytes; it has 2 and 10"), "{said}");
    })
    .await
    .expect("every damage is found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_leaves_no_damage_and_one_that_runs_is_not_looked_at() {
    let (mut lake, ann, _) = used().await;
    let large: Vec<u8> = (0..70 * 1024 * 1024_u32).map(|position| (position % 251) as u8).collect();
    let folder = lake.write("pushed/large.bin", &large).expect("written");
    let mut push = lake.command_line(&ann).expect("built");
    let pushed = push.args(["packages", "push", "--name", "Large"]).arg(folder.parent().expect("a folder")).output().expect("runs");
    assert!(pushed.status.success(), "{pushed:?}");
    let refused = server(&lake.data_folder(), &["check"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("in use"), "{refused:?}");
    lake.create_package(&ann, "Last words").await.expect("a package");
    lake.kill_9().await.expect("killed");
    assert_eq!(findings(&lake.data_folder()), [] as [serde_json::Value; 0]);
    lake.serve().await.expect("serves again");
    lake.stop().await.expect("stopped");
    assert_eq!(findings(&lake.data_folder()), [] as [serde_json::Value; 0]);
    let nothing = server(&lake.path("nowhere"), &["check"]);
    assert!(nothing.status.code() == Some(2) && !lake.path("nowhere").exists(), "{nothing:?}");
}

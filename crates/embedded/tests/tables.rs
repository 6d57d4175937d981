//! The contract of `Tables` and of a change feed, held by the tables in SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use datalake_embedded::tables::SqliteTables;
use domain::{PortErrorKind, change::Change, ports::Tables};
use tempfile::TempDir;
use testkit::tables::feed::FeedFixture;

testkit::tables_suite!(crate::tables);
testkit::change_feed_suite!(crate::feed);

async fn tables() -> (Arc<dyn Tables>, TempDir) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    (Arc::new(open(&folder)), folder)
}

fn open(folder: &TempDir) -> SqliteTables {
    SqliteTables::open(folder.path().join("tables.sqlite3")).expect("the file opens")
}

struct Feed {
    tables: Option<SqliteTables>,
    folder: TempDir,
}

impl Feed {
    fn open(&self) -> &SqliteTables {
        self.tables.as_ref().expect("open but for the moment of a restart")
    }
}

async fn feed() -> Feed {
    let folder = tempfile::tempdir().expect("a scratch folder");
    Feed { tables: Some(open(&folder)), folder }
}

#[async_trait]
impl FeedFixture for Feed {
    fn tables(&self) -> &dyn Tables {
        self.open()
    }

    async fn read(&mut self, after: i64, limit: u32) -> Vec<(i64, Change)> {
        self.open().read_changes(after, limit).await.expect("changes")
    }

    async fn position(&mut self) -> i64 {
        self.open().subscribe("worker").await.expect("a position")
    }

    async fn acknowledge(&mut self, upto: i64) {
        self.open().acknowledge("worker", upto).await.expect("an acknowledgement");
    }

    async fn restart(&mut self) {
        self.tables = None;
        self.tables = Some(open(&self.folder));
    }
}

mod feed_of_the_file {
    use domain::ports::{Key, Table, Write};

    use super::*;

    async fn write(tables: &SqliteTables, sort: &str) {
        let item = [("kind".to_owned(), "k".into()), ("id".to_owned(), sort.into())].into();
        tables.write(Write::Put { table: Table::Settings, item, condition: None }).await.expect("a put");
    }

    #[tokio::test]
    async fn an_entry_is_dropped_when_all_consumers_have_acknowledged_it() {
        let feed = feed().await;
        let tables = feed.open();
        for consumer in ["slow", "fast"] {
            tables.subscribe(consumer).await.expect("a position");
        }
        for sort in ["a", "b", "c"] {
            write(tables, sort).await;
        }
        tables.acknowledge("fast", 3).await.expect("an acknowledgement");
        assert_eq!(tables.read_changes(0, 10).await.expect("changes").len(), 3);
        tables.acknowledge("slow", 2).await.expect("an acknowledgement");
        let kept: Vec<i64> = tables.read_changes(0, 10).await.expect("changes").into_iter().map(|(sequence, _)| sequence).collect();
        assert_eq!(kept, [3]);
    }

    #[tokio::test]
    async fn a_consumer_that_never_subscribed_is_refused() {
        let refused = feed().await.open().acknowledge("nobody", 1).await.expect_err("nobody subscribed");
        assert!(refused.is(PortErrorKind::NotFound));
    }

    #[tokio::test]
    async fn nobody_acknowledges_what_is_not_written_yet() {
        let feed = feed().await;
        let tables = feed.open();
        tables.subscribe("worker").await.expect("a position");
        tables.acknowledge("worker", 1_000).await.expect("an acknowledgement");
        write(tables, "a").await;
        assert_eq!(tables.subscribe("worker").await.expect("a position"), 0);
        assert_eq!(tables.read_changes(0, 10).await.expect("changes").len(), 1);
    }

    #[tokio::test]
    async fn sequences_are_never_used_again() {
        let mut feed = feed().await;
        feed.open().subscribe("worker").await.expect("a position");
        write(feed.open(), "a").await;
        feed.acknowledge(1).await;
        feed.restart().await;
        write(feed.open(), "b").await;
        assert_eq!(feed.open().read_changes(0, 10).await.expect("changes")[0].0, 2);
    }

    #[tokio::test]
    async fn what_is_not_to_be_told_is_written_and_never_read() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("tables.sqlite3");
        let tables = SqliteTables::open_telling(path, |change| change.key.sort != "quiet").expect("the file opens");
        tables.subscribe("worker").await.expect("a position");
        for sort in ["loud", "quiet"] {
            write(&tables, sort).await;
        }
        let told: Vec<String> = tables.read_changes(0, 10).await.expect("changes").into_iter().map(|(_, change)| change.key.sort).collect();
        assert_eq!(told, ["loud"]);
        let keys = [Key::new("k", "quiet")];
        assert!(tables.get_many(Table::Settings, &keys, true).await.expect("rows")[0].is_some());
    }

    #[tokio::test]
    async fn a_waiting_worker_is_woken_by_a_write() {
        let feed = feed().await;
        let mut newest = feed.open().newest_change();
        assert_eq!(*newest.borrow_and_update(), 0);
        let (woken, ()) = tokio::join!(newest.changed(), write(feed.open(), "a"));
        woken.expect("the writer is there");
        assert_eq!(*newest.borrow(), 1);
    }
}

mod file {
    use super::*;

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_unavailable() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let refused = SqliteTables::open(folder.path().join("absent/tables.sqlite3")).expect_err("there is no folder");
        assert!(refused.is(PortErrorKind::Unavailable));
    }

    #[tokio::test]
    async fn a_file_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("tables.sqlite3");
        drop(SqliteTables::open(&path).expect("the file opens"));
        rusqlite::Connection::open(&path).expect("the file").pragma_update(None, "user_version", 99).expect("another version");
        assert!(SqliteTables::open(&path).expect_err("it is newer").is(PortErrorKind::Unsupported));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_its_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let (_tables, folder) = tables().await;
        for entry in folder.path().read_dir().expect("the folder") {
            let entry = entry.expect("a file");
            assert_eq!(entry.metadata().expect("a file").permissions().mode() & 0o077, 0, "{entry:?}");
        }
    }
}

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rusqlite::ffi;

use super::*;

const ONE: Layout = Layout { operation: "test.open", steps: &["CREATE TABLE a (x INTEGER) STRICT"], secure_delete: false };
const TWO: Layout =
    Layout { operation: "test.open", steps: &["CREATE TABLE a (x INTEGER) STRICT", "ALTER TABLE a ADD COLUMN y INTEGER"], ..ONE };

#[test]
fn failures_that_pass_are_unavailable_and_broken_files_are_not() {
    let kind = |code| kind_of(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_FULL, ffi::SQLITE_IOERR, ffi::SQLITE_READONLY, ffi::SQLITE_CANTOPEN] {
        assert_eq!(kind(code), PortErrorKind::Unavailable, "{code}");
    }
    assert_eq!(kind(ffi::SQLITE_PERM), PortErrorKind::PermissionDenied);
    assert_eq!(kind(ffi::SQLITE_CORRUPT), PortErrorKind::Unexpected);
}

#[test]
fn a_file_is_its_owners_alone_durable_and_brought_up_to_the_newest_layout() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.sqlite3");
    fs::write(&path, b"").expect("an empty file that everybody reads");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("its mode");
    let first = ONE.open(&path).expect("opens");
    first.execute("INSERT INTO a VALUES (1)", []).expect("a row");
    let number = |name: &str| first.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("a value");
    assert_eq!((number("synchronous"), number("foreign_keys"), number("user_version")), (2, 1, 1));
    let mode: String = first.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("a mode");
    assert_eq!(mode, "wal");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    drop(first);

    let second = TWO.open(&path).expect("a step more");
    assert_eq!(second.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))), Ok((1, None::<i64>)));
    drop(second);
    drop(TWO.open(&path).expect("no step is taken twice"));
    assert_eq!(ONE.open(&path).expect_err("a newer file").kind(), PortErrorKind::Unsupported);
}

#[test]
fn what_can_t_be_opened_is_unavailable() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(ONE.open(&folder.path().join("no/such/folder")).expect_err("no folder").kind(), PortErrorKind::Unavailable);
    let path = folder.path().join("text");
    fs::write(&path, "no database, but a text that is long enough to be taken for the head of one, one hundred bytes and more")
        .expect("written");
    assert_eq!(ONE.open(&path).expect_err("no database").kind(), PortErrorKind::Unexpected);
}

#[test]
fn no_more_than_a_few_read_at_once_and_a_panic_takes_nobody_s_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.sqlite3");
    drop(ONE.open(&path).expect("opens"));
    let readers = Readers::new(&path);
    for _ in 0..Readers::COUNT + 1 {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            readers.read(|_| -> Result<(), rusqlite::Error> { panic!("in the middle of a reading") })
        }));
        assert!(panicked.is_err());
    }
    let (now, most) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 * Readers::COUNT {
            scope.spawn(|| {
                readers.read(|transaction| {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let rows = transaction.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0));
                    now.fetch_sub(1, Ordering::SeqCst);
                    rows
                })
            });
        }
    });
    assert!((1..=Readers::COUNT).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    assert_eq!(readers.pool().lent, 0);
    assert!(readers.pool().idle.len() <= Readers::COUNT);
}

#[test]
fn what_is_read_at_once_waits_for_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.sqlite3");
    let writer = ONE.open(&path).expect("opens");
    let readers = Readers::new(&path);
    let count_by = |readers: &Readers| {
        readers.read_at_once(|connection| Ok::<_, Failure>(connection.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0))?))
    };
    let count = || count_by(&readers);
    assert_eq!(count().expect("read"), 0);
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO a VALUES (1)").expect("a row on its way");
    assert_eq!(count().expect("read beside a writer"), 0);
    writer.execute_batch("COMMIT").expect("stored");
    assert_eq!(count().expect("read anew"), 1);
    let opened = readers.impatient.iter().filter(|seat| seat.lock().expect("no panic while locked").is_some()).count();
    assert_eq!(opened, 1, "a thread keeps its connection");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        readers.read_at_once(|_| -> Result<(), rusqlite::Error> { panic!("in the middle of a reading") })
    }));
    assert!(panicked.is_err());
    assert_eq!(count().expect("read after a panic"), 1);

    // As a tool on the file can: nobody else reads it then.
    drop((writer, readers));
    let tool = Connection::open(&path).expect("opens");
    let readers = Readers::new(&path);
    tool.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").expect("the file for itself");
    assert!(count_by(&readers).expect_err("nothing is waited for").is_busy());
    tool.execute_batch("COMMIT").expect("let go");
    assert_eq!(count_by(&readers).expect("read again"), 1);
}

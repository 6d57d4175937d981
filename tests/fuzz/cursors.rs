//! Cursors of lists: sealed, and bound to a caller and a query.

use std::{cell::OnceCell, sync::Arc};

use app::{AppResult, Caller, Core, ErrorKind, Paging, paging::CURSOR_LIMIT};
use domain::audit::Origin;
use serde_json::Value;
use testkit::{
    FixedClock, MemoryCipher, MemoryJobs, MemoryTables, SequentialIds,
    builders::{member, now},
};
use tokio::runtime::{Builder, Runtime};

use crate::told;

const QUERY: &str = "packages";
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// So many places of a cursor are changed each time, evenly.
const PLACES: usize = 48;

struct Lists {
    runtime: Runtime,
    core: Core,
}

thread_local! {
    static LISTS: OnceCell<Lists> = const { OnceCell::new() };
}

impl Lists {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::new(now()));
        let (tables, jobs) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()));
        let core = Core::new(tables, jobs, Arc::new(MemoryCipher::default()), clock, Arc::new(SequentialIds::new(1)));
        Self { runtime: Builder::new_current_thread().enable_time().build().expect("a runtime"), core }
    }

    fn open(&self, user: &str, query: &str, text: &str) -> AppResult<Option<Value>> {
        let paging = Paging { cursor: Some(text.to_owned()), ..Paging::default() };
        self.runtime.block_on(self.core.open_cursor(&caller(user), query, &paging))
    }

    fn seal(&self, place: &Value) -> String {
        let sealed = self.runtime.block_on(self.core.seal_cursor(&caller("ann"), QUERY, Some(place)));
        sealed.expect("a key").expect("a cursor")
    }

    fn refused(&self, user: &str, query: &str, text: &str, how: &str) {
        let error = self.open(user, query, text).expect_err(how);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Malformed, "bad_parameter"), "{how}");
        told::fits(error.message(), 200, text);
        assert!(text.len() < 8 || !error.message().contains(text), "{how}: {error}");
    }
}

fn caller(user: &str) -> Caller {
    Caller { principal: member(user), origin: Origin::default() }
}

pub(crate) fn holds(input: &[u8]) {
    LISTS.with(|lists| {
        let lists = lists.get_or_init(Lists::new);
        let text = String::from_utf8_lossy(input);
        lists.refused("ann", QUERY, &text, "what nobody sealed");
        altered(lists, &text);
    });
}

/// A cursor for a place made of the input is that place's, and no other text is.
fn altered(lists: &Lists, text: &str) {
    let place = serde_json::json!({ "after": text.chars().take(400).collect::<String>() });
    let cursor = lists.seal(&place);
    assert!(cursor.bytes().all(|byte| ALPHABET.contains(&byte)), "it stands in a query as it is: {cursor}");
    if cursor.len() > CURSOR_LIMIT {
        return lists.refused("ann", QUERY, &cursor, "too long");
    }
    assert_eq!(lists.open("ann", QUERY, &cursor).expect("an own cursor"), Some(place.clone()));
    assert_ne!(lists.seal(&place), cursor, "two cursors of one place can't be told to be that");
    lists.refused("bob", QUERY, &cursor, "another caller's");
    lists.refused("ann", "packages?state=deleted", &cursor, "another query's");

    let step = (cursor.len() / PLACES).max(1);
    // The last characters as well: some of their bits say nothing.
    for at in (0..cursor.len()).step_by(step).chain(cursor.len().saturating_sub(3)..cursor.len()) {
        let there = ALPHABET.iter().position(|byte| *byte == cursor.as_bytes()[at]).expect("of the alphabet");
        for other in [(there + 1) % 64, (there + 32) % 64] {
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, char::from(ALPHABET[other]).to_string().as_str());
            lists.refused("ann", QUERY, &changed, "one character differs");
        }
    }
    for changed in [format!("{cursor}A"), format!("{cursor}="), format!(" {cursor}"), format!("{cursor}{cursor}")] {
        lists.refused("ann", QUERY, &changed, "longer");
    }
    for length in [0, 1, 15, 16, cursor.len() - 1] {
        lists.refused("ann", QUERY, &cursor[..length], "shorter");
    }
}

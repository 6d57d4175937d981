//! [`MemoryTables`]: the port `Tables` in memory, with indexes that lag and failures on demand.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    change::Change,
    ports::{
        Index, Item, Key, Order, Page, Query, Scan, Table, Tables, Write,
        tables::{
            PageBuilder, bounds, check_keys, check_query, check_scan, check_transaction, check_write, check_write_many, decide,
            index_places, segment_slots, slot,
        },
    },
};

/// Tables in memory for tests of whatever stands on the port.
///
/// It keeps every promise and enforces every limit of the port; beyond that a test can hold the indexes back
/// ([`lag_indexes`](Self::lag_indexes)), make calls fail ([`fail`](Self::fail), [`lose_answers`](Self::lose_answers))
/// and read what was written ([`take_changes`](Self::take_changes)).
#[derive(Debug, Default)]
pub struct MemoryTables {
    state: Mutex<State>,
}

/// A row of an index: table, index, its two attributes, and the row's own key because places may be shared.
type IndexKey = (Table, Index, String, String, Key);

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<(Table, u32, Key), Item>,
    indexed: BTreeMap<IndexKey, Item>,
    /// Changes that the indexes don't show yet, with the number of index reads until they do.
    held_back: VecDeque<(u32, Change)>,
    lag: u32,
    feed: Vec<Change>,
    failures: Vec<Failure>,
}

#[derive(Debug)]
struct Failure {
    operation: &'static str,
    kind: PortErrorKind,
    times: u32,
    after_the_fact: bool,
}

impl MemoryTables {
    /// Empty tables whose indexes show every write at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on each write is seen by index queries only after `reads` of them have missed it; `u32::MAX` is never.
    /// With 0 the indexes show everything at once, what was held back included.
    pub fn lag_indexes(&self, reads: u32) {
        let mut state = self.lock();
        state.lag = reads;
        if reads == 0 {
            while let Some((_, change)) = state.held_back.pop_front() {
                state.index(&change);
            }
        }
    }

    /// The next `times` calls of `operation` (`"tables.transact"`; `"tables"` is every one) fail and do nothing.
    pub fn fail(&self, operation: &'static str, kind: PortErrorKind, times: u32) {
        self.lock().failures.push(Failure { operation, kind, times, after_the_fact: false });
    }

    /// The next `times` writes by `operation` happen, but their caller is told `Unavailable`.
    pub fn lose_answers(&self, operation: &'static str, times: u32) {
        self.lock().failures.push(Failure { operation, kind: PortErrorKind::Unavailable, times, after_the_fact: true });
    }

    /// The changes since the last call, in the order of the writes.
    pub fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.lock().feed)
    }

    /// All rows of a table, by key: for looking at what a use case left behind.
    pub fn rows(&self, table: Table) -> Vec<Item> {
        let mut rows: Vec<_> =
            self.lock().rows.iter().filter(|((of, ..), _)| *of == table).map(|((.., key), item)| (key.clone(), item.clone())).collect();
        rows.sort_by(|(left, _), (right, _)| left.cmp(right));
        rows.into_iter().map(|(_, item)| item).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere must not hide its message behind a poisoned lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, operation: &'static str, writes: &[Write]) -> PortResult<()> {
        let mut state = self.lock();
        state.fail(operation, false)?;
        let changes = decide(operation, writes, |table, key| Ok(state.row(table, key).cloned()))?;
        for change in changes {
            state.store(change);
        }
        state.fail(operation, true)
    }
}

impl State {
    fn fail(&mut self, operation: &'static str, after_the_fact: bool) -> PortResult<()> {
        let due = |failure: &Failure| {
            failure.after_the_fact == after_the_fact && (failure.operation == operation || failure.operation == "tables")
        };
        let Some(position) = self.failures.iter().position(due) else { return Ok(()) };
        let failure = &mut self.failures[position];
        let kind = failure.kind;
        failure.times = failure.times.saturating_sub(1);
        if failure.times == 0 {
            self.failures.remove(position);
        }
        Err(PortError::new(kind, operation).with("because", "the test asked for it"))
    }

    fn row(&self, table: Table, key: &Key) -> Option<&Item> {
        self.rows.get(&(table, slot(&key.partition), key.clone()))
    }

    fn store(&mut self, change: Change) {
        let place = (change.table, slot(&change.key.partition), change.key.clone());
        match &change.new {
            Some(item) => self.rows.insert(place, item.clone()),
            None => self.rows.remove(&place),
        };
        if self.lag == 0 {
            self.index(&change);
        } else {
            self.held_back.push_back((self.lag, change.clone()));
        }
        self.feed.push(change);
    }

    fn index(&mut self, change: &Change) {
        let keys = |item: &Item| -> Vec<IndexKey> {
            let key_of =
                |place: domain::ports::tables::IndexPlace| (change.table, place.index, place.partition, place.sort, change.key.clone());
            index_places(change.table, item).into_iter().map(key_of).collect()
        };
        for place in change.old.iter().flat_map(keys) {
            self.indexed.remove(&place);
        }
        if let Some(item) = &change.new {
            for place in keys(item) {
                self.indexed.insert(place, item.clone());
            }
        }
    }

    /// Counts an index read; what has been missed often enough is shown to the next one.
    fn index_was_read(&mut self) {
        let held_back = std::mem::take(&mut self.held_back);
        for (reads, change) in held_back {
            match reads {
                u32::MAX => self.held_back.push_back((reads, change)),
                0 | 1 => self.index(&change),
                _ => self.held_back.push_back((reads - 1, change)),
            }
        }
    }

    /// The rows of a query in ascending order, with their sort keys.
    fn listing(&self, query: &Query) -> Vec<(&str, &Key, &Item)> {
        match query.index {
            None => {
                let slot = slot(&query.partition);
                let from = (query.table, slot, Key::new(&query.partition, ""));
                let rows = self.rows.range((Bound::Included(from), Bound::Unbounded));
                rows.take_while(|((table, at, key), _)| *table == query.table && *at == slot && key.partition == query.partition)
                    .map(|((.., key), item)| (key.sort.as_str(), key, item))
                    .collect()
            }
            Some(index) => {
                let from = (query.table, index, query.partition.clone(), String::new(), Key::new("", ""));
                let rows = self.indexed.range((Bound::Included(from), Bound::Unbounded));
                rows.take_while(|((table, of, partition, ..), _)| *table == query.table && *of == index && *partition == query.partition)
                    .map(|((.., sort, key), item)| (sort.as_str(), key, item))
                    .collect()
            }
        }
    }
}

#[async_trait]
impl Tables for MemoryTables {
    async fn get_many(&self, table: Table, keys: &[Key], _consistent: bool) -> PortResult<Vec<Option<Item>>> {
        check_keys("tables.get_many", keys)?;
        let mut state = self.lock();
        state.fail("tables.get_many", false)?;
        Ok(keys.iter().map(|key| state.row(table, key).cloned()).collect())
    }

    async fn query(&self, query: Query) -> PortResult<Page> {
        let schema = check_query(&query)?;
        let mut state = self.lock();
        state.fail("tables.query", false)?;
        let mut page = PageBuilder::new(query.limit);
        {
            let (start, end) = bounds(&query.range);
            let mut rows = state.listing(&query);
            rows.retain(|(sort, ..)| sort.as_bytes() >= start.as_slice() && end.as_deref().is_none_or(|end| sort.as_bytes() < end));
            if query.order == Order::Descending {
                rows.reverse();
            }
            if let Some(after) = &query.after {
                let (sort, key) = (after.attribute(schema.sort), after.row(query.table));
                rows.retain(|row| match query.order {
                    Order::Ascending => (row.0, row.1) > (sort, &key),
                    Order::Descending => (row.0, row.1) < (sort, &key),
                });
            }
            for (.., item) in rows {
                if !page.push(item.clone()) {
                    break;
                }
            }
        }
        if query.index.is_some() {
            state.index_was_read();
        }
        Ok(page.finish(query.table, query.index))
    }

    async fn scan(&self, scan: Scan) -> PortResult<Page> {
        check_scan(&scan)?;
        let mut state = self.lock();
        state.fail("tables.scan", false)?;
        let slots = segment_slots(scan.segment, scan.segments);
        let from = match &scan.after {
            None => Bound::Included((scan.table, *slots.start(), Key::new("", ""))),
            Some(after) => {
                let key = after.row(scan.table);
                Bound::Excluded((scan.table, slot(&key.partition), key))
            }
        };
        let mut page = PageBuilder::new(scan.limit);
        let rows = state.rows.range((from, Bound::Unbounded)).take_while(|((table, at, _), _)| *table == scan.table && slots.contains(at));
        for (_, item) in rows {
            if !page.push(item.clone()) {
                break;
            }
        }
        Ok(page.finish(scan.table, None))
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        check_write("tables.write", &write)?;
        self.apply("tables.write", std::slice::from_ref(&write))
    }

    async fn write_many(&self, writes: Vec<Write>) -> PortResult<()> {
        check_write_many("tables.write_many", &writes)?;
        self.apply("tables.write_many", &writes)
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        check_transaction("tables.transact", &writes)?;
        self.apply("tables.transact", &writes)
    }
}

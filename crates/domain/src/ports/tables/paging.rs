//! Where rows stand in tables, indexes and segments, and how pages end, for adapters that order rows themselves.

use std::ops::RangeInclusive;

use super::{Index, Item, Key, PAGE_LIMIT_BYTES, Page, PageKey, Range, Table, item_size};

/// Fills a page up to its limits.
#[derive(Debug)]
pub struct PageBuilder {
    items: Vec<Item>,
    bytes: usize,
    limit: usize,
    more: bool,
}

impl PageBuilder {
    /// A page of at most `limit` rows.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { items: Vec::new(), bytes: 0, limit: limit as usize, more: false }
    }

    /// Takes the next row, or answers `false`: the page is full, and there is a row behind it.
    pub fn push(&mut self, item: Item) -> bool {
        let size = item_size(&item);
        if self.items.len() == self.limit || self.bytes + size > PAGE_LIMIT_BYTES {
            self.more = true;
            return false;
        }
        self.bytes += size;
        self.items.push(item);
        true
    }

    /// The page, with the place of its last row if there are rows behind it.
    #[must_use]
    pub fn finish(self, table: Table, index: Option<Index>) -> Page {
        let next = self.items.last().filter(|_| self.more).map(|item| PageKey::of(table, index, item));
        Page { items: self.items, next }
    }
}

/// Where a row stands in an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexPlace {
    /// The index.
    pub index: Index,
    /// Value of its partition attribute.
    pub partition: String,
    /// Value of its sort attribute.
    pub sort: String,
}

/// The indexes that hold `item`, and where: those of which it has both attributes.
#[must_use]
pub fn index_places(table: Table, item: &Item) -> Vec<IndexPlace> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let place = |(index, schema): &(Index, super::Schema)| {
        Some(IndexPlace { index: *index, partition: text(schema.partition)?, sort: text(schema.sort)? })
    };
    table.indexes().iter().filter_map(place).collect()
}

/// Whether `sort` is in `range`.
pub(super) fn within(range: &Range, sort: &str) -> bool {
    match range {
        Range::All => true,
        Range::Prefix(prefix) => sort.starts_with(prefix.as_str()),
        Range::Between(first, last) => (first.as_str()..=last.as_str()).contains(&sort),
    }
}

/// The smallest sort key in `range` (included) and the bytes behind the greatest (excluded; `None` is no end).
#[must_use]
pub fn bounds(range: &Range) -> (Vec<u8>, Option<Vec<u8>>) {
    match range {
        Range::All => (Vec::new(), None),
        Range::Prefix(prefix) => (prefix.as_bytes().to_vec(), prefix_end(prefix)),
        Range::Between(first, last) => {
            // No text is between `last` and `last` with a zero byte behind it.
            let mut end = last.as_bytes().to_vec();
            end.push(0);
            (first.as_bytes().to_vec(), Some(end))
        }
    }
}

/// The bytes behind every text that begins with `prefix`; `None` for the empty one.
#[must_use]
pub fn prefix_end(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    // No byte of UTF-8 is 0xff, so the last one can always be raised.
    *end.last_mut()? += 1;
    Some(end)
}

/// The slot of a partition: rows of one partition stand together in a scan, partitions stand in order of slots.
#[must_use]
pub fn slot(partition: &str) -> u32 {
    // FNV-1a, then MurmurHash3's finaliser, because segments are told apart by the high bits. Stored: never change it.
    let mut hash = partition.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// The slots of a segment; all segments together have every slot once.
#[must_use]
pub fn segment_slots(segment: u32, segments: u32) -> RangeInclusive<u32> {
    let first = |segment: u32| (u64::from(segment) << 32) / u64::from(segments.max(1));
    let end = first(segment + 1) - 1;
    u32::try_from(first(segment)).unwrap_or(u32::MAX)..=u32::try_from(end).unwrap_or(u32::MAX)
}

impl PageKey {
    /// The key of the table's row at this place.
    #[must_use]
    pub fn row(&self, table: Table) -> Key {
        let schema = table.schema();
        Key::new(self.attribute(schema.partition), self.attribute(schema.sort))
    }

    /// One attribute; empty if it is not there.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
}

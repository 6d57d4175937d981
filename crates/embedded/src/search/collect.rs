//! One pass over the hits: how many, the best, and counts of their values.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, HashMap},
};

use domain::{
    PackageId,
    search::{Place, PlaceKey, Sort},
};
use tantivy::{
    DocAddress, DocId, Result, Score, SegmentOrdinal, SegmentReader, TantivyError,
    collector::{Collector, SegmentCollector},
    columnar::{Column, StrColumn, TermOrdHit},
};

use super::schema::column;

/// Counts of the values of columns, by column.
pub(super) type Counts = HashMap<&'static str, HashMap<String, u64>>;

/// Counts the hits, keeps the best, counts values.
#[derive(Debug)]
pub(super) struct PageCollector {
    /// The order.
    pub(super) sort: Sort,
    /// So many of the best are kept,
    pub(super) keep: usize,
    /// of those behind this place.
    pub(super) after: Option<Place>,
    /// Columns whose values are counted.
    pub(super) counted: Vec<&'static str>,
    /// Columns whose numbers are added up.
    pub(super) summed: Vec<&'static str>,
}

/// What a pass found.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// How many hits.
    pub(super) total: u64,
    /// The best, best first.
    pub(super) best: Vec<Candidate>,
    /// The counts.
    pub(super) counts: Counts,
    /// The sums, in the order asked for.
    pub(super) sums: Vec<u64>,
}

/// A hit with what orders it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) address: DocAddress,
    pub(super) score: Score,
    rank: u64,
    name: String,
    id: String,
}

impl Collector for PageCollector {
    type Fruit = Collected;
    type Child = SegmentPage;

    fn for_segment(&self, ordinal: SegmentOrdinal, segment: &SegmentReader) -> Result<SegmentPage> {
        let columns = segment.fast_fields();
        let order = match self.sort {
            Sort::Relevance => Order::Score,
            Sort::Changed => Order::Number(columns.column_opt(column::CHANGED_AT)?),
            Sort::Created => Order::Number(columns.column_opt(column::CREATED_AT)?),
            Sort::Bytes => Order::Number(columns.column_opt(column::SIZE)?),
            Sort::Name => Order::Name(columns.str(column::NAME_KEY)?),
        };
        let counted = self.counted.iter().map(|name| Ok(Counted::of(name, columns.str(name)?))).collect::<Result<_>>()?;
        let summed = self.summed.iter().map(|name| Ok((columns.column_opt(name)?, 0))).collect::<Result<_>>()?;
        let ids = columns.str(column::ID)?;
        let after = match &self.after {
            None | Some(Place::Number(_)) => None,
            Some(Place::Hit { key, id }) => Some(After::within(key, *id, &order, ids.as_ref())?),
        };
        Ok(SegmentPage { ordinal, order, keep: self.keep, after, ids, counted, summed, total: 0, best: BinaryHeap::new() })
    }

    fn requires_scoring(&self) -> bool {
        self.keep > 0
    }

    fn merge_fruits(&self, segments: Vec<Result<Collected>>) -> Result<Collected> {
        let mut merged = Collected { sums: vec![0; self.summed.len()], ..Collected::default() };
        for segment in segments {
            let segment = segment?;
            merged.total += segment.total;
            merged.best.extend(segment.best);
            for (name, counts) in segment.counts {
                let all = merged.counts.entry(name).or_default();
                counts.into_iter().for_each(|(value, count)| *all.entry(value).or_default() += count);
            }
            merged.sums.iter_mut().zip(segment.sums).for_each(|(all, sum)| *all = all.saturating_add(sum));
        }
        merged.best.sort_by(Candidate::order);
        merged.best.truncate(self.keep);
        Ok(merged)
    }
}

impl Candidate {
    fn order(&self, other: &Self) -> Ordering {
        other.rank.cmp(&self.rank).then_with(|| self.name.cmp(&other.name)).then_with(|| self.id.cmp(&other.id))
    }
}

/// `None` if no document of the segment has such a number: it may hold nothing but remembered removals.
type Numbers = Option<Column<u64>>;

/// What orders the hits of a segment.
enum Order {
    Score,
    Number(Numbers),
    Name(Option<StrColumn>),
}

/// A place in the order, in the numbers of one segment.
struct After {
    /// Lower ones are behind it.
    rank: u64,
    /// Of equal ones, those from this ordinal of ids on.
    first_id: u64,
}

impl After {
    fn within(key: &PlaceKey, id: PackageId, order: &Order, ids: Option<&StrColumn>) -> Result<Self> {
        // The id of a document that another segment has: behind it are the ids from the next one on.
        let (id, known) = ordinal(ids, &id.to_string())?;
        let first_id = if known { id + 1 } else { id };
        Ok(match (key, order) {
            (PlaceKey::Time(time), _) => Self { rank: u64::try_from(time.as_millis()).unwrap_or(0), first_id },
            (PlaceKey::Bytes(bytes), _) => Self { rank: *bytes, first_id },
            (PlaceKey::Name(key), Order::Name(names)) => match ordinal(names.as_ref(), key)? {
                (name, true) => Self { rank: u64::MAX - name, first_id },
                // No document of this segment has this name: those with the next one are behind it, whatever their ids.
                (name, false) => Self { rank: u64::MAX - name, first_id: 0 },
            },
            (PlaceKey::Name(_), Order::Score | Order::Number(_)) => {
                return Err(TantivyError::InvalidArgument("a place among names, and hits by something else".to_owned()));
            }
        })
    }

    fn is_before(&self, rank: u64, id: impl FnOnce() -> u64) -> bool {
        rank < self.rank || (rank == self.rank && id() >= self.first_id)
    }
}

/// The ordinal of a text, or that of the next one in the column, and which of the two it is.
fn ordinal(column: Option<&StrColumn>, text: &str) -> Result<(u64, bool)> {
    let Some(column) = column else { return Ok((0, false)) };
    Ok(match column.dictionary().term_ord_or_next(text)? {
        TermOrdHit::Exact(ordinal) => (ordinal, true),
        TermOrdHit::Next(ordinal) => (ordinal, false),
    })
}

/// A pass over one segment.
pub(super) struct SegmentPage {
    ordinal: SegmentOrdinal,
    order: Order,
    keep: usize,
    after: Option<After>,
    ids: Option<StrColumn>,
    counted: Vec<Counted>,
    summed: Vec<(Numbers, u64)>,
    total: u64,
    /// The worst on top, so that it goes first. Within a segment ordinals of texts are in the order of the texts.
    best: BinaryHeap<Reverse<Ranked>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    rank: u64,
    id: Reverse<u64>,
    document: DocId,
    score_bits: u32,
}

impl SegmentCollector for SegmentPage {
    type Fruit = Result<Collected>;

    fn collect(&mut self, document: DocId, score: Score) {
        self.total += 1;
        self.counted.iter_mut().for_each(|counted| counted.count(document));
        for (column, sum) in &mut self.summed {
            *sum = sum.saturating_add(number(column, document));
        }
        if self.keep > 0 {
            self.rank(document, score);
        }
    }

    fn harvest(self) -> Result<Collected> {
        let mut best = Vec::with_capacity(self.best.len());
        for Reverse(ranked) in self.best {
            let name = match &self.order {
                Order::Name(names) => text(names.as_ref(), u64::MAX - ranked.rank)?,
                Order::Score | Order::Number(_) => String::new(),
            };
            // Ordinals of names mean nothing in another segment.
            let rank = if matches!(self.order, Order::Name(_)) { 0 } else { ranked.rank };
            let address = DocAddress::new(self.ordinal, ranked.document);
            let id = text(self.ids.as_ref(), ranked.id.0)?;
            best.push(Candidate { address, score: f32::from_bits(ranked.score_bits), rank, name, id });
        }
        let counts = self.counted.into_iter().map(|counted| Ok((counted.name, counted.values()?))).collect::<Result<_>>()?;
        Ok(Collected { total: self.total, best, counts, sums: self.summed.into_iter().map(|(_, sum)| sum).collect() })
    }
}

/// Counts of one column's values, within a segment.
struct Counted {
    name: &'static str,
    column: Option<StrColumn>,
    ordinals: Ordinals,
}

/// Counts by ordinal.
enum Ordinals {
    /// A place for each value of the column.
    All(Vec<u64>),
    /// Only what was met, of a column with very many values.
    Met(HashMap<u64, u64>),
}

/// Columns with more values have no place for each: that would be half a mebibyte.
const PLACES: usize = 65_536;

impl Counted {
    fn of(name: &'static str, column: Option<StrColumn>) -> Self {
        let values = column.as_ref().map_or(0, |column| column.num_terms());
        let ordinals = if values <= PLACES { Ordinals::All(vec![0; values]) } else { Ordinals::Met(HashMap::new()) };
        Self { name, column, ordinals }
    }

    fn count(&mut self, document: DocId) {
        for ordinal in self.column.iter().flat_map(|column| column.term_ords(document)) {
            match &mut self.ordinals {
                Ordinals::All(counts) => {
                    let place = usize::try_from(ordinal).ok().and_then(|ordinal| counts.get_mut(ordinal));
                    place.into_iter().for_each(|count| *count += 1);
                }
                Ordinals::Met(counts) => *counts.entry(ordinal).or_default() += 1,
            }
        }
    }

    /// The values that were met. All are looked up in one pass over the dictionary.
    fn values(self) -> Result<HashMap<String, u64>> {
        let mut met: Vec<(u64, u64)> = match self.ordinals {
            Ordinals::All(counts) => (0..).zip(counts).filter(|(_, count)| *count > 0).collect(),
            Ordinals::Met(counts) => counts.into_iter().collect(),
        };
        met.sort_unstable();
        let ordinals: Vec<u64> = met.iter().map(|(ordinal, _)| *ordinal).collect();
        let mut values = HashMap::with_capacity(met.len());
        let mut counts = met.iter().map(|(_, count)| *count);
        if let Some(column) = self.column {
            let all_there = column.dictionary().sorted_ords_to_term_cb(&ordinals, |value| {
                values.insert(String::from_utf8_lossy(value).into_owned(), counts.next().unwrap_or_default());
            })?;
            if !all_there {
                return Err(TantivyError::InternalError("a value that a document has is not in its column's dictionary".to_owned()));
            }
        }
        Ok(values)
    }
}

impl SegmentPage {
    fn rank(&mut self, document: DocId, score: Score) {
        let first = |column: &Option<StrColumn>| column.as_ref().and_then(|column| column.term_ords(document).next()).unwrap_or(0);
        let rank = match &self.order {
            Order::Score => tantivy::f64_to_u64(f64::from(score)),
            Order::Number(numbers) => number(numbers, document),
            Order::Name(names) => u64::MAX - first(names),
        };
        if self.after.as_ref().is_some_and(|after| !after.is_before(rank, || first(&self.ids))) {
            return;
        }
        // The id decides only between equals.
        if self.best.len() >= self.keep && self.best.peek().is_some_and(|Reverse(worst)| rank < worst.rank) {
            return;
        }
        let ranked = Ranked { rank, id: Reverse(first(&self.ids)), document, score_bits: score.to_bits() };
        if self.best.len() < self.keep {
            self.best.push(Reverse(ranked));
        } else if self.best.peek().is_some_and(|Reverse(worst)| ranked > *worst) {
            self.best.pop();
            self.best.push(Reverse(ranked));
        }
    }
}

fn number(numbers: &Numbers, document: DocId) -> u64 {
    numbers.as_ref().and_then(|column| column.first(document)).unwrap_or(0)
}

fn text(column: Option<&StrColumn>, ordinal: u64) -> Result<String> {
    let mut text = String::new();
    if let Some(column) = column {
        column.ord_to_str(ordinal, &mut text)?;
    }
    Ok(text)
}

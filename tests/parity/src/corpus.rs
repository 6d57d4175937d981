//! The corpus: the same packages in every run.

use app::search::document::DocumentBuilder;
use domain::{
    PackageId, Timestamp,
    dataset::DatasetPath,
    governance::{TagRule, TagType},
    package::{Package, Visibility},
    search::SearchDocument,
};
use testkit::builders::{groups, package, package_id, package_name, tags, user_id};

use crate::words::{GROUPS, OWNERS, PLACES, SINGLE, TOPICS, Topic};

const DAY: i64 = 86_400_000;
/// The first day of 2001.
const BEGIN: i64 = 978_307_200_000;
/// The sequence of old versions, of removals, and of what counts.
const OLD: u64 = 1;
const REMOVED: u64 = 3;
const CURRENT: u64 = 4;

/// Everything that the indexes are given.
#[derive(Debug)]
pub struct Corpus {
    /// What is to be found.
    pub documents: Vec<SearchDocument>,
    /// Old versions, and what was removed.
    pub old: Vec<SearchDocument>,
    /// What was removed since.
    pub removed: Vec<(PackageId, u64)>,
}

/// A package before it is indexed.
#[derive(Clone)]
struct Draft {
    name: String,
    description: String,
    tags: Vec<(String, String)>,
    files: Vec<String>,
    columns: &'static [&'static str],
}

/// The governed tags.
#[must_use]
pub fn rules() -> Vec<TagRule> {
    let rule = |tag: &str, tag_type| TagRule {
        id: tag.replace(' ', "-"),
        tag: tag.to_owned(),
        required: false,
        tag_type,
        limits: domain::governance::Limits::default(),
        description: String::new(),
    };
    let values = |values: &[&str]| TagType::Enum { values: values.iter().map(ToString::to_string).collect() };
    vec![
        rule("level", values(&["Open", "Internal", "Restricted"])),
        rule("quality", values(&["raw", "checked", "published"])),
        rule("theme", values(&TOPICS.map(|topic| topic.theme))),
        rule("source", TagType::Text),
        rule("data owner", TagType::Text),
        rule("rows", TagType::Number),
        rule("day", TagType::Date),
        rule("a", TagType::Text),
        rule("a=b", TagType::Text),
    ]
}

/// The corpus.
#[must_use]
pub fn corpus() -> Corpus {
    let mut corpus = Corpus { documents: Vec::new(), old: Vec::new(), removed: Vec::new() };
    for (place, number) in drafts().into_iter().zip(1_u64..) {
        let old = Draft { name: format!("Draft of flights no. {number}"), ..place.clone() };
        if number % 17 == 0 {
            corpus.old.push(document(number, OLD, &old));
            corpus.removed.push((package_id(number), REMOVED));
            continue;
        }
        if number % 5 == 0 {
            corpus.old.push(document(number, OLD, &old));
        }
        corpus.documents.push(document(number, CURRENT, &place));
    }
    corpus
}

fn drafts() -> Vec<Draft> {
    let mut drafts: Vec<Draft> = PLACES
        .iter()
        .enumerate()
        .flat_map(|(row, place)| TOPICS.iter().enumerate().map(move |(column, topic)| about(topic, place, row * TOPICS.len() + column)))
        .collect();
    // Near duplicates: another name, another word, one file more, nothing but another owner.
    for place in (0..drafts.len()).step_by(16) {
        let mut copy = drafts[place].clone();
        match place / 16 % 4 {
            0 => copy.name.push_str(" (copy)"),
            1 => copy.description = copy.description.replace("and", "or"),
            2 => copy.files.push("copy/of-everything.csv".to_owned()),
            _ => {}
        }
        drafts.push(copy);
    }
    drafts.extend(SINGLE.iter().map(|(name, description, tags)| Draft {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        tags: tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        files: Vec::new(),
        columns: &[],
    }));
    drafts
}

/// A number that looks like chance and is the same in every run (the last step of `SplitMix64`), below `bound`.
fn chance(number: usize, salt: usize, bound: usize) -> usize {
    let mut value = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt as u64);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((value ^ (value >> 31)) % bound as u64).expect("below a usize")
}

fn about(topic: &Topic, place: &str, number: usize) -> Draft {
    let year = (2001 + chance(number, 1, 25)).to_string();
    let fill = |text: &str| text.replace("{place}", place).replace("{year}", &year);
    let mut tags = vec![("theme".to_owned(), topic.theme.to_owned()), ("source".to_owned(), fill(topic.source))];
    // Not every package has every tag.
    let mut tag = |salt: usize, name: &str, values: &[&str]| {
        if chance(number, salt, 4) > 0 {
            tags.push((name.to_owned(), values[chance(number, salt + 1, values.len())].to_owned()));
        }
    };
    tag(10, "level", &["Open", "Open", "Internal", "Restricted"]);
    tag(20, "quality", &["raw", "checked", "published"]);
    tag(30, "data owner", &["Ada Lovelace", "Émilie du Châtelet", "Grace O'Malley"]);
    tag(40, "unit", &["km/h", "°C", "tonnes", "kilowatt-hours"]);
    tag(50, "rows", &[&chance(number, 2, 100_000).to_string()]);
    tag(60, "day", &[&format!("{year}-{:02}-{:02}", chance(number, 3, 12) + 1, chance(number, 4, 28) + 1)]);
    // Fewer files in some, many in others.
    let mut files: Vec<String> = topic.files.iter().take(1 + chance(number, 5, topic.files.len())).map(|file| fill(file)).collect();
    files.extend((0..chance(number, 6, 9)).map(|part| format!("parts/{place}/part-{part:03}.csv")));
    Draft { name: fill(topic.name), description: fill(topic.description), tags, files, columns: topic.columns }
}

fn document(number: u64, sequence: u64, draft: &Draft) -> SearchDocument {
    let pairs: Vec<(&str, &str)> = draft.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let place = usize::try_from(number).expect("a small number");
    let mut builder = DocumentBuilder::new(&described(number, place, sequence, draft), &tags(&pairs));
    let unit = 1_000 * chance(place, 7, 11) as u64;
    for (file, factor) in draft.files.iter().zip(1..) {
        let path: DatasetPath = file.parse().expect("a path");
        let format = path.format();
        builder.dataset(&path, format, factor * unit);
    }
    // Not every package has tables.
    for column in draft.columns.iter().filter(|_| chance(place, 8, 3) > 0) {
        builder.column(column);
    }
    builder.finish()
}

fn described(number: u64, place: usize, sequence: u64, draft: &Draft) -> Package {
    // Several packages are made on one day, and changed on one day.
    let day = |salt, within| DAY * i64::try_from(chance(place, salt, within)).expect("a small number");
    let time = |millis| Timestamp::from_millis(millis).expect("in range");
    let group = |salt| GROUPS[chance(place, salt, GROUPS.len())];
    let visibility = match chance(place, 9, 4) {
        0 => Visibility::Private,
        1 => groups(&[group(11)]),
        2 => groups(&[group(11), group(12)]),
        _ => Visibility::Everyone,
    };
    Package {
        name: package_name(&draft.name),
        description: draft.description.parse().expect("a description"),
        owner: user_id(OWNERS[chance(place, 13, OWNERS.len())]),
        visibility,
        sequence,
        created_at: time(BEGIN + 23 * day(14, 400)),
        updated_at: time(BEGIN + 9_200 * DAY + day(15, 40)),
        ..package(number, "ann")
    }
}

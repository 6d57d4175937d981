//! The packages that are searched, and what is searched for: always the same, however often it is measured.

use anyhow::{Context as _, Result};
use app::search::document;
use domain::{
    Timestamp,
    dataset::DatasetPath,
    package::{Package, Visibility},
    search::SearchDocument,
};
use testkit::builders::{NOW_MILLIS, group, package, package_name, tags};

/// How many there are.
pub(crate) const PACKAGES: u64 = 100_000;
/// Groups by which they are shared.
pub(crate) const GROUPS: u64 = 50;
/// Different queries.
pub(crate) const QUERIES: u64 = 200;

const WORDS: f64 = 20_000.0;
const OWNERS: u64 = 500;
const REGIONS: u64 = 20;
const TOPICS: u64 = 200;
const FORMATS: [&str; 8] = ["csv", "parquet", "json", "txt", "xlsx", "avro", "orc", "zip"];
const EIGHT_YEARS_MILLIS: u64 = 8 * 365 * 86_400_000;

/// The name of the group with this number.
pub(crate) fn group_name(number: u64) -> String {
    format!("team-{number:02}")
}

/// The document of the package with this number. Of ten packages one is everyone's, one is private, and eight are shared
/// with one or two groups.
pub(crate) fn document(number: u64) -> Result<SearchDocument> {
    let mut chance = Chance(number);
    let visibility = match chance.below(10) {
        0 => Visibility::Everyone,
        1 => Visibility::Private,
        _ => {
            let groups = 1 + chance.below(2);
            Visibility::Groups((0..groups).map(|_| group(&group_name(chance.below(GROUPS)))).collect())
        }
    };
    let since = i64::try_from(chance.below(EIGHT_YEARS_MILLIS))?;
    let time = Timestamp::from_millis(NOW_MILLIS - since).context("a time")?;
    let owner = format!("owner-{}", chance.below(OWNERS));
    let described = Package {
        name: package_name(&chance.words(3)),
        description: chance.words(30).parse()?,
        visibility,
        created_at: time,
        updated_at: time,
        ..package(number, &owner)
    };
    let (region, topic) = (format!("region {}", chance.below(REGIONS)), format!("topic {}", chance.below(TOPICS)));
    let (contact, rows) = (chance.words(2), chance.below(1_000_000).to_string());
    let tags = tags(&[("region", &region), ("topic", &topic), ("contact", &contact), ("rows", &rows)]);
    let datasets: Result<Vec<(DatasetPath, u64)>> = (0..=chance.below(20))
        .map(|dataset| {
            let format = FORMATS[usize::try_from(chance.below(FORMATS.len() as u64))?];
            Ok((format!("{}/part-{dataset:03}.{format}", chance.word()).parse()?, chance.below(1 << 30)))
        })
        .collect();
    let datasets = datasets?;
    Ok(document::build(&described, &tags, datasets.iter().map(|(path, size)| (path, path.format(), *size))))
}

/// What somebody looks for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// All of these; none for everything that is visible, last changed first.
    pub(crate) words: Vec<String>,
    /// Only with datasets of this format.
    pub(crate) format: Option<&'static str>,
}

/// Of ten queries one asks for everything, five for a word, three for two words, one for a word and a format. Words are
/// as frequent in queries as they are in packages.
pub(crate) fn query(number: u64) -> Asked {
    let mut chance = Chance(u64::MAX - number);
    let words = match number % 10 {
        0 => 0,
        1..=5 | 9 => 1,
        _ => 2,
    };
    Asked { words: (0..words).map(|_| chance.word()).collect(), format: (number % 10 == 9).then_some("csv") }
}

/// `SplitMix64` (Steele, Lea, Flood 2014): numbers that look drawn by lot, and are the same every time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A word: the one of rank `r` comes about `1 / r` times as often as the first, as in natural languages (Zipf).
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of one, and ranks up to 20,000"
    )]
    fn word(&mut self) -> String {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        spelled(WORDS.powf(part) as u64)
    }

    fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }
}

/// A number in syllables, at least two.
fn spelled(mut number: u64) -> String {
    const SYLLABLES: [&str; 32] = [
        "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta", "ve", "wi", "xo", "zu", "bra",
        "cle", "dri", "flo", "gru", "pla", "sne", "tri", "sto", "spu", "chi", "sha",
    ];
    let mut word = String::new();
    for syllable in 0.. {
        if number == 0 && syllable >= 2 {
            break;
        }
        word.push_str(SYLLABLES.iter().cycle().nth((number % 32) as usize).unwrap_or(&""));
        number /= 32;
    }
    word
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_has_its_own_word() {
        let words: BTreeSet<String> = (0..20_000).map(spelled).collect();
        assert_eq!(words.len(), 20_000);
    }

    #[test]
    fn a_package_is_the_same_every_time() {
        let document = |number| super::document(number).expect("a document");
        assert_eq!(document(7), document(7));
        assert_ne!(document(7).name, document(8).name);
    }
}

//! Paths of datasets, keys of objects, names in addresses, and where imports may come from.

use std::path::{Component, Path};

use domain::{
    dataset::{Dataset, DatasetPath},
    group::GroupName,
    id::{AccessKeyId, UserId, is_path_name, is_plain_path},
    import,
    location::{Location, check_bucket, folder_prefix, location_of},
    text::is_unprintable,
};
use testkit::builders::{dataset_id, now, package_id, user_id};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::told;

/// The longest sentence about a name.
const SENTENCE: usize = 200;

pub(crate) fn holds(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    path(&text);
    location(&text);
    names(&text);
}

fn path(text: &str) {
    let path: DatasetPath = match text.parse() {
        Ok(path) => path,
        Err(why) => {
            let why: domain::Invalid = why;
            told::fits(&why.to_string(), SENTENCE, text);
            assert!(serde_json::from_value::<DatasetPath>(text.into()).is_err(), "a second way in");
            return;
        }
    };
    let shown = path.as_str();
    assert!((1..=900).contains(&shown.len()) && is_nfc(shown), "{shown:?}");
    assert!(!shown.chars().any(|c| is_unprintable(c) || c == '\\'), "{shown:?}");
    // A store tells keys in XML 1.0, which can't say every character: section 2.2 of its recommendation.
    assert!(!shown.chars().any(|c| matches!(c, '\u{fffe}' | '\u{ffff}')), "no listing can say {shown:?}");
    // Wherever it is unpacked, it stays there.
    let plain = |component: Component<'_>| matches!(component, Component::Normal(_));
    assert!(Path::new(shown).components().all(plain), "{shown:?}");
    assert_eq!(Path::new(shown).components().count(), shown.split('/').count(), "{shown:?}");

    assert_eq!(shown.parse().as_ref(), Ok(&path), "it reads back");
    assert_eq!(serde_json::from_value::<DatasetPath>(serde_json::to_value(&path).expect("JSON")).ok().as_ref(), Some(&path));
    for other in [text.nfd().collect::<String>(), text.nfc().collect()] {
        assert_eq!(other.parse().as_ref(), Ok(&path), "one path, however it is composed");
    }
    if let Some(format) = path.format() {
        assert!((1..=16).contains(&format.len()) && !format.contains(['/', '.']), "{format:?}");
    }

    let key = Dataset::object_key(package_id(1), dataset_id(2), &path);
    let folder = format!("packages/{}/{}/", package_id(1), dataset_id(2));
    assert_eq!(key.strip_prefix(&folder), Some(path.file_name()), "a key outside its package");
    assert!(!path.file_name().contains('/') && key.len() <= 1_024, "{key:?}");
    assert!(key.len() > 900 || key.parse::<DatasetPath>().is_ok(), "{key:?}");
    assert!(!key.starts_with(&import::folder(package_id(1))));
}

fn location(text: &str) {
    match folder_prefix(text) {
        Ok(prefix) => {
            assert!(prefix.is_empty() || prefix.ends_with('/') && prefix.len() <= 1_001 && !prefix.starts_with('/'), "{prefix:?}");
            if prefix.len() <= 1_000 {
                assert_eq!(folder_prefix(&prefix).as_ref(), Ok(&prefix), "it reads back");
            }
            let narrow = Location { prefix: prefix.clone(), ..whole() };
            let all = [whole(), narrow.clone()];
            let inside = format!("{prefix}a.csv");
            assert_eq!(narrow.relative("lake", &inside), Some("a.csv"));
            assert_eq!(location_of(&all, "lake", &inside).map(|found| found.prefix.len()), Some(prefix.len()), "the narrowest");
            // A neighbour whose name begins alike.
            if let Some(folder) = prefix.strip_suffix('/') {
                assert_eq!(narrow.relative("lake", &format!("{folder}est/a.csv")), None);
            }
            assert_eq!(narrow.relative("lakes", &inside), None, "another bucket");
        }
        Err(why) => told::fits(&why.to_string(), SENTENCE, text),
    }
    let raw = Location { prefix: "raw/".to_owned(), ..whole() };
    if let Some(relative) = raw.relative("lake", text) {
        assert_eq!(format!("raw/{relative}"), text);
    }
}

fn whole() -> Location {
    Location {
        id: "loc_00000000000000000000000001".parse().expect("an id"),
        bucket: "lake".to_owned(),
        prefix: String::new(),
        description: String::new(),
        created_by: user_id("ann"),
        created_at: now(),
    }
}

fn names(text: &str) {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if is_plain_path(text) {
        assert!(text.starts_with('/'));
        let mut segments: Vec<&str> = text[1..].split('/').collect();
        assert!(segments.pop().is_some_and(|last| last.is_empty() || is_path_name(last)), "{text:?}");
        assert!(segments.iter().all(|segment| is_path_name(segment)), "{text:?}");
    }
    if let Err(why) = check_bucket(text) {
        told::fits(&why.to_string(), SENTENCE, text);
    } else {
        assert!((3..=63).contains(&text.len()) && plain(text) && !text.contains('_') && text.to_ascii_lowercase() == text, "{text:?}");
    }
    printed_alike::<domain::PackageId>(text);
    printed_alike::<domain::DatasetId>(text);
    printed_alike::<UserId>(text);
    printed_alike::<GroupName>(text);
    printed_alike::<AccessKeyId>(text);
}

/// What is accepted has one spelling, and may stand in a path.
fn printed_alike<T: std::str::FromStr<Err = domain::Invalid> + ToString>(text: &str) {
    match text.parse::<T>() {
        Ok(name) => {
            assert_eq!(name.to_string(), text);
            assert!(is_path_name(text), "{text:?}");
        }
        Err(why) => told::fits(&why.to_string(), SENTENCE, text),
    }
}

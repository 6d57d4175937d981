//! Holds an answer of the deployment against the snapshot of memory. What must differ – ids, times, addresses, tokens – is
//! checked for what it can be before it is let pass; everything else must be equal.

use std::{collections::BTreeMap, time::Duration};

use domain::Timestamp;
use serde_json::{Map, Value};
use testkit::builders;
use url::Url;

/// Prefixes of ids.
const ID_KINDS: [&str; 6] = ["pkg_", "ds_", "itm_", "exp_", "imp_", "qry_"];
const ULID_LENGTH: usize = 26;
/// So much of an id makes the names in a descriptor differ.
const ID_END_LENGTH: usize = 8;
/// The deployment's clock is this machine's: what it says may be off by what a store rounds.
const SLACK: Duration = Duration::from_secs(2);
/// Where the world in memory says that its API is.
const MEMORY_API: &str = "https://lake.example.org";
/// What its object store's URLs begin with.
const MEMORY_OBJECTS: &str = "memory://data/";

/// Which id of memory stands for which id of the deployment, in all answers of a world, each for one only.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    there: BTreeMap<String, String>,
    here: BTreeMap<String, String>,
}

impl Twins {
    fn are_one(&mut self, stored: &str, found: &str) -> bool {
        let there = self.there.entry(stored.to_owned()).or_insert_with(|| found.to_owned()) == found;
        let here = self.here.entry(found.to_owned()).or_insert_with(|| stored.to_owned()) == stored;
        there && here
    }
}

/// One answer, and what is known about its world.
pub(crate) struct Comparison<'a> {
    pub(crate) twins: &'a mut Twins,
    /// When the world began.
    pub(crate) began: Timestamp,
    pub(crate) now: Timestamp,
    /// So far memory's clock was set forward.
    pub(crate) later: Duration,
    pub(crate) api_url: &'a str,
}

impl Comparison<'_> {
    /// What differs and must not, by JSON pointer.
    pub(crate) fn differences(&mut self, stored: &Value, found: &Value) -> BTreeMap<String, String> {
        let mut differences = BTreeMap::new();
        // The gateway names a type where there is nothing.
        let mut found = found.clone();
        if found["body"].is_null()
            && let Some(headers) = found["headers"].as_object_mut()
        {
            headers.remove("content-type");
        }
        self.walk("", stored, &found, &mut differences);
        differences
    }

    fn walk(&mut self, at: &str, stored: &Value, found: &Value, differences: &mut BTreeMap<String, String>) {
        match (stored, found) {
            (Value::Object(stored), Value::Object(found)) if at.ends_with("/growth") && self.are_one_growth(stored, found) => {}
            (Value::Object(stored), Value::Object(found)) => {
                for name in stored.keys().chain(found.keys().filter(|name| !stored.contains_key(*name))) {
                    let place = format!("{at}/{name}");
                    match (stored.get(name), found.get(name)) {
                        (Some(stored), Some(found)) => self.walk(&place, stored, found, differences),
                        (Some(_), None) => drop(differences.insert(place, "is missing".to_owned())),
                        _ => drop(differences.insert(place, "is new".to_owned())),
                    }
                }
            }
            (Value::Array(stored), Value::Array(found)) if at.ends_with("/capabilities") => {
                let lacks = stored.iter().find(|name| !found.contains(name));
                if let Some(lacks) = lacks {
                    differences.insert(at.to_owned(), format!("lacks {lacks}"));
                }
            }
            (Value::Array(stored), Value::Array(found)) if stored.len() == found.len() => {
                for (number, (stored, found)) in stored.iter().zip(found).enumerate() {
                    self.walk(&format!("{at}/{number}"), stored, found, differences);
                }
            }
            (Value::String(stored), Value::String(found)) if self.are_alike(at, stored, found) => {}
            // Both indexes order by classes of scores, and each has numbers of its own.
            (Value::Number(_), Value::Number(found)) if at.ends_with("/score") && found.as_f64().is_some_and(|score| score >= 0.0) => {}
            // Texts that are equal word for word can be unlike all the same: an id that stood for another before.
            (Value::String(stored), Value::String(found)) => drop(differences.insert(at.to_owned(), format!("{stored} became {found}"))),
            (stored, found) if stored != found => drop(differences.insert(at.to_owned(), format!("{stored} became {found}"))),
            _ => {}
        }
    }

    fn are_alike(&mut self, at: &str, stored: &str, found: &str) -> bool {
        let is_manifest = at.contains("/manifests/");
        match at.rsplit('/').next().unwrap_or_default() {
            // Manifests hold ids and URLs.
            "sha256" if is_manifest => is_sha256(stored) && is_sha256(found),
            "next_cursor" => !found.is_empty() && found.len() <= 3_000,
            "version" if at == "/body/version" && stored == "1.2.3" => found == env!("CARGO_PKG_VERSION"),
            "endpoint" if stored == MEMORY_API => found == self.api_url,
            _ if stored == found => true,
            "name" if at.starts_with("/body/") && self.are_one_short_name(stored, found) => true,
            _ => self.are_one_time(stored, found) || self.are_one_object(stored, found) || self.are_one_text(stored, found),
        }
    }

    /// A time of memory is so long after its beginning; the same time here, less what memory's clock was set forward, lies
    /// between this world's beginning and now.
    fn are_one_time(&self, stored: &str, found: &str) -> bool {
        if let (Ok(stored), Ok(found)) = (stored.parse::<Timestamp>(), found.parse::<Timestamp>()) {
            let offset = stored.since(builders::now());
            return stored >= builders::now()
                && found.plus(self.later).plus(SLACK) >= self.began.plus(offset)
                && found <= self.now.plus(offset).plus(SLACK);
        }
        // A year, or a month.
        let begins = |time: Timestamp, text: &str| time.to_string().starts_with(text);
        matches!(stored.len(), 4 | 7) && stored.len() == found.len() && begins(builders::now(), stored) && begins(self.now, found)
    }

    /// Counts by month.
    fn are_one_growth(&self, stored: &Map<String, Value>, found: &Map<String, Value>) -> bool {
        let mut pairs = stored.iter().zip(found);
        stored.len() == found.len() && pairs.all(|((stored, before), (found, now))| before == now && self.are_one_time(stored, found))
    }

    /// Names in a descriptor end with the end of an id, in lower case.
    fn are_one_short_name(&mut self, stored: &str, found: &str) -> bool {
        let (Some((stored_name, stored_end)), Some((found_name, found_end))) = (stored.rsplit_once('-'), found.rsplit_once('-')) else {
            return false;
        };
        let is_end =
            |text: &str| text.len() == ID_END_LENGTH && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        stored_name == found_name && is_end(stored_end) && is_end(found_end) && self.twins.are_one(stored_end, found_end)
    }

    /// URLs of one object, of which the one here carries a signature that ends.
    fn are_one_object(&mut self, stored: &str, found: &str) -> bool {
        let Some(stored) = stored.strip_prefix(MEMORY_OBJECTS).and_then(|rest| rest.split('?').next()) else { return false };
        let Ok(found) = Url::parse(found) else { return false };
        let parameters: BTreeMap<String, String> = found.query_pairs().into_owned().collect();
        let signed = ["X-Amz-Signature", "X-Amz-Expires", "X-Amz-Security-Token"].iter().all(|name| parameters.contains_key(*name));
        let path = percent_encoding::percent_decode_str(found.path()).decode_utf8_lossy().into_owned();
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        signed && self.are_one_text(stored, key)
    }

    /// Texts that are equal but for the ids in them.
    fn are_one_text(&mut self, stored: &str, found: &str) -> bool {
        let ((stored_text, stored_ids), (found_text, found_ids)) = (without_ids(stored), without_ids(found));
        stored_text == found_text
            && stored_ids.len() == found_ids.len()
            && stored_ids.iter().zip(&found_ids).all(|(stored, found)| self.twins.are_one(stored, found))
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The text with only the kinds of its ids, and the ids.
fn without_ids(text: &str) -> (String, Vec<String>) {
    let (mut rest, mut without, mut ids) = (text, String::new(), Vec::new());
    'text: while !rest.is_empty() {
        for kind in ID_KINDS {
            let id = rest.strip_prefix(kind).and_then(|rest| rest.get(..ULID_LENGTH));
            if let Some(id) = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())) {
                without.push_str(kind);
                ids.push(format!("{kind}{id}"));
                rest = &rest[kind.len() + ULID_LENGTH..];
                continue 'text;
            }
        }
        let next = rest.chars().next().map_or(rest.len(), char::len_utf8);
        without.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    (without, ids)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIRST: &str = "pkg_01KG9YS7G00000000000000001";
    const SECOND: &str = "pkg_01KG9YS7G00000000000000002";
    const HERE: &str = "pkg_01KQAAAAAAAAAAAAAAAAAAAAAA";

    fn differing(twins: &mut Twins, stored: &Value, found: &Value) -> Vec<String> {
        let now = Timestamp::from_millis(1_790_000_060_000).expect("a time");
        let began = now.minus(Duration::from_secs(10));
        let mut comparison = Comparison { twins, began, now, later: Duration::from_secs(60), api_url: "http://api.localhost" };
        comparison.differences(stored, found).into_keys().collect()
    }

    fn alike(stored: Value, found: Value) -> bool {
        differing(&mut Twins::default(), &json!({ "body": stored }), &json!({ "body": found })).is_empty()
    }

    #[test]
    fn an_id_stands_for_one_id_only() {
        let mut twins = Twins::default();
        let body = |id: &str| json!({ "body": { "id": id, "path": format!("/packages/{id}/history") } });
        assert!(differing(&mut twins, &body(FIRST), &body(HERE)).is_empty());
        assert_eq!(differing(&mut twins, &body(SECOND), &body(HERE)), ["/body/id", "/body/path"]);
    }

    #[test]
    fn whatever_is_no_id_time_or_address_must_be_equal() {
        assert!(!alike(json!("Flights"), json!("Trains")));
        assert!(!alike(json!(1), json!(2)));
        assert!(!alike(json!([1]), json!([1, 1])));
        assert!(!alike(json!({ "a": 1 }), json!({})));
        assert!(!alike(json!({}), json!({ "a": 1 })));
        assert!(!alike(json!({ "sha256": "a".repeat(64) }), json!({ "sha256": "b".repeat(64) })));
    }

    #[test]
    fn a_time_must_be_one_that_this_world_can_tell() {
        let stored = |after: u64| json!(builders::now().plus(Duration::from_secs(after)).to_string());
        let now = |off: i64| json!(Timestamp::from_millis(1_790_000_060_000 + off * 1_000).expect("a time").to_string());
        assert!(alike(stored(0), now(-5)));
        assert!(alike(stored(900), now(890)), "fifteen minutes after something that was done");
        assert!(alike(stored(60), now(-5)), "memory's clock was set forward");
        assert!(!alike(stored(0), now(-75)), "before the world began");
        assert!(!alike(stored(0), now(5)), "not yet");
        assert!(!alike(stored(900), now(0)));
        assert!(!alike(stored(0), json!("soon")));
    }

    #[test]
    fn a_month_and_the_end_of_an_id_stand_for_one_only() {
        let month = |time: Timestamp, count: u32| json!({ "growth": { &time.to_string()[..7]: count } });
        let now = Timestamp::from_millis(1_790_000_060_000).expect("a time");
        assert!(alike(month(builders::now(), 3), month(now, 3)));
        assert!(!alike(month(builders::now(), 3), month(now, 4)));
        assert!(!alike(month(builders::now(), 3), json!({ "growth": { "1999-01": 3 } })));
        let names = |first: &str, second: &str| json!([{ "name": first }, { "name": second }]);
        assert!(alike(names("a-00000001", "b-00000002"), names("a-0zpx2t9c", "b-mp7m6300")));
        assert!(!alike(names("a-00000001", "b-00000002"), names("a-0zpx2t9c", "b-0zpx2t9c")));
        assert!(!alike(names("a-00000001", "b"), names("c-0zpx2t9c", "b")));
        assert!(!alike(names("a-one", "b"), names("a-two", "b")));
    }

    #[test]
    fn a_url_must_lead_to_the_same_object_and_be_signed() {
        let stored = format!("memory://data/packages/{FIRST}/a b.csv?signature=1");
        let signed = |key: &str| format!("http://127.0.0.1:1/lake-data/{key}?X-Amz-Signature=a&X-Amz-Expires=900&X-Amz-Security-Token=b");
        assert!(alike(json!(stored), json!(signed(&format!("packages/{HERE}/a%20b.csv")))));
        assert!(!alike(json!(stored), json!(signed(&format!("packages/{HERE}/b.csv")))));
        assert!(!alike(json!(stored), json!(format!("http://127.0.0.1:1/lake-data/packages/{HERE}/a%20b.csv"))));
    }
}

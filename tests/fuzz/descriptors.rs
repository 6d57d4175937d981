//! JSON bodies that describe packages: new ones, Frictionless descriptors, tags.

use std::cell::RefCell;

use domain::{
    metadata::{NAME_CHARACTERS, TAGS_PER_PACKAGE, VALUE_CHARACTERS},
    text::is_unprintable,
};
use serde_json::{Map, Value, json};
use testkit::builders::member;
use tests_api::{Answer, World};
use tokio::runtime::{Builder, Runtime};

use crate::told;

/// So many inputs are tried in one world: what they leave behind makes it slower.
const LIFE: u32 = 100;
/// The longest answer to a body that is refused.
const REFUSAL: usize = 128 * 1024;
/// The longest sentence in it.
const SENTENCE: usize = 400;
/// The longest pointer into a body.
const POINTER: usize = 300;

struct Lake {
    runtime: Runtime,
    world: World,
    package: String,
    left: u32,
}

thread_local! {
    static LAKE: RefCell<Option<Lake>> = const { RefCell::new(None) };
}

pub(crate) fn holds(input: &[u8]) {
    let mut lake = LAKE.take().filter(|lake| lake.left > 0).unwrap_or_else(Lake::new);
    lake.left -= 1;
    lake.runtime.block_on(async {
        lake.new_package(input).await;
        lake.tags(input).await;
    });
    // A lake in which something did not hold is not used again.
    LAKE.set(Some(lake));
}

impl Lake {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let world = World::new();
        let package = runtime.block_on(world.package(&member("ann"), json!({ "name": "Flights", "metadata": { "a": "1" } })));
        Self { runtime, world, package, left: LIFE }
    }

    async fn post(&self, body: impl Into<Vec<u8>>) -> Answer {
        let post = self.world.post("/packages").by(&member("ann"));
        post.header("content-type", "application/json").bytes(body).send().await
    }

    async fn get(&self, path: String) -> Answer {
        let answer = self.world.get(path).by(&member("ann")).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    async fn new_package(&self, input: &[u8]) {
        let made = self.post(input).await;
        if made.status != 201 {
            return refused(&made, input);
        }
        let text = |field: &str| made.body[field].as_str().unwrap_or_default().to_owned();
        let (name, description) = (text("name"), text("description"));
        assert!((1..=100).contains(&name.chars().count()) && !name.chars().any(is_unprintable) && name.trim() == name, "{name:?}");
        assert!(description.chars().count() <= 4_000, "{description:?}");
        sound(&made.body["metadata"]);
        let path = format!("/packages/{}", text("id"));
        assert_eq!(self.get(path.clone()).await.body, made.body, "as it was answered, so it is");
        self.as_a_descriptor(&path).await;
    }

    /// What is handed out as a descriptor is taken as one, and says the same.
    async fn as_a_descriptor(&self, path: &str) {
        let first = self.get(format!("{path}/datapackage.json")).await.body;
        if keywords(&first).join(", ").chars().count() > VALUE_CHARACTERS {
            return;
        }
        let made = self.post(first.to_string()).await;
        assert_eq!(made.status, 201, "its own descriptor {first}: {}", made.body);
        let second = self.get(format!("/packages/{}/datapackage.json", made.text("/id"))).await.body;
        for member in ["title", "description", "licenses"] {
            assert_eq!(second[member], first[member], "{member}");
        }
        assert_eq!(keywords(&second), keywords(&first));
    }

    async fn tags(&self, input: &[u8]) {
        let path = format!("/packages/{}/metadata", self.package);
        let merge = self.world.call("PATCH".parse().expect("a method"), path.clone()).by(&member("ann"));
        let merged = merge.header("content-type", "application/merge-patch+json").bytes(input).send().await;
        if merged.status == 200 {
            sound(&merged.body["tags"])
        } else {
            refused(&merged, input)
        }

        let current = self.get(path.clone()).await;
        let replace = |etag: &str| {
            let put = self.world.put(path.clone()).by(&member("ann")).header("if-match", etag.to_owned());
            put.header("content-type", "application/json")
        };
        let replaced = replace(current.header("etag")).bytes(input).send().await;
        if replaced.status != 200 {
            refused(&replaced, input);
            assert_eq!(self.get(path).await.body, current.body, "a refusal changes nothing");
            return;
        }
        sound(&replaced.body["tags"]);
        let again = replace(replaced.header("etag")).json(&json!({ "tags": replaced.body["tags"] })).send().await;
        assert_eq!((again.status.as_u16(), &again.body["tags"]), (200, &replaced.body["tags"]), "what was read can be written");
    }
}

fn keywords(descriptor: &Value) -> Vec<String> {
    let words = descriptor["keywords"].as_array().into_iter().flatten();
    words.filter_map(Value::as_str).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn sound(tags: &Value) {
    let none = Map::new();
    let tags = tags.as_object().unwrap_or(&none);
    assert!(tags.len() <= TAGS_PER_PACKAGE);
    for (name, value) in tags {
        for (text, longest) in [(name.as_str(), NAME_CHARACTERS), (value.as_str().expect("a text"), VALUE_CHARACTERS)] {
            assert!((1..=longest).contains(&text.chars().count()) && text.trim() == text, "{text:?}");
            assert!(!text.chars().any(is_unprintable), "{text:?}");
        }
    }
}

/// As the contract says, in sentences that can be shown, and short whatever the body is.
fn refused(answer: &Answer, input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    assert!(matches!(answer.status.as_u16(), 400 | 413 | 422), "{}: {}", answer.status, answer.body);
    told::fits(answer.body["detail"].as_str().expect("a sentence"), SENTENCE, &text);
    for error in answer.body["errors"].as_array().into_iter().flatten() {
        told::fits(error["detail"].as_str().expect("a sentence"), SENTENCE, &text);
        let pointer = error["pointer"].as_str().expect("a pointer");
        assert!(pointer.is_empty() || pointer.starts_with('/') && pointer.chars().count() <= POINTER, "{pointer:?}");
    }
    let length = answer.body.to_string().len();
    assert!(length <= REFUSAL, "an answer of {length} bytes to a body of {}", input.len());
}

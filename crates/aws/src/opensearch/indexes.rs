//! The indexes and the aliases that lead to them.

use std::collections::BTreeMap;

use domain::{PortError, PortErrorKind, PortResult};
use opensearch::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{OpenSearchIndex, cluster::Request, mapping};

/// How often a number is tried that another process took first.
const RACES: u32 = 5;
/// So long the cluster waits for its nodes; it answers before it is given up.
const SOON: [(&str, &str); 1] = [("timeout", "15s")];
/// What a cluster answers for an index that is there.
const EXISTS: &str = "resource_already_exists_exception";

/// The names of a deployment.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Leads to the live index.
    pub(super) live: String,
    /// Leads to the one that is being built; absent while none is.
    pub(super) next: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        let live = format!("{prefix}-packages");
        Self { next: format!("{live}-next"), live }
    }

    /// An index of this number.
    fn index(&self, number: u64) -> String {
        format!("{}-{number}", self.live)
    }

    /// The number of an index, if it is one of ours: another deployment's name may begin like ours.
    fn number(&self, index: &str) -> Option<u64> {
        let digits = index.strip_prefix(&self.live)?.strip_prefix('-')?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    }
}

/// Indexes with their aliases, as the cluster tells them.
#[derive(Deserialize)]
struct Aliases {
    aliases: BTreeMap<String, Value>,
}

/// Our indexes by number, each with what leads to it.
pub(super) type Known = BTreeMap<u64, Vec<String>>;

impl OpenSearchIndex {
    /// Whether an alias is there.
    pub(super) async fn alias_exists(&self, operation: &'static str, alias: &str) -> PortResult<bool> {
        let answer = self.cluster.send(Request::new(operation, Method::Head, format!("_alias/{alias}")).urgent()).await?;
        if answer.is_not_found() {
            return Ok(false);
        }
        answer.done().map(|()| true)
    }

    /// The index behind an alias.
    pub(super) async fn index_behind(&self, operation: &'static str, alias: &str) -> PortResult<Option<String>> {
        let answer = self.cluster.send(Request::new(operation, Method::Get, format!("_alias/{alias}"))).await?;
        if answer.is_not_found() {
            return Ok(None);
        }
        Ok(answer.read::<BTreeMap<String, Aliases>>()?.into_keys().next())
    }

    /// Makes the live index if it isn't there. Of several processes one makes it: the first index has always the same name.
    pub(super) async fn ensure_live(&self, operation: &'static str) -> PortResult<()> {
        if self.alias_exists(operation, &self.names.live).await? {
            return Ok(());
        }
        let first = self.names.index(1);
        if !self.create(operation, &first, Some(&self.names.live)).await? {
            return Ok(());
        }
        // A process that stood still here for a whole rebuild made a second live index, empty: it goes again.
        let live = self.known(operation).await?.into_values().filter(|aliases| aliases.contains(&self.names.live)).count();
        if live > 1 { self.delete(operation, &first).await } else { Ok(()) }
    }

    /// An empty index behind all others, to which the alias of the one that is being built leads, and to no other. When
    /// this is answered, every node of the cluster knows it.
    pub(super) async fn create_next(&self, operation: &'static str) -> PortResult<()> {
        for _ in 0..RACES {
            let last = self.known(operation).await?.into_keys().next_back().unwrap_or(0);
            let index = self.names.index(last + 1);
            // One that is there may be our own, whose answer was lost: the next rebuild removes it.
            if self.create(operation, &index, None).await? {
                return self.lead_to_next(operation, &index).await;
            }
        }
        Err(PortError::new(PortErrorKind::Unavailable, operation).because("other processes make indexes all the time"))
    }

    /// Lets the alias lead to this index and to no other, whatever other processes do meanwhile.
    async fn lead_to_next(&self, operation: &'static str, index: &str) -> PortResult<()> {
        let Names { live, next } = &self.names;
        let actions = json!({ "actions": [
            { "remove": { "index": format!("{live}-*"), "alias": next, "must_exist": false } },
            { "add": { "index": index, "alias": next } },
        ] });
        let request = Request::new(operation, Method::Post, "_aliases").query(&SOON).json(&actions);
        self.cluster.send(request).await?.acknowledged()
    }

    /// Makes an index, with its alias in the same step; `false` if it is there.
    async fn create(&self, operation: &'static str, index: &str, alias: Option<&str>) -> PortResult<bool> {
        let request = Request::new(operation, Method::Put, index).query(&SOON).json(&mapping::index(alias));
        let answer = self.cluster.send(request).await?;
        if answer.is_refused_as(EXISTS) {
            return Ok(false);
        }
        answer.acknowledged().map(|()| true)
    }

    /// All indexes of this deployment.
    pub(super) async fn known(&self, operation: &'static str) -> PortResult<Known> {
        let answer = self.cluster.send(Request::new(operation, Method::Get, format!("{}-*/_alias", self.names.live))).await?;
        let all: BTreeMap<String, Aliases> = answer.read()?;
        let ours = all.into_iter().filter_map(|(index, told)| Some((self.names.number(&index)?, told.aliases.into_keys().collect())));
        Ok(ours.collect())
    }

    /// Removes every index that is not the live one: an unfinished one, and what a swap that was cut short left behind.
    pub(super) async fn delete_all_but_live(&self, operation: &'static str) -> PortResult<()> {
        for (number, aliases) in self.known(operation).await? {
            if !aliases.contains(&self.names.live) {
                self.delete(operation, &self.names.index(number)).await?;
            }
        }
        Ok(())
    }

    /// Removes an index; it may be gone.
    pub(super) async fn delete(&self, operation: &'static str, index: &str) -> PortResult<()> {
        let answer = self.cluster.send(Request::new(operation, Method::Delete, index)).await?;
        if answer.is_not_found() { Ok(()) } else { answer.done() }
    }

    /// Lets what was written be found.
    pub(super) async fn refresh(&self, operation: &'static str, alias: &str) -> PortResult<()> {
        self.cluster.send(Request::new(operation, Method::Post, format!("{alias}/_refresh"))).await?.done()
    }

    /// Moves the live alias from one index to the other, in one state of the cluster. A node that does not know it yet
    /// writes to both, and a search that it sends to the old index is asked again once that is gone.
    pub(super) async fn point_to(&self, operation: &'static str, old: &str, new: &str) -> PortResult<()> {
        let Names { live, next } = &self.names;
        let actions = json!({ "actions": [
            { "remove": { "index": old, "alias": live } },
            { "remove": { "index": new, "alias": next } },
            { "add": { "index": new, "alias": live } },
        ] });
        let answer = self.cluster.send(Request::new(operation, Method::Post, "_aliases").query(&SOON).json(&actions)).await?;
        // A repeated request finds done what the first one did, whose answer was lost.
        match answer.done() {
            Err(error) if error.is(PortErrorKind::NotFound) && self.index_behind(operation, live).await?.as_deref() == Some(new) => Ok(()),
            done => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_deployments_index_is_none_of_ours() {
        let names = Names::new("lake");
        assert_eq!(names.number("lake-packages-12"), Some(12));
        for other in ["lake-packages", "lake-packages-", "lake-packages-+1", "lake-packages-b-packages-1", "lake2-packages-1"] {
            assert_eq!(names.number(other), None, "{other}");
        }
    }
}

//! Rows of packages: `package` under the package, and one row per package under each group it names.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    PackageId, PortResult, Timestamp,
    change::Stamp,
    group::GroupName,
    id::UserId,
    metadata::Tags,
    package::{Description, Package, PackageName, Visibility},
    ports::{Condition, Index, Key, Order, Page, PageKey, Query, Range, Table, Update, Value, Write},
};
use serde::{Deserialize, Serialize};

use super::{Due, Store, item_of, not_being_purged, row_of};

const ITEM: &str = "package";
/// Tags of up to so many bytes stand in the package's own row too, so that one read tells both. More of them would make
/// every write of the row dear: those are read where all versions are.
const TAGS_IN_ROW: usize = 8 * 1024;

#[derive(Serialize, Deserialize)]
struct PackageRow {
    package_id: PackageId,
    item: String,
    name: PackageName,
    description: Description,
    owner: UserId,
    visibility: String,
    #[serde(default)]
    groups: BTreeSet<GroupName>,
    sequence: u64,
    version: u64,
    revision: u64,
    metadata_version: u64,
    /// Those of `metadata_version`, if they are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tags: Option<Tags>,
    datasets: u64,
    bytes: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    due: Option<Due>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Stamp>,
}

impl From<PackageRow> for Package {
    fn from(row: PackageRow) -> Self {
        let visibility = match row.visibility.as_str() {
            "everyone" => Visibility::Everyone,
            "groups" => Visibility::Groups(row.groups),
            _ => Visibility::Private,
        };
        Self {
            id: row.package_id,
            name: row.name,
            description: row.description,
            owner: row.owner,
            visibility,
            sequence: row.sequence,
            version: row.version,
            revision: row.revision,
            metadata_version: row.metadata_version,
            datasets: row.datasets,
            bytes: row.bytes,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        }
    }
}

/// A change of a package row and what must hold for it.
#[derive(Clone, Debug, Default)]
pub struct PackageChange {
    set: BTreeMap<String, Value>,
    add: BTreeMap<String, i64>,
    remove: Vec<String>,
    conditions: Vec<Condition>,
}

impl PackageChange {
    /// A change at `now` of a package that must be there and not deleted; raises `sequence`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let mut change = Self { conditions: vec![Condition::Exists, Condition::Lacks("deleted_at".to_owned())], ..Self::default() };
        change.add.insert("sequence".to_owned(), 1);
        change.set("updated_at", now);
        change
    }

    /// A change at `now` of a package that must be deleted, and not yet be on its way out for good: it no longer is deleted.
    /// Raises `sequence`.
    #[must_use]
    pub fn undeleting(now: Timestamp) -> Self {
        let conditions = vec![Condition::Exists, Condition::Has("deleted_at".to_owned()), not_being_purged()];
        let remove = ["deleted_at", "due_shard", "due_at"].map(str::to_owned).to_vec();
        Self { conditions, remove, ..Self::at(now) }
    }

    fn set(&mut self, name: &str, value: impl Serialize) {
        // Every value set here is text, a number, a list or a stamp: all of them have a JSON form.
        self.set.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
    }

    /// Tells this change once: audit records and jobs follow from it.
    #[must_use]
    pub fn stamped(mut self, stamp: &Stamp) -> Self {
        self.set(domain::change::STAMP_ATTRIBUTE, stamp);
        self
    }

    /// Raises `version`, if it still is `current`.
    #[must_use]
    pub fn from_version(mut self, current: u64) -> Self {
        self.add.insert("version".to_owned(), 1);
        self.conditions.push(Condition::Equals("version".to_owned(), current.into()));
        self
    }

    /// Raises `revision`, if it still is `current`.
    #[must_use]
    pub fn from_revision(mut self, current: u64) -> Self {
        self.add.insert("revision".to_owned(), 1);
        self.conditions.push(Condition::Equals("revision".to_owned(), current.into()));
        self
    }

    /// The new name.
    #[must_use]
    pub fn name(mut self, name: &PackageName) -> Self {
        self.set("name", name);
        self
    }

    /// The new description.
    #[must_use]
    pub fn description(mut self, description: &Description) -> Self {
        self.set("description", description);
        self
    }

    /// The new visibility.
    #[must_use]
    pub fn visibility(mut self, visibility: &Visibility) -> Self {
        self.set("visibility", visibility.name());
        self.set("groups", visibility.groups());
        self
    }

    /// The new owner.
    #[must_use]
    pub fn owner(mut self, owner: &UserId) -> Self {
        self.set("owner", owner);
        self
    }

    /// The version of the tags that is current now, and those tags.
    #[must_use]
    pub fn tags(mut self, version: u64, tags: &Tags) -> Self {
        self.set("metadata_version", version);
        match in_row(tags) {
            Some(tags) => self.set("tags", tags),
            None => self.remove.push("tags".to_owned()),
        }
        self
    }

    /// So many datasets and bytes more (or fewer).
    #[must_use]
    pub fn counts(mut self, datasets: i64, bytes: i64) -> Self {
        self.add.insert("datasets".to_owned(), datasets);
        self.add.insert("bytes".to_owned(), bytes);
        self
    }

    /// Deleted; housekeeping removes what is left at `purge_at`.
    #[must_use]
    pub fn deleted(mut self, id: PackageId, now: Timestamp, purge_at: Timestamp) -> Self {
        let due = Due::at(purge_at, &id.to_string());
        self.set("deleted_at", now);
        self.set("due_shard", due.due_shard);
        self.set("due_at", due.due_at);
        self
    }

    /// The write.
    #[must_use]
    pub fn into_write(self, id: PackageId) -> Write {
        let Self { set, add, remove, conditions } = self;
        Write::Update {
            table: Table::Packages,
            key: key(id),
            update: Update { set, add, remove },
            condition: Some(Condition::All(conditions)),
        }
    }
}

fn key(id: PackageId) -> Key {
    Key::new(id.to_string(), ITEM)
}

fn in_row(tags: &Tags) -> Option<&Tags> {
    let bytes: usize = tags.iter().map(|(name, value)| name.len() + value.len()).sum();
    (bytes <= TAGS_IN_ROW).then_some(tags)
}

fn group_row(group: &GroupName, id: PackageId) -> Key {
    Key::new(format!("group#{group}"), id.to_string())
}

impl Store {
    /// A package, deleted or not, as it is now.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn package(&self, id: PackageId) -> PortResult<Option<Package>> {
        Ok(self.package_and_tags(id).await?.map(|(package, _)| package))
    }

    /// A package, deleted or not, as it is now, with its current tags if the same read tells them.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn package_and_tags(&self, id: PackageId) -> PortResult<Option<(Package, Option<Tags>)>> {
        let mut found = self.tables.get_many(Table::Packages, &[key(id)], true).await?;
        let row = found.pop().flatten().map(row_of::<PackageRow>).transpose()?;
        Ok(row.map(|mut row| {
            let tags = row.tags.take();
            (Package::from(row), tags)
        }))
    }

    /// Whether housekeeping removes a deleted package for good.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn is_package_being_purged(&self, id: PackageId) -> PortResult<bool> {
        self.is_being_purged(Table::Packages, key(id)).await
    }

    /// The write that changes nothing, if a package is deleted or gone; for transactions that only then may happen.
    #[must_use]
    pub fn still_deleted(id: PackageId) -> Write {
        let condition = Condition::Any(vec![Condition::Absent, Condition::Has("deleted_at".to_owned())]);
        Write::Check { table: Table::Packages, key: key(id), condition }
    }

    /// Packages by id, in the order asked for.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn packages(&self, ids: &[PackageId]) -> PortResult<Vec<Option<Package>>> {
        let keys: Vec<Key> = ids.iter().map(|id| key(*id)).collect();
        let found = self.tables.get_many(Table::Packages, &keys, true).await?;
        found.into_iter().map(|item| item.map(|item| row_of::<PackageRow>(item).map(Package::from)).transpose()).collect()
    }

    /// A page of the packages that `owner` has, newest first, deleted ones among them, and each one's place.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn packages_of(&self, owner: &UserId, limit: u32, after: Option<PageKey>) -> PortResult<(Vec<Package>, Option<PageKey>)> {
        let query = Query {
            table: Table::Packages,
            index: Some(Index::Owner),
            partition: owner.to_string(),
            range: Range::All,
            order: Order::Descending,
            limit,
            after,
            consistent: false,
        };
        let Page { items, next } = self.tables.query(query).await?;
        let packages: PortResult<Vec<Package>> = items.into_iter().map(|item| row_of::<PackageRow>(item).map(Package::from)).collect();
        Ok((packages?, next))
    }

    /// The writes that make a package whose tags stand elsewhere only.
    ///
    /// # Errors
    /// Only if a row has no JSON form.
    pub fn put_package(&self, package: &Package, stamp: &Stamp) -> PortResult<Vec<Write>> {
        self.put_package_and_tags(package, None, stamp)
    }

    /// The writes that make a package.
    ///
    /// # Errors
    /// Only if a row has no JSON form.
    pub fn put_package_and_tags(&self, package: &Package, tags: Option<&Tags>, stamp: &Stamp) -> PortResult<Vec<Write>> {
        let row = PackageRow {
            package_id: package.id,
            item: ITEM.to_owned(),
            name: package.name.clone(),
            description: package.description.clone(),
            owner: package.owner.clone(),
            visibility: package.visibility.name().to_owned(),
            groups: package.visibility.groups(),
            sequence: package.sequence,
            version: package.version,
            revision: package.revision,
            metadata_version: package.metadata_version,
            tags: tags.and_then(in_row).cloned(),
            datasets: package.datasets,
            bytes: package.bytes,
            created_at: package.created_at,
            updated_at: package.updated_at,
            deleted_at: None,
            due: None,
            changed: Some(stamp.clone()),
        };
        let mut writes = vec![Write::Put { table: Table::Packages, item: item_of(&row)?, condition: Some(Condition::Absent) }];
        writes.extend(self.regroup(package.id, &BTreeSet::new(), &package.visibility.groups()));
        Ok(writes)
    }

    /// The writes that keep the rows under groups in step with the groups a package names.
    #[must_use]
    pub fn regroup(&self, id: PackageId, before: &BTreeSet<GroupName>, after: &BTreeSet<GroupName>) -> Vec<Write> {
        let gone =
            before.difference(after).map(|group| Write::Delete { table: Table::Packages, key: group_row(group, id), condition: None });
        let come = after.difference(before).map(|group| {
            let Key { partition, sort } = group_row(group, id);
            let item = [("package_id".to_owned(), partition.into()), ("item".to_owned(), sort.into())].into();
            Write::Put { table: Table::Packages, item, condition: None }
        });
        gone.chain(come).collect()
    }
}

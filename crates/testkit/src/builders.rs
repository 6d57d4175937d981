//! Entities with sensible defaults. All fields are public, so a test says only what matters to it:
//! `Package { visibility: Visibility::Everyone, ..package(1, "ann") }`.

use std::collections::BTreeSet;

use domain::{
    DatasetId, ExportId, ItemId, PackageId, Principal, Timestamp,
    access::Action,
    api_key::ApiKey,
    audit::{AuditOutcome, AuditRecord, Origin, SCHEMA},
    cart::{CartItem, Export, ExportFormat, ExportState, Totals},
    dataset::{Dataset, DatasetKind, DatasetPath, DatasetState, Verified},
    group::GroupName,
    id::{AccessKeyId, ChangeId, UserId},
    metadata::{MetadataVersion, Tags},
    package::{Package, PackageName, Visibility},
    principal::{KeyScope, Role, Via},
};
use ulid::Ulid;

/// `2026-01-31T12:00:00.000Z`, when everything here was made.
pub const NOW_MILLIS: i64 = 1_769_860_800_000;

/// The bucket that datasets of these builders lie in.
pub const BUCKET: &str = "data";

/// When everything here was made.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(NOW_MILLIS).expect("a valid time")
}

/// The ULID with this number; greater numbers are later.
#[must_use]
pub fn ulid(number: u64) -> Ulid {
    Ulid::from_parts(u64::try_from(NOW_MILLIS).expect("after the epoch"), u128::from(number))
}

/// The package id with this number.
#[must_use]
pub fn package_id(number: u64) -> PackageId {
    PackageId::new(ulid(number))
}

/// The dataset id with this number.
#[must_use]
pub fn dataset_id(number: u64) -> DatasetId {
    DatasetId::new(ulid(number))
}

/// The export id with this number.
#[must_use]
pub fn export_id(number: u64) -> ExportId {
    ExportId::new(ulid(number))
}

/// A user id.
///
/// # Panics
/// If `name` is none.
#[must_use]
pub fn user_id(name: &str) -> UserId {
    name.parse().expect("a valid user id")
}

/// A group's name.
///
/// # Panics
/// If `name` is none.
#[must_use]
pub fn group(name: &str) -> GroupName {
    name.parse().expect("a valid group name")
}

/// Visibility for these groups.
#[must_use]
pub fn groups(names: &[&str]) -> Visibility {
    Visibility::Groups(names.iter().map(|name| group(name)).collect())
}

/// A member with a session and no groups.
#[must_use]
pub fn member(name: &str) -> Principal {
    Principal { user_id: user_id(name), role: Role::Member, groups: BTreeSet::new(), via: Via::Session }
}

/// An admin with a session and no groups.
#[must_use]
pub fn admin(name: &str) -> Principal {
    Principal { role: Role::Admin, ..member(name) }
}

/// Turns a principal into a similar one.
pub trait PrincipalExt {
    /// The same caller as a member of these groups.
    #[must_use]
    fn in_groups(self, names: &[&str]) -> Self;

    /// The same caller, come with a key of this scope.
    #[must_use]
    fn with_key(self, scope: KeyScope) -> Self;
}

impl PrincipalExt for Principal {
    fn in_groups(self, names: &[&str]) -> Self {
        Self { groups: names.iter().map(|name| group(name)).collect(), ..self }
    }

    fn with_key(self, scope: KeyScope) -> Self {
        Self { via: Via::Key { access_key_id: access_key_id(1), scope }, ..self }
    }
}

/// The access key id with this number.
#[must_use]
pub fn access_key_id(number: u64) -> AccessKeyId {
    format!("{}{number:016}", AccessKeyId::PREFIX).parse().expect("a valid access key id")
}

/// A scope that only reads.
#[must_use]
pub fn read_only() -> KeyScope {
    KeyScope { read_only: true, packages: None }
}

/// A scope of only these packages.
#[must_use]
pub fn only_packages(numbers: &[u64]) -> KeyScope {
    KeyScope { read_only: false, packages: Some(numbers.iter().map(|number| package_id(*number)).collect()) }
}

/// A private package without datasets.
#[must_use]
pub fn package(number: u64, owner: &str) -> Package {
    Package {
        id: package_id(number),
        name: package_name(&format!("Package {number}")),
        description: "What it is about.".parse().expect("a valid description"),
        owner: user_id(owner),
        visibility: Visibility::Private,
        sequence: 1,
        version: 1,
        revision: 1,
        metadata_version: 1,
        datasets: 0,
        bytes: 0,
        created_at: now(),
        updated_at: now(),
        deleted_at: None,
    }
}

/// A package's name.
///
/// # Panics
/// If `name` is none.
#[must_use]
pub fn package_name(name: &str) -> PackageName {
    name.parse().expect("a valid package name")
}

/// Tags.
///
/// # Panics
/// If a name or value is not allowed.
#[must_use]
pub fn tags(pairs: &[(&str, &str)]) -> Tags {
    Tags::parse(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), "/tags").expect("valid tags")
}

/// The first version of a package's tags.
#[must_use]
pub fn metadata_version(pairs: &[(&str, &str)]) -> MetadataVersion {
    MetadataVersion { version: 1, tags: tags(pairs), created_by: user_id("ann"), created_at: now() }
}

/// A dataset that is there, with 3 bytes (`abc`).
///
/// # Panics
/// If `path` is none.
#[must_use]
pub fn dataset(package: u64, number: u64, path: &str) -> Dataset {
    let path: DatasetPath = path.parse().expect("a valid path");
    Dataset {
        package_id: package_id(package),
        id: dataset_id(number),
        kind: DatasetKind::Object,
        bucket: BUCKET.to_owned(),
        key: Dataset::object_key(package_id(package), dataset_id(number), &path),
        path,
        object_version: Some("v1".to_owned()),
        content_type: "text/plain".to_owned(),
        size: 3,
        sha256: Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned()),
        verified: Some(Verified::Store),
        state: DatasetState::Available,
        upload_id: None,
        import_id: None,
        exclude: Vec::new(),
        added_in: Some(2),
        removed_in: None,
        created_by: user_id("ann"),
        created_at: now(),
        updated_at: now(),
    }
}

/// A dataset whose bytes are awaited.
///
/// # Panics
/// If `path` is none.
#[must_use]
pub fn pending_dataset(package: u64, number: u64, path: &str) -> Dataset {
    let state = DatasetState::Pending;
    Dataset { state, object_version: None, verified: None, added_in: None, ..dataset(package, number, path) }
}

/// A package in a user's cart.
#[must_use]
pub fn cart_item(number: u64, user: &str, package: u64) -> CartItem {
    CartItem { id: ItemId::new(ulid(number)), user_id: user_id(user), package_id: package_id(package), added_at: now() }
}

/// An export of signed URLs that was just asked for.
#[must_use]
pub fn export(number: u64, user: &str, packages: &[u64]) -> Export {
    Export {
        id: export_id(number),
        user_id: user_id(user),
        format: ExportFormat::SignedUrl,
        packages: packages.iter().map(|package| (ItemId::new(ulid(*package)), package_id(*package))).collect(),
        paths: Vec::new(),
        state: ExportState::Running,
        failure: None,
        expires_in: 3_600,
        expires_at: None,
        expected: Totals::default(),
        written: Totals::default(),
        skipped: Vec::new(),
        skipped_count: 0,
        manifests: Vec::new(),
        token_ciphertext: None,
        token_hash: None,
        followed: 0,
        created_at: now(),
        updated_at: now(),
    }
}

/// An active key with a secret and no narrowing.
#[must_use]
pub fn api_key(number: u64, user: &str) -> ApiKey {
    ApiKey {
        access_key_id: access_key_id(number),
        user_id: user_id(user),
        active: true,
        scope: KeyScope::default(),
        salt: Some("00112233445566778899aabbccddeeff".to_owned()),
        created_at: now(),
        last_used_at: None,
        expires_at: None,
    }
}

/// The record of a member `ann` who made `resource`.
#[must_use]
pub fn audit_record(number: u64, resource: &str) -> AuditRecord {
    AuditRecord {
        schema: SCHEMA,
        id: ChangeId::new(ulid(number)),
        time: now(),
        actor: domain::audit::Actor::of(&member("ann")),
        origin: Origin { request_id: format!("request-{number}"), source_ip: Some("192.0.2.1".to_owned()) },
        action: Action::PackageCreate,
        resource: resource.to_owned(),
        outcome: AuditOutcome::Allow,
        reason: None,
        changed: Vec::new(),
    }
}

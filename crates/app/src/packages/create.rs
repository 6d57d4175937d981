//! `POST /packages`.

use domain::{
    FieldError, PackageId, Timestamp,
    access::{Action, Resource},
    governance,
    group::{GROUPS_PER_PACKAGE, GroupName},
    id::UserId,
    metadata::{MetadataVersion, Tags},
    package::{Package, Visibility},
    settings::Settings,
};
use serde::{Deserialize, Serialize};

use super::{PackageView, Packages};
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    idempotency::IdempotencyKey,
};

/// What a person enters for a new package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatePackage {
    /// 1 to 100 characters.
    pub name: String,
    /// At most 4,000 characters.
    pub description: String,
    /// `private`, `groups` or `everyone`; `None` for the setting's default.
    pub visibility: Option<String>,
    /// The groups, with visibility `groups`.
    pub groups: Vec<String>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

/// What an idempotent repeat answers with: the package as it was made.
#[derive(Serialize, Deserialize)]
struct Created {
    id: PackageId,
    at: Timestamp,
}

impl Packages {
    /// Makes a package with its first version of tags.
    ///
    /// # Errors
    /// 422 with a pointer for everything that breaks a rule; 409 for a reused idempotency key.
    pub async fn create(&self, caller: &Caller, entered: &CreatePackage, key: Option<&IdempotencyKey>) -> AppResult<PackageView> {
        self.core.authorise(caller, Action::PackageCreate, Resource::Application).await?;

        let configured = self.core.configured().await?;
        let (mut package, tags) = validate(entered, &configured.settings, &caller.principal.user_id)?;
        governance::check(&configured.rules, &tags, "/metadata").map_err(AppError::invalid)?;

        let first = match self.core.first_answer::<Created>(key).await? {
            Some(first) => first,
            None => self.write_new(caller, &package, &tags, key).await?,
        };
        package.id = first.id;
        package.created_at = first.at;
        package.updated_at = first.at;
        Ok(PackageView::new(&caller.principal, package, tags))
    }

    async fn write_new(&self, caller: &Caller, package: &Package, tags: &Tags, key: Option<&IdempotencyKey>) -> AppResult<Created> {
        let created = Created { id: PackageId::new(self.core.ids.new_id()), at: self.core.now() };
        let package = Package { id: created.id, created_at: created.at, updated_at: created.at, ..package.clone() };
        let stamp = self.core.stamp(caller, Action::PackageCreate, &["name", "description", "visibility", "tags"]);
        let version = MetadataVersion { version: 1, tags: tags.clone(), created_by: package.owner.clone(), created_at: created.at };
        let mut writes = self.core.store.put_package_and_tags(&package, Some(tags), &stamp)?;
        writes.push(self.core.store.put_metadata(package.id, &version)?);
        self.core.create_once(writes, key, created).await
    }
}

fn validate(entered: &CreatePackage, settings: &Settings, owner: &UserId) -> AppResult<(Package, Tags)> {
    let mut errors = Vec::new();
    let name = take(&mut errors, entered.name.parse().map_err(|why: domain::Invalid| vec![why.at("/name")]));
    let description = take(&mut errors, entered.description.parse().map_err(|why: domain::Invalid| vec![why.at("/description")]));
    let wanted = entered.visibility.as_deref().unwrap_or(if entered.groups.is_empty() { &settings.default_visibility } else { "groups" });
    let visibility = take(&mut errors, visibility(wanted, &entered.groups));
    let tags = take(&mut errors, Tags::parse(entered.tags.iter().cloned(), "/metadata"));
    match (name, description, visibility, tags) {
        (Some(name), Some(description), Some(visibility), Some(tags)) if errors.is_empty() => {
            let package = Package {
                id: PackageId::new(ulid::Ulid::nil()),
                name,
                description,
                owner: owner.clone(),
                visibility,
                sequence: 1,
                version: 1,
                revision: 1,
                metadata_version: 1,
                datasets: 0,
                bytes: 0,
                created_at: Timestamp::EPOCH,
                updated_at: Timestamp::EPOCH,
                deleted_at: None,
            };
            Ok((package, tags))
        }
        _ => Err(AppError::invalid(errors)),
    }
}

fn take<T>(errors: &mut Vec<FieldError>, parsed: Result<T, Vec<FieldError>>) -> Option<T> {
    parsed.map_err(|why| errors.extend(why)).ok()
}

/// Reads visibility and groups as entered.
pub(super) fn visibility(wanted: &str, groups: &[String]) -> Result<Visibility, Vec<FieldError>> {
    let at = |detail: &str, pointer: &str| FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() };
    match wanted {
        "private" | "everyone" if !groups.is_empty() => Err(vec![at("are only for visibility 'groups'", "/groups")]),
        "private" => Ok(Visibility::Private),
        "everyone" => Ok(Visibility::Everyone),
        "groups" if groups.is_empty() => Err(vec![at("must name at least one group", "/groups")]),
        "groups" if groups.len() > GROUPS_PER_PACKAGE => Err(vec![at("are too many; at most 45 are allowed", "/groups")]),
        "groups" => {
            let parsed = groups.iter().enumerate().map(|(n, name)| name.parse::<GroupName>().map_err(|why| why.at(format!("/groups/{n}"))));
            let (good, bad): (Vec<_>, Vec<_>) = parsed.partition(Result::is_ok);
            if bad.is_empty() {
                Ok(Visibility::Groups(good.into_iter().flatten().collect()))
            } else {
                Err(bad.into_iter().filter_map(Result::err).collect())
            }
        }
        _ => Err(vec![at("must be 'private', 'groups' or 'everyone'", "/visibility")]),
    }
}

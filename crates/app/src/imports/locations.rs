//! Which existing objects may be imported: below a location that an administrator registered, and nowhere else.

use std::sync::Arc;

use domain::{
    FieldError, Invalid, LocationId, PortErrorKind,
    access::{Action, Resource},
    location::{Location, check_bucket, folder_prefix},
    ports::Objects,
};

use crate::{
    core::{Caller, Core},
    error::{AppError, AppResult, ErrorKind},
};

/// The longest description in bytes.
const DESCRIPTION_BYTES: usize = 1_000;

/// A location as entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewLocation {
    /// The bucket.
    pub bucket: String,
    /// A folder in it; the whole bucket if empty.
    pub prefix: String,
    /// What it is, for people.
    pub description: String,
}

/// Use cases about locations.
#[derive(Clone)]
pub struct Locations {
    core: Core,
    objects: Arc<dyn Objects>,
    bucket: String,
}

impl Locations {
    /// Over the core and the data bucket, which no location may be in: whoever imports from there could read every package.
    pub fn new(core: Core, objects: Arc<dyn Objects>, bucket: impl Into<String>) -> Self {
        Self { core, objects, bucket: bucket.into() }
    }

    /// All locations, oldest first.
    ///
    /// # Errors
    /// 403 for all but administrators.
    pub async fn list(&self, caller: &Caller) -> AppResult<Vec<Location>> {
        self.core.authorise(caller, Action::LocationRead, Resource::Application).await?;
        self.core.audit_read(caller, Action::LocationRead, "location".to_owned()).await?;
        Ok(self.core.store.locations().await?)
    }

    /// Registers a location that the data lake can read.
    ///
    /// # Errors
    /// 403 for all but administrators; 422 with a pointer for everything that breaks a rule, and where the store does not let
    /// the data lake list it; 409 `location_exists`.
    pub async fn register(&self, caller: &Caller, entered: &NewLocation) -> AppResult<Location> {
        self.core.authorise(caller, Action::LocationManage, Resource::Application).await?;
        let prefix = self.validate(entered)?;
        let same = |location: &Location| location.bucket == entered.bucket && location.prefix == prefix;
        if let Some(there) = self.core.store.locations().await?.into_iter().find(same) {
            let message = format!("{} is this location already.", there.id);
            return Err(AppError::new(ErrorKind::Conflict, "location_exists", message));
        }
        self.check_readable(&entered.bucket, &prefix).await?;
        let location = Location {
            id: LocationId::new(self.core.ids.new_id()),
            bucket: entered.bucket.clone(),
            prefix,
            description: entered.description.clone(),
            created_by: caller.principal.user_id.clone(),
            created_at: self.core.now(),
        };
        self.core.store.put_location(&location, &self.core.stamp(caller, Action::LocationManage, &[])).await?;
        Ok(location)
    }

    /// Takes a location back: nothing more is imported from there. What was imported stays.
    ///
    /// # Errors
    /// 403 for all but administrators; 404 if there is no such location.
    pub async fn remove(&self, caller: &Caller, id: LocationId) -> AppResult<()> {
        self.core.authorise(caller, Action::LocationManage, Resource::Application).await?;
        let location = self.core.store.location(id).await?.ok_or_else(|| AppError::not_found("location"))?;
        let stamp = self.core.stamp(caller, Action::LocationManage, &["removed_at"]);
        if self.core.store.remove_location(&location, &stamp).await? { Ok(()) } else { Err(AppError::not_found("location")) }
    }

    fn validate(&self, entered: &NewLocation) -> AppResult<String> {
        let mut errors: Vec<FieldError> = check_bucket(&entered.bucket).map_err(|why| why.at("/bucket")).err().into_iter().collect();
        if entered.bucket == self.bucket {
            errors.push(Invalid::new("is the data lake's own bucket, whose files belong to packages").at("/bucket"));
        }
        if entered.description.len() > DESCRIPTION_BYTES {
            errors.push(Invalid::new(format!("must have at most {DESCRIPTION_BYTES} bytes")).at("/description"));
        }
        match folder_prefix(&entered.prefix) {
            Ok(prefix) if errors.is_empty() => Ok(prefix),
            Ok(_) => Err(AppError::invalid(errors)),
            Err(why) => {
                errors.push(why.at("/prefix"));
                Err(AppError::invalid(errors))
            }
        }
    }

    async fn check_readable(&self, bucket: &str, prefix: &str) -> AppResult<()> {
        match self.objects.list(bucket, prefix, None).await {
            Ok(_) => Ok(()),
            Err(error) if error.is(PortErrorKind::NotFound) => Err(AppError::invalid(vec![Invalid::new("does not exist").at("/bucket")])),
            Err(error) if error.is(PortErrorKind::PermissionDenied) => {
                let why = Invalid::new("can't be listed by the data lake; its operator must allow that first");
                Err(AppError::invalid(vec![why.at("/bucket")]))
            }
            Err(error) => Err(error.into()),
        }
    }
}

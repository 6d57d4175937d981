//! `POST /packages/{id}/datasets`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    DatasetId, FieldError, Invalid, PackageId, PortErrorKind, Timestamp,
    access::Action,
    change::Stamp,
    dataset::{Dataset, DatasetKind, DatasetPath, DatasetState, is_sha256, part_size},
    ports::{Condition, PutOptions, SignedRequest},
};
use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::{Datasets, complete::duplicate_path};
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    idempotency::IdempotencyKey,
};

/// At most so many datasets a call.
pub(super) const BATCH_LIMIT: usize = 500;
/// A signed PUT lives so long.
pub(super) const UPLOAD_LIFE: Duration = Duration::from_secs(900);
/// What was registered and never completed goes after so long.
const PENDING_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// So many calls to the store at a time.
const PARALLEL: usize = 16;

/// A file to be uploaded, as entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDataset {
    /// Its relative path in the package.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Media type; by the file's extension if empty.
    pub content_type: String,
    /// SHA-256 in lower-case hex; required up to 64 MiB.
    pub sha256: Option<String>,
}

/// What the client has to send.
#[derive(Clone, Debug)]
pub enum UploadPlan {
    /// One request, exactly as it is.
    Put(SignedRequest),
    /// Parts of this size, each signed when it is asked for.
    Parts {
        /// Bytes of each part but the last.
        part_size: u64,
        /// How many.
        parts: u64,
    },
}

/// What became of one entry.
pub type Registration = Result<(Dataset, UploadPlan), AppError>;

impl Datasets {
    /// Registers uploads, each answered on its own, in order. Bucket and key are the product's choice.
    ///
    /// # Errors
    /// Those of the package; of the call as a whole. What is wrong with one entry stands in its place.
    pub async fn register(
        &self,
        caller: &Caller,
        package_id: PackageId,
        entered: &[NewDataset],
        key: Option<&IdempotencyKey>,
    ) -> AppResult<Vec<Registration>> {
        self.core.authorised_package(caller, Action::DatasetUpload, package_id).await?;
        if entered.is_empty() || entered.len() > BATCH_LIMIT {
            let detail = format!("must hold 1 to {BATCH_LIMIT} entries");
            return Err(AppError::invalid(vec![FieldError { pointer: "/datasets".to_owned(), detail }]));
        }
        let limit = self.core.configured().await?.settings.upload_limit;
        // The first attempt's time makes the ids of every repeat the same.
        let now = match key {
            Some(_) => match self.core.first_answer::<Timestamp>(key).await? {
                Some(first) => first,
                None => self.core.create_once(Vec::new(), key, self.core.now()).await?,
            },
            None => self.core.now(),
        };
        let prepared = entered.iter().enumerate().map(|(position, entry)| {
            let id = DatasetId::new(key.map_or_else(|| self.core.ids.new_id(), |key| key.derived_id(now, position)));
            self.prepare(caller, package_id, id, now, entry, limit)
        });
        let mut paths = BTreeSet::new();
        let prepared: Vec<AppResult<Dataset>> = prepared
            .map(|dataset| {
                dataset
                    .and_then(|dataset| if paths.insert(dataset.path.clone()) { Ok(dataset) } else { Err(duplicate_path(&dataset.path)) })
            })
            .collect();

        let known = self.known(package_id, key.is_some(), &prepared).await?;
        let results = stream::iter(prepared)
            .map(|dataset| async {
                let dataset = dataset?;
                match known.get(&dataset.id) {
                    Some(first) => self.plan(first.clone()).await,
                    None => self.begin(dataset).await,
                }
            })
            .buffered(PARALLEL)
            .collect::<Vec<Registration>>()
            .await;

        let stamp = self.core.stamp(caller, Action::DatasetUpload, &[]);
        let due = now.plus(PENDING_LIFE);
        if key.is_some() {
            let kept = stream::iter(results).map(|result| async {
                match result {
                    Ok((dataset, plan)) if !known.contains_key(&dataset.id) => self.keep_first(dataset, plan, due, &stamp).await,
                    other => other,
                }
            });
            return Ok(kept.buffered(PARALLEL).collect().await);
        }
        let new = results.iter().filter_map(|result| result.as_ref().ok());
        let writes: Result<Vec<_>, _> =
            new.map(|(dataset, _)| self.core.store.put_dataset(dataset, Some(due), Some(&stamp), None)).collect();
        self.core.store.tables.write_many(writes?).await?;
        Ok(results)
    }

    /// Writes the row unless a twin of this request was faster: then its row counts, which may have come further already.
    async fn keep_first(&self, dataset: Dataset, plan: UploadPlan, due: Timestamp, stamp: &Stamp) -> Registration {
        let write = self.core.store.put_dataset(&dataset, Some(due), Some(stamp), Some(Condition::Absent))?;
        match self.core.store.tables.write(write).await {
            Ok(()) => Ok((dataset, plan)),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => {
                if let Some(upload) = dataset.part_upload() {
                    self.multipart.abort(&upload).await?;
                }
                self.plan(self.dataset(dataset.package_id, dataset.id).await?).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What an earlier attempt of the same request registered already.
    async fn known(
        &self,
        package_id: PackageId,
        repeatable: bool,
        prepared: &[AppResult<Dataset>],
    ) -> AppResult<BTreeMap<DatasetId, Dataset>> {
        if !repeatable {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<DatasetId> = prepared.iter().filter_map(|dataset| dataset.as_ref().ok()).map(|dataset| dataset.id).collect();
        let found = self.core.store.datasets(package_id, &ids).await?;
        Ok(found.into_iter().flatten().map(|dataset| (dataset.id, dataset)).collect())
    }

    fn prepare(
        &self,
        caller: &Caller,
        package_id: PackageId,
        id: DatasetId,
        now: Timestamp,
        entry: &NewDataset,
        limit: u64,
    ) -> AppResult<Dataset> {
        let mut errors = Vec::new();
        let path = entry.name.parse::<DatasetPath>().map_err(|why| errors.push(why.at("/name"))).ok();
        if entry.size > limit {
            errors.push(Invalid::new(format!("is more than the {limit} bytes that may be uploaded")).at("/size"));
        }
        match &entry.sha256 {
            Some(sha256) if !is_sha256(sha256) => errors.push(Invalid::new("is not a SHA-256 in lower-case hex").at("/sha256")),
            None if entry.size <= domain::dataset::SINGLE_PUT_LIMIT => {
                errors.push(Invalid::new("is required for files of up to 64 MiB").at("/sha256"));
            }
            _ => {}
        }
        let content_type = if entry.content_type.is_empty() { "application/octet-stream" } else { &entry.content_type };
        if content_type.len() > 127
            || !content_type.contains('/')
            || !content_type.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            errors.push(Invalid::new("is not a media type such as text/csv").at("/content_type"));
        }
        let Some(path) = path.filter(|_| errors.is_empty()) else { return Err(AppError::invalid(errors)) };
        Ok(Dataset {
            package_id,
            id,
            kind: DatasetKind::Object,
            bucket: self.bucket.clone(),
            key: Dataset::object_key(package_id, id, &path),
            path,
            object_version: None,
            content_type: content_type.to_owned(),
            size: entry.size,
            sha256: entry.sha256.clone(),
            verified: None,
            state: DatasetState::Pending,
            upload_id: None,
            import_id: None,
            exclude: Vec::new(),
            added_in: None,
            removed_in: None,
            created_by: caller.principal.user_id.clone(),
            created_at: now,
            updated_at: now,
        })
    }

    async fn begin(&self, mut dataset: Dataset) -> Registration {
        if dataset.is_multipart() {
            dataset.upload_id = Some(self.multipart.create(&dataset.address(), &dataset.content_type).await?.upload_id);
        }
        self.plan(dataset).await
    }

    async fn plan(&self, dataset: Dataset) -> Registration {
        if dataset.is_multipart() {
            let part_size = part_size(dataset.size);
            let parts = dataset.size.div_ceil(part_size);
            return Ok((dataset, UploadPlan::Parts { part_size, parts }));
        }
        let sha256 =
            dataset.sha256.clone().ok_or_else(|| AppError::new(ErrorKind::Internal, "internal", "The dataset has no checksum."))?;
        let options = PutOptions { size: dataset.size, content_type: dataset.content_type.clone(), sha256, only_if_absent: true };
        let request = self.objects.sign_put(&dataset.address(), &options, UPLOAD_LIFE).await?;
        Ok((dataset, UploadPlan::Put(request)))
    }
}

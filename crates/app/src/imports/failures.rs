//! `GET /packages/{id}/imports/{imp}/failures`.

use domain::{ImportId, PackageId, PortError, PortErrorKind, PortResult, access::Action, import::ImportFailure};
use futures::TryStreamExt as _;

use super::Imports;
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
    store::FailurePage,
};

impl Imports {
    /// The entries of an import that failed so far, in the order of its manifest.
    ///
    /// # Errors
    /// Those of the package; 404 if it has no such import; 400 for a foreign cursor.
    pub async fn failures(
        &self,
        caller: &Caller,
        package_id: PackageId,
        id: ImportId,
        paging: &Paging,
    ) -> AppResult<Listed<ImportFailure>> {
        self.core.authorised_package(caller, Action::ImportRead, package_id).await?;
        let record = self.record(package_id, id).await?;
        let query = format!("imports.failures/{package_id}/{id}");
        let mut next: u64 = self.core.open_cursor(caller, &query, paging).await?.unwrap_or_default();
        let end = record.import.counts.failed.min(next.saturating_add(paging.limit.into()));
        let mut items = Vec::new();
        while next < end {
            let found = match next.checked_sub(record.paged()) {
                Some(place) => record.recent.iter().skip(usize::try_from(place).unwrap_or(usize::MAX)).cloned().collect(),
                None => match self.core.store.failure_page(&record, next).await? {
                    Some(page) if next < page.first + page.count => self.page(&page, next).await?,
                    _ => Vec::new(),
                },
            };
            if found.is_empty() {
                // What is counted is kept: each row and its count are written together.
                return Err(PortError::new(PortErrorKind::Unexpected, "imports.failures").with("import", id).with("number", next).into());
            }
            let room = usize::try_from(end - next).unwrap_or(usize::MAX);
            let taken: Vec<ImportFailure> = found.into_iter().take(room).collect();
            next += taken.len() as u64;
            items.extend(taken);
        }
        let more = (next < record.import.counts.failed).then_some(next);
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, more.as_ref()).await? })
    }

    /// What an object holds, from failure `number` on.
    async fn page(&self, page: &FailurePage, number: u64) -> PortResult<Vec<ImportFailure>> {
        let bytes: Vec<bytes::Bytes> = self.objects.get(&page.object, None).await?.bytes.try_collect().await?;
        let lines = serde_json::Deserializer::from_slice(&bytes.concat()).into_iter::<ImportFailure>().collect::<Result<Vec<_>, _>>();
        let mut failures = lines.map_err(|error| PortError::new(PortErrorKind::Unexpected, "imports.page").because(error))?;
        failures.drain(..failures.len().min(usize::try_from(number - page.first).unwrap_or(usize::MAX)));
        Ok(failures)
    }
}

//! `/packages`.

use contract::{
    governance::Governance,
    packages::{ChangePackage, CreatePackage, HistoryEntry, HistoryList, Package, PackageList, TransferPackage},
};
use futures::Stream;
use http::Method;
use serde_json::Value;

use crate::{
    call::Call,
    client::Client,
    error::{Error, Result},
    paging::{Page, entries, pages},
};

/// Whose packages to list.
#[derive(Clone, Debug, Default)]
pub struct PackageFilter {
    /// Another owner than the caller; for administrators.
    pub owner: Option<String>,
    /// Those that were deleted and can be restored, in place of those that are there.
    pub deleted: bool,
}

impl Client {
    /// A page of own packages, newest first.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_packages(&self, filter: &PackageFilter, page: &Page) -> Result<PackageList> {
        let call = Call::get("list packages", &["packages"]).query("owner", filter.owner.as_deref());
        let call = call.query("state", filter.deleted.then_some("deleted"));
        self.json(call.query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All own packages, newest first.
    pub fn packages<'a>(&'a self, filter: &'a PackageFilter) -> impl Stream<Item = Result<Package>> + Send + 'a {
        entries(pages(None, move |cursor| async move { self.list_packages(filter, &Page::largest().at(cursor)).await }))
    }

    /// The rules about tags.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn governance(&self) -> Result<Governance> {
        self.json(Call::get("read the rules about tags", &["packages", "governance"])).await
    }

    /// Creates a package.
    ///
    /// # Errors
    /// 422 for what is invalid or misses a required tag.
    pub async fn create_package(&self, package: &CreatePackage) -> Result<Package> {
        self.json(Call::post("create the package", &["packages"]).json(package).idempotent()).await
    }

    /// Reads a package.
    ///
    /// # Errors
    /// 404 for what is absent or hidden.
    pub async fn package(&self, id: &str) -> Result<Package> {
        self.json(Call::get("read the package", &["packages", id])).await
    }

    /// Changes the descriptive part; with `if_match` only that version of it.
    ///
    /// # Errors
    /// 412 when somebody else changed it meanwhile.
    pub async fn change_package(&self, id: &str, change: &ChangePackage, if_match: Option<u64>) -> Result<Package> {
        self.json(Call::new(Method::PATCH, "change the package", &["packages", id]).json(change).if_match(if_match)).await
    }

    /// Deletes a package.
    ///
    /// # Errors
    /// 404 for what is absent or hidden.
    pub async fn delete_package(&self, id: &str) -> Result<()> {
        self.send(Call::delete("delete the package", &["packages", id])).await.map(drop)
    }

    /// Undoes a package's deletion.
    ///
    /// # Errors
    /// 404 for what is absent, hidden or deleted too long ago, 409 for what is not deleted.
    pub async fn restore_package(&self, id: &str) -> Result<Package> {
        self.json(Call::post("restore the package", &["packages", id, "restore"])).await
    }

    /// Hands a package over.
    ///
    /// # Errors
    /// 422 for somebody who can't own it.
    pub async fn transfer_package(&self, id: &str, owner: &str) -> Result<Package> {
        let body = TransferPackage { owner: owner.to_owned() };
        self.json(Call::new(Method::PUT, "hand the package over", &["packages", id, "owner"]).json(&body)).await
    }

    /// The package as a Frictionless Data Package descriptor.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn descriptor(&self, id: &str) -> Result<Value> {
        let answer = self.send(Call::get("read the descriptor", &["packages", id, "datapackage.json"])).await?;
        if !answer.status.is_redirection() {
            return answer.json();
        }
        let operation = "read the descriptor";
        let url = answer.location().ok_or_else(|| Error::Input("The redirect leads nowhere.".to_owned()))?;
        let body = self.fetch_all(url, operation).await?;
        serde_json::from_slice(&body).map_err(|source| Error::Decode { operation, source })
    }

    /// A page of what happened to a package, newest first.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_history(&self, id: &str, page: &Page) -> Result<HistoryList> {
        let call = Call::get("read the history", &["packages", id, "history"]);
        self.json(call.query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All that happened to a package, newest first.
    pub fn history<'a>(&'a self, id: &'a str) -> impl Stream<Item = Result<HistoryEntry>> + Send + 'a {
        entries(pages(None, move |cursor| async move { self.list_history(id, &Page::largest().at(cursor)).await }))
    }
}

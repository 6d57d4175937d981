//! `/packages/{id}/imports`.

use contract::imports::{Import, ImportFailure, ImportFailureList, ImportList, StartImport};
use futures::Stream;

use crate::{
    call::Call,
    client::Client,
    error::Result,
    paging::{Page, entries, pages},
};

impl Client {
    /// Starts an import by a manifest: JSON or CSV (`text/csv`), as it is in a file.
    ///
    /// # Errors
    /// 409 while another import into the package runs.
    pub async fn import_manifest(&self, package: &str, manifest: Vec<u8>, content_type: &str) -> Result<Import> {
        let call = Call::post("start an import", &["packages", package, "imports"]);
        self.json(call.bytes(manifest, content_type).idempotent()).await
    }

    /// Starts an import by a dataset that is a manifest, or by entries.
    ///
    /// # Errors
    /// 409 while another import into the package runs.
    pub async fn start_import(&self, package: &str, import: &StartImport) -> Result<Import> {
        self.json(Call::post("start an import", &["packages", package, "imports"]).json(import).idempotent()).await
    }

    /// A page of a package's imports, newest first.
    ///
    /// # Errors
    /// 404 for what is absent or hidden.
    pub async fn list_imports(&self, package: &str, page: &Page) -> Result<ImportList> {
        let call = Call::get("list imports", &["packages", package, "imports"]);
        self.json(call.query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All imports of a package, newest first.
    pub fn imports<'a>(&'a self, package: &'a str) -> impl Stream<Item = Result<Import>> + Send + 'a {
        entries(pages(None, move |cursor| async move { self.list_imports(package, &Page::largest().at(cursor)).await }))
    }

    /// Reads an import.
    ///
    /// # Errors
    /// 404 for what is absent or hidden.
    pub async fn import(&self, package: &str, import: &str) -> Result<Import> {
        self.json(Call::get("read an import", &["packages", package, "imports", import])).await
    }

    /// A page of what failed in an import, in the order of its manifest.
    ///
    /// # Errors
    /// 404 for what is absent or hidden.
    pub async fn list_import_failures(&self, package: &str, import: &str, page: &Page) -> Result<ImportFailureList> {
        let call = Call::get("list failures", &["packages", package, "imports", import, "failures"]);
        self.json(call.query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All that failed in an import, in the order of its manifest.
    pub fn import_failures<'a>(&'a self, package: &'a str, import: &'a str) -> impl Stream<Item = Result<ImportFailure>> + Send + 'a {
        entries(pages(None, move |cursor| async move { self.list_import_failures(package, import, &Page::largest().at(cursor)).await }))
    }
}

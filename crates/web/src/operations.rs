//! Every operation with its classes: which errors it documents follows from them, here and in the tests.

/// What kind of operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Takes a body: 400, 413, 415, 422.
    Body,
    /// Has an id in its path: 400, 404.
    Id,
    /// Makes something: 409.
    Create,
    /// Needs `If-Match`: 412, 428.
    IfMatchRequired,
    /// Honours `If-Match`: 412.
    IfMatch,
    /// Is a list or has a query: 400.
    Query,
    /// Needs sign-in: 401, 403.
    SignedIn,
    /// Is for administrators only: 403.
    Admin,
}

impl Class {
    /// The errors that operations of this class document.
    #[must_use]
    pub const fn errors(self) -> &'static [u16] {
        match self {
            Self::Body => &[400, 413, 415, 422],
            Self::Id => &[400, 404],
            Self::Create => &[409],
            Self::IfMatchRequired => &[412, 428],
            Self::IfMatch => &[412],
            Self::Query => &[400],
            Self::SignedIn => &[401, 403],
            Self::Admin => &[403],
        }
    }
}

/// Errors of every operation.
pub const ALWAYS: &[u16] = &[429, 503];

/// One operation of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Handler, `operationId`, test and snapshot have this name.
    pub id: &'static str,
    /// The prefix that it belongs to.
    pub tag: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// Its classes.
    pub classes: &'static [Class],
    /// Errors besides.
    pub own: &'static [u16],
}

impl Operation {
    /// Every error that it documents, ascending.
    #[must_use]
    pub fn errors(&self) -> std::collections::BTreeSet<u16> {
        let of_classes = self.classes.iter().flat_map(|class| class.errors());
        // What needs no storage can't find it busy.
        let always = if matches!(self.id, "health" | "openapi") { &[][..] } else { ALWAYS };
        of_classes.chain(self.own).chain(always).copied().collect()
    }
}

use Class::{Admin, Body, Create, Id, IfMatch, IfMatchRequired, Query, SignedIn};

const fn operation(
    id: &'static str,
    tag: &'static str,
    method: &'static str,
    path: &'static str,
    classes: &'static [Class],
    own: &'static [u16],
) -> Operation {
    Operation { id, tag, method, path, classes, own }
}

/// All operations.
pub const OPERATIONS: &[Operation] = &[
    operation("list_packages", "packages", "GET", "/packages", &[Query, SignedIn], &[]),
    operation("create_package", "packages", "POST", "/packages", &[Body, Create, SignedIn], &[]),
    operation("read_governance", "packages", "GET", "/packages/governance", &[SignedIn], &[]),
    operation("read_package", "packages", "GET", "/packages/{id}", &[Id, SignedIn], &[]),
    operation("change_package", "packages", "PATCH", "/packages/{id}", &[Body, Id, IfMatch, SignedIn], &[]),
    operation("delete_package", "packages", "DELETE", "/packages/{id}", &[Id, IfMatch, SignedIn], &[]),
    operation("restore_package", "packages", "POST", "/packages/{id}/restore", &[Id, SignedIn], &[409]),
    operation("transfer_package", "packages", "PUT", "/packages/{id}/owner", &[Body, Id, IfMatch, SignedIn], &[]),
    operation("read_datapackage", "packages", "GET", "/packages/{id}/datapackage.json", &[Id, SignedIn], &[]),
    operation("list_history", "packages", "GET", "/packages/{id}/history", &[Id, Query, SignedIn], &[]),
    operation("read_metadata", "packages", "GET", "/packages/{id}/metadata", &[Id, SignedIn], &[]),
    operation("replace_metadata", "packages", "PUT", "/packages/{id}/metadata", &[Body, Id, IfMatchRequired, SignedIn], &[]),
    operation("merge_metadata", "packages", "PATCH", "/packages/{id}/metadata", &[Body, Id, IfMatch, SignedIn], &[]),
    operation("list_metadata_versions", "packages", "GET", "/packages/{id}/metadata/versions", &[Id, Query, SignedIn], &[]),
    operation("read_metadata_version", "packages", "GET", "/packages/{id}/metadata/versions/{version}", &[Id, SignedIn], &[]),
    operation("list_datasets", "packages", "GET", "/packages/{id}/datasets", &[Id, Query, SignedIn], &[]),
    operation("register_datasets", "packages", "POST", "/packages/{id}/datasets", &[Body, Id, Create, SignedIn], &[]),
    operation("complete_datasets", "packages", "POST", "/packages/{id}/datasets/complete", &[Body, Id, SignedIn], &[]),
    operation("read_dataset", "packages", "GET", "/packages/{id}/datasets/{dataset}", &[Id, SignedIn], &[]),
    operation("remove_dataset", "packages", "DELETE", "/packages/{id}/datasets/{dataset}", &[Id, SignedIn], &[]),
    operation("restore_dataset", "packages", "POST", "/packages/{id}/datasets/{dataset}/restore", &[Id, SignedIn], &[409]),
    operation("sign_parts", "packages", "POST", "/packages/{id}/datasets/{dataset}/parts", &[Body, Id, SignedIn], &[409]),
    operation("list_parts", "packages", "GET", "/packages/{id}/datasets/{dataset}/parts", &[Id, SignedIn], &[409]),
    operation("complete_dataset", "packages", "POST", "/packages/{id}/datasets/{dataset}/complete", &[Id, SignedIn], &[409]),
    operation("download_dataset", "packages", "GET", "/packages/{id}/datasets/{dataset}/download", &[Id, SignedIn], &[409]),
    operation("list_imports", "packages", "GET", "/packages/{id}/imports", &[Id, Query, SignedIn], &[]),
    operation("start_import", "packages", "POST", "/packages/{id}/imports", &[Body, Id, Create, SignedIn], &[]),
    operation("read_import", "packages", "GET", "/packages/{id}/imports/{import}", &[Id, SignedIn], &[]),
    operation("list_import_failures", "packages", "GET", "/packages/{id}/imports/{import}/failures", &[Id, Query, SignedIn], &[]),
    operation("search", "search", "GET", "/search", &[Query, SignedIn], &[]),
    operation("suggest", "search", "GET", "/search/suggest", &[Query, SignedIn], &[]),
    operation("search_stats", "search", "GET", "/search/stats", &[SignedIn], &[]),
    operation("index_package", "search", "PUT", "/search/index/{package_id}", &[Id, SignedIn, Admin], &[]),
    operation("unindex_package", "search", "DELETE", "/search/index/{package_id}", &[Id, SignedIn, Admin], &[]),
    operation("start_reindex", "search", "POST", "/search/reindex", &[Create, SignedIn, Admin], &[400]),
    operation("read_reindex", "search", "GET", "/search/reindex", &[SignedIn, Admin], &[404]),
    operation("read_cart", "cart", "GET", "/cart", &[Query, SignedIn], &[]),
    operation("empty_cart", "cart", "DELETE", "/cart", &[SignedIn], &[]),
    operation("add_cart_item", "cart", "POST", "/cart/items", &[Body, Create, SignedIn], &[404]),
    operation("read_cart_item", "cart", "GET", "/cart/items/{item}", &[Id, SignedIn], &[]),
    operation("remove_cart_item", "cart", "DELETE", "/cart/items/{item}", &[Id, SignedIn], &[]),
    operation("checkout", "cart", "POST", "/cart/checkout", &[Body, Create, SignedIn], &[]),
    operation("list_exports", "cart", "GET", "/cart/exports", &[Query, SignedIn], &[]),
    operation("read_export", "cart", "GET", "/cart/exports/{export}", &[Id, SignedIn], &[]),
    operation("retry_export", "cart", "POST", "/cart/exports/{export}/retry", &[Id, SignedIn], &[409]),
    operation("revoke_export", "cart", "DELETE", "/cart/exports/{export}", &[Id, SignedIn], &[]),
    operation("follow_grant", "cart", "GET", "/cart/grants/{token}/{entry}", &[Id], &[401]),
    operation("read_profile", "profile", "GET", "/profile", &[SignedIn], &[]),
    operation("list_profile_groups", "profile", "GET", "/profile/groups", &[Query, SignedIn], &[]),
    operation("list_people", "profile", "GET", "/profile/people", &[Query, SignedIn], &[]),
    operation("list_api_keys", "profile", "GET", "/profile/api-keys", &[Query, SignedIn], &[]),
    operation("rotate_api_key", "profile", "POST", "/profile/api-keys/{access_key_id}/secret", &[Id, SignedIn], &[409]),
    operation("health", "profile", "GET", "/healthz", &[], &[]),
    operation("openapi", "profile", "GET", "/openapi.json", &[], &[]),
];

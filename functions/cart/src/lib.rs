//! Routes below `/cart`: one file per operation, named as the operation's path is.

mod checkout;
mod empty;
mod exports;
mod grants;
mod items;
mod read;
mod wire;

use std::sync::Arc;

use app::{Core, cart::Cart, exports::Exports};
use domain::ports::{Cipher, Clock, Ids, Jobs, Objects, Tables};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Cart; packages, datasets and principal rows to read; settings to read.
    pub tables: Arc<dyn Tables>,
    /// The audit queue.
    pub jobs: Arc<dyn Jobs>,
    /// For the cursors' key and grant tokens.
    pub cipher: Arc<dyn Cipher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// The data bucket, to sign URLs of manifests and files.
    pub objects: Arc<dyn Objects>,
    /// Its name.
    pub bucket: String,
}

/// Shared, for each request takes a copy.
type App = Arc<UseCases>;

struct UseCases {
    cart: Cart,
    exports: Exports,
}

/// The router of this prefix.
pub fn router(deps: Deps) -> OpenApiRouter {
    let Deps { tables, jobs, cipher, clock, ids, objects, bucket } = deps;
    let core = Core::new(tables, jobs, cipher, clock, ids);
    let app = UseCases { cart: Cart::new(core.clone()), exports: Exports::new(core, objects, bucket) };
    OpenApiRouter::new()
        .routes(routes!(read::read_cart, empty::empty_cart))
        .routes(routes!(items::add::add_cart_item))
        .routes(routes!(items::read::read_cart_item, items::remove::remove_cart_item))
        .routes(routes!(checkout::checkout))
        .routes(routes!(exports::list::list_exports))
        .routes(routes!(exports::read::read_export, exports::revoke::revoke_export))
        .routes(routes!(exports::retry::retry_export))
        .routes(routes!(grants::follow_grant))
        .with_state(Arc::new(app))
}

//! `datalake cart`

use clap::{Args, Subcommand};
use contract::cart::{CartItem, Checkout};
use futures::TryStreamExt as _;

use super::exports::{self, FIELDS};
use crate::{context::Context, failure::Outcome, output::Column};

/// The cart.
#[derive(Debug, Subcommand)]
pub(crate) enum Cart {
    /// Put packages into the cart.
    Add {
        /// The packages' ids.
        #[arg(required = true)]
        packages: Vec<String>,
    },
    /// List the cart.
    List,
    /// Take items out of the cart, or all.
    Remove {
        /// The items' ids (`itm_…`).
        #[arg(required_unless_present = "all")]
        items: Vec<String>,
        /// Empty the cart.
        #[arg(long, conflicts_with = "items")]
        all: bool,
    },
    /// Export what is in the cart.
    Checkout(CheckOut),
}

/// Export what is in the cart.
#[derive(Debug, Args)]
pub(crate) struct CheckOut {
    /// How the manifests name the files: URLs that work for up to an hour, buckets and keys, or stable links.
    #[arg(long, value_parser = ["signed-url", "bucket-key", "grant"], default_value = "signed-url")]
    format: String,
    /// Its life in seconds: signed-url 900 to 3600, otherwise 900 to 2592000.
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u64>,
    /// Only this item of the cart; may be repeated.
    #[arg(long = "item", value_name = "ITEM_ID")]
    items: Vec<String>,
    /// Only datasets whose path matches this glob; may be repeated.
    #[arg(long = "path", value_name = "GLOB")]
    paths: Vec<String>,
    /// Wait until the export is there.
    #[arg(long)]
    wait: bool,
}

const LIST: &[Column<CartItem>] = &[
    ("id", |item| item.id.clone()),
    ("package_id", |item| item.package_id.clone()),
    ("name", |item| item.package.as_ref().map(|package| package.name.clone()).unwrap_or_default()),
    ("datasets", |item| item.package.as_ref().map(|package| package.datasets.to_string()).unwrap_or_default()),
    ("bytes", |item| item.package.as_ref().map(|package| package.bytes.to_string()).unwrap_or_default()),
    ("visible", |item| if item.visible { "yes" } else { "no" }.to_owned()),
];

pub(crate) async fn run(context: &Context, command: Cart) -> Outcome {
    let client = context.client()?;
    match command {
        Cart::Add { packages } => {
            let mut items = Vec::new();
            for package in packages {
                items.push(client.add_to_cart(&package).await?);
            }
            context.printer.list(&items, LIST)
        }
        Cart::List => {
            let items: Vec<CartItem> = client.cart().try_collect().await?;
            context.printer.list(&items, LIST)
        }
        Cart::Remove { all: true, .. } => Ok(client.empty_cart().await?),
        Cart::Remove { items, .. } => {
            for item in items {
                client.remove_from_cart(&item).await?;
            }
            Ok(())
        }
        Cart::Checkout(checkout) => {
            let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
            let (items, paths) = (some(checkout.items), some(checkout.paths));
            let body = Checkout { format: checkout.format, items, paths, expires_in: checkout.expires_in };
            let mut export = client.checkout(&body).await?;
            if checkout.wait {
                export = exports::wait(&client, export).await?;
            }
            context.printer.item(&export, FIELDS)?;
            exports::check(&export)
        }
    }
}

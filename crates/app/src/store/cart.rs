//! Rows of carts: `item#{package}` is an item, so that a package is in a cart at most once; `cart` counts them and
//! carries the stamp of what takes items out, because a row that goes can tell nobody.

use std::collections::BTreeSet;

use domain::{
    ItemId, PackageId, PortErrorKind, PortResult, Timestamp,
    cart::{CartItem, ITEMS_PER_CART},
    change::{STAMP_ATTRIBUTE, Stamp},
    id::UserId,
    ports::{Condition, Item, Key, Order, Page, PageKey, Query, Range, Table, Update, Write},
};
use serde::{Deserialize, Serialize};

use super::{Store, item_of, row_of};

const CART_ITEM: &str = "cart";
const COUNT: &str = "items";
/// So many items leave in a transaction: 100 rows with the cart's own.
const CHUNK: usize = 99;

#[derive(Serialize, Deserialize)]
struct CartRow {
    user_id: UserId,
    item: String,
    id: ItemId,
    package_id: PackageId,
    added_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Stamp>,
}

impl From<CartRow> for CartItem {
    fn from(row: CartRow) -> Self {
        Self { id: row.id, user_id: row.user_id, package_id: row.package_id, added_at: row.added_at }
    }
}

/// What became of an item that was to be put into a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is in.
    New(CartItem),
    /// Its package was in already, as this item.
    Present(CartItem),
    /// The cart is full.
    Full,
}

fn item_key(user_id: &UserId, package_id: PackageId) -> Key {
    Key::new(user_id.as_str(), format!("item#{package_id}"))
}

fn cart_key(user_id: &UserId) -> Key {
    Key::new(user_id.as_str(), CART_ITEM)
}

fn cart_item_of(item: Item) -> PortResult<CartItem> {
    row_of::<CartRow>(item).map(CartItem::from)
}

impl Store {
    /// All items of a cart (at most [`ITEMS_PER_CART`]), oldest first.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn cart_items(&self, user_id: &UserId) -> PortResult<Vec<CartItem>> {
        let (mut found, mut after): (Vec<CartItem>, Option<PageKey>) = (Vec::new(), None);
        loop {
            let query = Query {
                table: Table::Cart,
                index: None,
                partition: user_id.to_string(),
                range: Range::Prefix("item#".to_owned()),
                order: Order::Ascending,
                limit: 1000,
                after: after.take(),
                consistent: true,
            };
            let Page { items, next } = self.tables.query(query).await?;
            for item in items {
                found.push(cart_item_of(item)?);
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        found.sort_by_key(|item| (item.added_at, item.id));
        Ok(found)
    }

    /// Puts an item into its user's cart, unless its package is in already or the cart is full.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn add_cart_item(&self, item: &CartItem, stamp: &Stamp) -> PortResult<Added> {
        let row = CartRow {
            user_id: item.user_id.clone(),
            item: format!("item#{}", item.package_id),
            id: item.id,
            package_id: item.package_id,
            added_at: item.added_at,
            changed: Some(stamp.clone()),
        };
        let room = Condition::Any(vec![Condition::Lacks(COUNT.to_owned()), Condition::Less(COUNT.to_owned(), ITEMS_PER_CART.into())]);
        let writes = vec![
            Write::Put { table: Table::Cart, item: item_of(&row)?, condition: Some(Condition::Absent) },
            count(&item.user_id, 1, None, Some(room)),
        ];
        match self.tables.transact(writes).await {
            Ok(()) => Ok(Added::New(item.clone())),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => match self.cart_item_with(&item.user_id, item.package_id).await? {
                Some(present) => Ok(Added::Present(present)),
                None if error.conditions().contains(&0) => Err(error),
                None => Ok(Added::Full),
            },
            Err(error) => Err(error),
        }
    }

    /// The item of a package, if it is in the cart.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn cart_item_with(&self, user_id: &UserId, package_id: PackageId) -> PortResult<Option<CartItem>> {
        let mut found = self.tables.get_many(Table::Cart, &[item_key(user_id, package_id)], true).await?;
        found.pop().flatten().map(cart_item_of).transpose()
    }

    /// Takes items out of a cart and answers how many were in it. One that was taken out and put in again meanwhile is
    /// another item and stays. The stamp is told once, however many transactions this takes.
    ///
    /// # Errors
    /// Those of the tables; some items may be out then.
    pub async fn remove_cart_items(&self, user_id: &UserId, items: &[(ItemId, PackageId)], stamp: Option<&Stamp>) -> PortResult<usize> {
        let mut removed = 0;
        for chunk in items.chunks(CHUNK) {
            let stamp = stamp.filter(|_| removed == 0);
            removed += self.remove_cart_chunk(user_id, chunk.to_vec(), stamp).await?;
        }
        Ok(removed)
    }

    async fn remove_cart_chunk(&self, user_id: &UserId, mut chunk: Vec<(ItemId, PackageId)>, stamp: Option<&Stamp>) -> PortResult<usize> {
        while !chunk.is_empty() {
            match self.tables.transact(removals(user_id, &chunk, stamp)).await {
                Ok(()) => return Ok(chunk.len()),
                Err(error) if error.is(PortErrorKind::PreconditionFailed) && !error.conditions().is_empty() => {
                    let gone: BTreeSet<usize> = error.conditions().iter().copied().collect();
                    let mut position = 0;
                    chunk.retain(|_| {
                        position += 1;
                        !gone.contains(&(position - 1))
                    });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(0)
    }
}

/// The writes that take items out of a cart; they fail for one that is not in it any more.
pub(super) fn removals(user_id: &UserId, items: &[(ItemId, PackageId)], stamp: Option<&Stamp>) -> Vec<Write> {
    let deletes = items.iter().map(|(id, package_id)| Write::Delete {
        table: Table::Cart,
        key: item_key(user_id, *package_id),
        condition: Some(Condition::Equals("id".to_owned(), id.to_string().into())),
    });
    let less = i64::try_from(items.len()).unwrap_or(i64::MAX);
    deletes.chain([count(user_id, -less, stamp, None)]).collect()
}

/// The write that keeps the cart's count in step with its items.
fn count(user_id: &UserId, more: i64, stamp: Option<&Stamp>, condition: Option<Condition>) -> Write {
    let stamp = stamp.and_then(|stamp| serde_json::to_value(stamp).ok());
    let set = stamp.map(|stamp| (STAMP_ATTRIBUTE.to_owned(), stamp)).into_iter().collect();
    let update = Update { set, add: [(COUNT.to_owned(), more)].into(), remove: Vec::new() };
    Write::Update { table: Table::Cart, key: cart_key(user_id), update, condition }
}

//! `POST /cart/checkout`.

use std::collections::BTreeMap;

use domain::{
    ExportId, FieldError, ItemId, PackageId,
    access::{Action, Resource, decide},
    cart::{CartItem, Export, ExportFormat, ExportState, Skipped, Totals},
    package::Package,
    ports::Condition,
};

use super::{Exports, PathFilter};
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    idempotency::IdempotencyKey,
    store::ExportRecord,
};

/// A checkout as entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkout {
    /// `signed-url`, `bucket-key` or `grant`.
    pub format: String,
    /// Only these cart items (`itm_…`); all for `None`.
    pub items: Option<Vec<String>>,
    /// Only datasets whose path matches one of these globs; all for none.
    pub paths: Vec<String>,
    /// Life in seconds; `None` for the setting's.
    pub expires_in: Option<u64>,
}

struct Asked {
    format: ExportFormat,
    items: Option<Vec<ItemId>>,
    expires_in: u64,
}

const FORMATS: [ExportFormat; 3] = [ExportFormat::SignedUrl, ExportFormat::BucketKey, ExportFormat::Grant];

impl Exports {
    /// Accepts an export of the caller's cart. Its manifests are written by a worker, which follows from the write.
    ///
    /// What the caller may not have is left out from the start, by the key's narrowing too: the worker knows the person
    /// and not the key.
    ///
    /// # Errors
    /// 422 with a pointer for everything that breaks a rule; 409 `cart_empty`, `nothing_visible`, and for a reused
    /// idempotency key.
    pub async fn checkout(&self, caller: &Caller, entered: &Checkout, key: Option<&IdempotencyKey>) -> AppResult<Export> {
        self.authorise(caller, Action::ExportCreate).await?;
        let asked = validate(entered, self.core.configured().await?.settings.export_expires_in)?;
        // A repeat is answered by what the first request made, whatever became of the cart since.
        let id = match self.core.first_answer::<ExportId>(key).await? {
            Some(first) => first,
            None => {
                let record = self.prepare(caller, entered, &asked).await?;
                let stamp = self.core.stamp(caller, Action::ExportCreate, &[]);
                let write = self.core.store.put_export(&record, Some(&stamp), Condition::Absent)?;
                let id = self.core.create_once(vec![write], key, record.export.id).await?;
                if id == record.export.id {
                    return Ok(record.export);
                }
                id
            }
        };
        Ok(self.record(caller, id).await?.export)
    }

    async fn prepare(&self, caller: &Caller, entered: &Checkout, asked: &Asked) -> AppResult<ExportRecord> {
        let items = chosen(self.core.store.cart_items(&caller.principal.user_id).await?, asked.items.as_deref())?;
        let (packages, skipped) = self.allowed(caller, &items).await?;
        let id = ExportId::new(self.core.ids.new_id());
        let token = match asked.format {
            ExportFormat::Grant => Some(self.core.new_grant_token(&caller.principal.user_id, id).await?),
            ExportFormat::SignedUrl | ExportFormat::BucketKey => None,
        };
        let now = self.core.now();
        let export = Export {
            id,
            user_id: caller.principal.user_id.clone(),
            format: asked.format,
            packages,
            paths: entered.paths.clone(),
            state: ExportState::Running,
            failure: None,
            expires_in: asked.expires_in,
            expires_at: None,
            expected: Totals::default(),
            written: Totals::default(),
            skipped_count: u64::try_from(skipped.len()).unwrap_or(u64::MAX),
            skipped,
            manifests: Vec::new(),
            token_hash: token.as_ref().map(|(token, _)| token.hash()),
            token_ciphertext: token.map(|(_, ciphertext)| ciphertext),
            followed: 0,
            created_at: now,
            updated_at: now,
        };
        Ok(ExportRecord::unwritten(export, 0))
    }

    /// The packages that the caller may have, and the others as left out.
    async fn allowed(&self, caller: &Caller, items: &[CartItem]) -> AppResult<(Vec<(ItemId, PackageId)>, Vec<Skipped>)> {
        let ids: Vec<PackageId> = items.iter().map(|item| item.package_id).collect();
        let found = self.core.store.packages(&ids).await?;
        let (mut packages, mut skipped) = (Vec::new(), Vec::new());
        for (item, package) in items.iter().zip(found) {
            let may = |package: &Package| decide(&caller.principal, Action::ExportPackage, Resource::Package(package.into())).is_ok();
            if package.as_ref().is_some_and(may) {
                packages.push((item.id, item.package_id));
            } else {
                let reason = "the package was not visible to you at checkout".to_owned();
                skipped.push(Skipped { package_id: item.package_id, dataset_id: None, reason });
            }
        }
        if packages.is_empty() {
            let message = "None of these packages is visible to you any more. Remove them from the cart.";
            return Err(AppError::new(ErrorKind::Conflict, "nothing_visible", message));
        }
        Ok((packages, skipped))
    }
}

fn validate(entered: &Checkout, default_life: u64) -> AppResult<Asked> {
    let mut errors = Vec::new();
    let wrong = |pointer: &str, detail: String| FieldError { pointer: pointer.to_owned(), detail };
    let format = FORMATS.into_iter().find(|format| format.name() == entered.format);
    if format.is_none() {
        errors.push(wrong("/format", "must be 'signed-url', 'bucket-key' or 'grant'".to_owned()));
    }
    let (least, greatest) = format.unwrap_or(ExportFormat::SignedUrl).expiry_range();
    let expires_in = entered.expires_in.unwrap_or_else(|| default_life.clamp(least, greatest));
    if format.is_some() && !(least..=greatest).contains(&expires_in) {
        errors.push(wrong("/expires_in", format!("must be {least} to {greatest} seconds for '{}'", entered.format)));
    }
    let items = entered.items.as_ref().map(|items| {
        if items.is_empty() {
            errors.push(wrong("/items", "names no cart item; leave it away for all".to_owned()));
        }
        let parsed = items.iter().enumerate().map(|(number, id)| id.parse::<ItemId>().map_err(|why| why.at(format!("/items/{number}"))));
        parsed.filter_map(|parsed| parsed.map_err(|why| errors.push(why)).ok()).collect::<Vec<ItemId>>()
    });
    errors.extend(PathFilter::new(&entered.paths).err().into_iter().flatten());
    match format {
        Some(format) if errors.is_empty() => Ok(Asked { format, items, expires_in }),
        _ => Err(AppError::invalid(errors)),
    }
}

/// The items asked for, each once, in the cart's order.
fn chosen(cart: Vec<CartItem>, asked: Option<&[ItemId]>) -> AppResult<Vec<CartItem>> {
    if cart.is_empty() {
        return Err(AppError::new(ErrorKind::Conflict, "cart_empty", "The cart is empty. Put packages into it first."));
    }
    let Some(asked) = asked else { return Ok(cart) };
    let mut places: BTreeMap<ItemId, usize> = asked.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let chosen: Vec<CartItem> = cart.into_iter().filter(|item| places.remove(&item.id).is_some()).collect();
    if places.is_empty() {
        return Ok(chosen);
    }
    let absent = |place: &usize| FieldError { pointer: format!("/items/{place}"), detail: "is not in your cart".to_owned() };
    Err(AppError::invalid(places.values().map(absent).collect()))
}

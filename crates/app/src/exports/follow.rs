//! `GET /cart/grants/{token}/{n}`.

use domain::{
    PortError, Principal,
    access::{Action, Resource, decide},
    audit::{Actor, AuditOutcome, Origin},
    cart::{Export, ExportFormat, ExportState},
    dataset::{Dataset, DatasetState},
    ports::SignedRequest,
};

use super::{Exports, FOLLOWED_LIFE, GrantToken, as_of, exporter, read::signing_life};
use crate::error::{AppError, AppResult, ErrorKind};

/// What a link stands for, once everything holds.
struct Followed {
    export: Export,
    dataset: Dataset,
}

/// Why a link leads nowhere. Its holder learns nothing of the reason; the audit log does.
enum Refusal {
    /// What no link has: anybody can send it, as often as they like, so nothing is kept of it.
    Unreadable,
    Denied {
        resource: String,
        reason: &'static str,
    },
    Failed(AppError),
}

impl From<PortError> for Refusal {
    fn from(error: PortError) -> Self {
        Self::Failed(error.into())
    }
}

impl Exports {
    /// The request for the bytes behind link `number` of the export with this token, signed now.
    ///
    /// Whoever holds the link may follow it, signed in or not, as long as the export is there, not expired, and its
    /// exporter may still have the package; a setting can ask for sign-in as well. A link means the bytes that its
    /// manifest names: once they are replaced or removed it leads nowhere, because whoever takes data back must be able
    /// to count on it.
    ///
    /// # Errors
    /// 404, the same for every reason; 401 if sign-in is asked for.
    pub async fn follow_grant(&self, token: &str, number: u64, principal: Option<&Principal>, origin: &Origin) -> AppResult<SignedRequest> {
        let actor = principal.map_or_else(Actor::anonymous, Actor::of);
        if principal.is_none() && self.core.configured().await?.settings.grants_need_sign_in {
            let reason = Some("grant links ask for sign-in".to_owned());
            self.core.audit(actor, origin, Action::GrantFollow, "grant".to_owned(), AuditOutcome::Deny, reason).await?;
            return Err(AppError::new(ErrorKind::Unauthenticated, "sign_in_required", "Sign in to follow this link."));
        }
        match self.find(token, number).await {
            Ok(Followed { export, dataset }) => {
                // What can't be audited is not answered; the count is only shown.
                self.core.audit(actor, origin, Action::GrantFollow, dataset.package_id.to_string(), AuditOutcome::Allow, None).await?;
                if let Err(error) = self.core.store.count_follow(&export.user_id, export.id).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, export = %export.id, "a followed grant link was not counted");
                }
                let left = export.expires_at.map(|end| end.since(self.core.now())).unwrap_or_default();
                let life = signing_life(FOLLOWED_LIFE, left);
                Ok(self.objects.sign_get(&dataset.object(), dataset.path.file_name(), life).await?)
            }
            Err(Refusal::Denied { resource, reason }) => {
                self.core.audit(actor, origin, Action::GrantFollow, resource, AuditOutcome::Deny, Some(reason.to_owned())).await?;
                Err(dead_link())
            }
            Err(Refusal::Unreadable) => Err(dead_link()),
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    async fn find(&self, token: &str, number: u64) -> Result<Followed, Refusal> {
        let token = GrantToken::parse(token).ok_or(Refusal::Unreadable)?;
        let unknown = || Refusal::Denied { resource: "grant".to_owned(), reason: "no export has this token" };
        let (user_id, id) = self.core.store.export_with_token(&token.hash()).await?.ok_or_else(unknown)?;

        let denied = |reason| Refusal::Denied { resource: id.to_string(), reason };
        let record = self.core.store.export(&user_id, id).await?.ok_or_else(|| denied("the export is gone"))?;
        let export = as_of(record.export.clone(), self.core.now());
        if !export.token_hash.as_deref().is_some_and(|hash| token.has_hash(hash)) || export.format != ExportFormat::Grant {
            return Err(denied("the export has another token"));
        }
        if export.state != ExportState::Ready {
            return Err(denied("the export is revoked, expired or not ready"));
        }
        let number = usize::try_from(number).map_err(|_| denied("the export has no such entry"))?;
        let entry = self.core.store.entry(&record, number).await?;
        let (package_id, dataset_id) = entry.ok_or_else(|| denied("the export has no such entry"))?;

        let denied = |reason| Refusal::Denied { resource: package_id.to_string(), reason };
        let exporter = exporter(&self.core.store, &user_id).await?.ok_or_else(|| denied("the exporter may do nothing any more"))?;
        let package = self.core.store.package(package_id).await?.ok_or_else(|| denied("the package is gone"))?;
        decide(&exporter, Action::GrantFollow, Resource::Package((&package).into())).map_err(|denial| denied(denial.reason()))?;
        let dataset = self.core.store.datasets(package_id, &[dataset_id]).await?.pop().flatten();
        let dataset = dataset.filter(|dataset| dataset.state == DatasetState::Available);
        Ok(Followed { export, dataset: dataset.ok_or_else(|| denied("the dataset was replaced or removed"))? })
    }
}

/// The same for every reason.
fn dead_link() -> AppError {
    AppError::new(ErrorKind::NotFound, "not_found", "This link does not work, or does no longer.")
}

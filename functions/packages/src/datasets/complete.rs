//! `POST /packages/{id}/datasets/complete` and `…/datasets/{dataset}/complete`.

use app::{AppError, datasets::Completion};
use axum::{extract::State, response::Response};
use contract::datasets::{CompleteDatasets, CompletedDataset, CompletedDatasets, Dataset};
use domain::{DatasetId, FieldError, PackageId};
use web::{
    answer::{Answer, ok},
    extract::{Id, Ids, SignedIn, ValidJson},
    problem::entry_error,
};

use crate::{App, wire};

/// Completes uploads whose bytes were sent, each answered on its own, in order. Doing it again changes nothing.
#[utoipa::path(
    post, path = "/packages/{id}/datasets/complete", tag = "packages", request_body = CompleteDatasets,
    params(("id" = String, Path, description = "pkg_…")),
    responses((status = 200, description = "What became of each", body = CompletedDatasets))
)]
pub(crate) async fn complete_datasets(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    body: ValidJson<CompleteDatasets>,
) -> Answer<Response> {
    let ids = body
        .value
        .ids
        .iter()
        .enumerate()
        .map(|(position, text)| text.parse::<DatasetId>().map_err(|why| why.at(format!("/ids/{position}"))));
    let (good, bad): (Vec<_>, Vec<_>) = ids.partition(Result::is_ok);
    let bad: Vec<FieldError> = bad.into_iter().filter_map(Result::err).collect();
    if !bad.is_empty() {
        return Err(AppError::invalid(bad).into());
    }
    let ids: Vec<DatasetId> = good.into_iter().flatten().collect();
    let results = app.datasets.complete(&caller, id, &ids).await?;
    Ok(ok(&CompletedDatasets { results: results.iter().map(result).collect() }))
}

fn result(completion: &Completion) -> CompletedDataset {
    match completion {
        Ok(dataset) => CompletedDataset { dataset: Some(wire::dataset(dataset)), error: None },
        Err(error) => CompletedDataset { dataset: None, error: Some(entry_error(error)) },
    }
}

/// Completes one upload. Doing it again changes nothing.
#[utoipa::path(
    post, path = "/packages/{id}/datasets/{dataset}/complete", tag = "packages",
    params(("id" = String, Path, description = "pkg_…"), ("dataset" = String, Path, description = "ds_…")),
    responses((status = 200, description = "The dataset, now current", body = Dataset))
)]
pub(crate) async fn complete_dataset(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id, dataset): Ids<PackageId, DatasetId>,
) -> Answer<Response> {
    let completed = app.datasets.complete(&caller, id, &[dataset]).await?.pop();
    let dataset = completed.unwrap_or_else(|| Err(AppError::not_found("dataset")))?;
    Ok(ok(&wire::dataset(&dataset)))
}

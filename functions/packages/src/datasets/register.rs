//! `POST /packages/{id}/datasets`.

use app::datasets::{NewDataset, Registration, UploadPlan};
use axum::{extract::State, http::HeaderMap, response::Response};
use contract::datasets::{RegisterDatasets, RegisteredDataset, RegisteredDatasets, Upload};
use domain::{PackageId, access::Action};
use web::{
    answer::{Answer, ok, signed_request},
    extract::{Id, SignedIn, ValidJson, idempotency_key},
    problem::entry_error,
};

use crate::{App, wire};

/// Registers files to be uploaded, each answered on its own, in order, with what to send.
#[utoipa::path(
    post, path = "/packages/{id}/datasets", tag = "packages", request_body = RegisterDatasets,
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat within 24 hours registers nothing twice"),
    ),
    responses((status = 200, description = "What became of each", body = RegisteredDatasets))
)]
pub(crate) async fn register_datasets(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    headers: HeaderMap,
    body: ValidJson<RegisterDatasets>,
) -> Answer<Response> {
    let key = idempotency_key(&headers, &caller, Action::DatasetUpload, &format!("/packages/{id}/datasets"), &body.bytes)?;
    let entered = body.value.datasets.into_iter();
    let entered: Vec<NewDataset> =
        entered.map(|new| NewDataset { name: new.name, size: new.size, content_type: new.content_type, sha256: new.sha256 }).collect();
    let results = app.datasets.register(&caller, id, &entered, key.as_ref()).await?;
    Ok(ok(&RegisteredDatasets { results: results.iter().map(result).collect() }))
}

fn result(registration: &Registration) -> RegisteredDataset {
    match registration {
        Ok((dataset, plan)) => {
            let upload = match plan {
                UploadPlan::Put(request) => Upload::Put(signed_request(request)),
                UploadPlan::Parts { part_size, parts } => Upload::Parts { part_size: *part_size, parts: *parts },
            };
            RegisteredDataset { dataset: Some(wire::dataset(dataset)), upload: Some(upload), error: None }
        }
        Err(error) => RegisteredDataset { dataset: None, upload: None, error: Some(entry_error(error)) },
    }
}

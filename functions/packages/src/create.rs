//! `POST /packages`.

use app::packages::CreatePackage as Entered;
use axum::{extract::State, http::HeaderMap, response::Response};
use contract::packages::{CreatePackage, Package};
use domain::access::Action;
use web::{
    answer::{Answer, created, with_etag},
    extract::{SignedIn, ValidJson, idempotency_key},
};

use crate::{App, wire};

/// Makes a package. Send `Idempotency-Key` to be able to repeat the request.
#[utoipa::path(
    post, path = "/packages", tag = "packages", request_body = CreatePackage,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat within 24 hours answers the first result")),
    responses((status = 201, description = "Made; Location and ETag tell where and which version", body = Package))
)]
pub(crate) async fn create_package(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    headers: HeaderMap,
    body: ValidJson<CreatePackage>,
) -> Answer<Response> {
    let key = idempotency_key(&headers, &caller, Action::PackageCreate, "/packages", &body.bytes)?;
    let view = app.packages.create(&caller, &entered(body.value), key.as_ref()).await?;
    Ok(with_etag(created(&format!("/packages/{}", view.package.id), &wire::package_view(&view)), view.package.version))
}

/// What was entered, with the parts of a Frictionless descriptor turned into tags. Tags given as such win.
fn entered(body: CreatePackage) -> Entered {
    let mut tags = body.metadata;
    let mut derive = |name: &str, values: Vec<String>| {
        let text = values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).collect::<Vec<_>>().join(", ");
        if !text.is_empty() {
            tags.entry(name.to_owned()).or_insert(text);
        }
    };
    derive("license", body.licenses.into_iter().filter_map(|licence| licence.name.or(licence.title).or(licence.path)).collect());
    derive("keywords", body.keywords);
    derive("contributors", body.contributors.into_iter().map(|contributor| contributor.title).collect());
    derive("sources", body.sources.into_iter().filter_map(|source| source.title.or(source.path)).collect());
    derive("version", body.version.into_iter().collect());
    derive("homepage", body.homepage.into_iter().collect());
    Entered {
        name: body.title.filter(|title| !title.trim().is_empty()).unwrap_or(body.name),
        description: body.description,
        visibility: body.visibility,
        groups: body.groups,
        tags: tags.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frictionless_descriptor_becomes_name_and_tags() {
        let descriptor = r#"{"name": "gdp", "title": "GDP", "licenses": [{"name": "CC0-1.0"}, {"title": "ODbL"}],
            "keywords": ["money", "world"], "contributors": [{"title": "Ada"}], "sources": [{"path": "https://example.org"}],
            "metadata": {"keywords": "mine"}, "resources": [{"name": "x"}]}"#;
        let entered = entered(serde_json::from_str(descriptor).expect("a descriptor"));
        assert_eq!(entered.name, "GDP");
        let tags: Vec<(&str, &str)> = entered.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(tags, [("contributors", "Ada"), ("keywords", "mine"), ("license", "CC0-1.0, ODbL"), ("sources", "https://example.org")]);
    }
}

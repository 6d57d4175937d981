//! The OpenAPI document: handlers describe themselves, errors follow from the operations' classes.

use std::collections::BTreeMap;

use contract::problem::Problem;
use utoipa::{
    OpenApi as _, PartialSchema as _, ToSchema as _,
    openapi::{
        Content, Info, OpenApi, Ref, RefOr, Response, ResponseBuilder,
        path::Operation as Described,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::operations::{OPERATIONS, Operation};

/// The name that a handler with sign-in refers to.
pub const SIGN_IN: &str = "bearer";

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(Problem)))]
struct Shared;

/// Completes what the handlers described: title, sign-in, and for each operation the errors of its classes.
#[must_use]
pub fn complete(described: OpenApi) -> OpenApi {
    let mut document = Shared::openapi();
    document.merge(described);
    document.info = Info::new("Data lake", env!("CARGO_PKG_VERSION"));
    document.info.description =
        Some("Packages of data: register, find, collect and hand out. Errors are application/problem+json (RFC 9457).".to_owned());
    document.servers = None;
    let components = document.components.get_or_insert_default();
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "An access token (OpenID Connect, code flow with PKCE), or instead AWS Signature Version 4 with service name datalake.",
    ));
    components.add_security_scheme(SIGN_IN, SecurityScheme::Http(bearer.build()));
    for operation in OPERATIONS {
        if let Some(described) = find(&mut document, operation) {
            document_errors(described, operation);
        }
    }
    document
}

fn find<'a>(document: &'a mut OpenApi, operation: &Operation) -> Option<&'a mut Described> {
    let item = document.paths.paths.get_mut(operation.path)?;
    match operation.method {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

fn document_errors(described: &mut Described, operation: &Operation) {
    let responses: &mut BTreeMap<String, RefOr<Response>> = &mut described.responses.responses;
    for status in operation.errors() {
        let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
        let response = ResponseBuilder::new().description(explain(status)).content("application/problem+json", content).build();
        responses.insert(status.to_string(), response.into());
    }
    if operation.classes.contains(&crate::operations::Class::SignedIn) {
        described.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(SIGN_IN, [])]);
    }
}

fn explain(status: u16) -> &'static str {
    match status {
        400 => "The request can't be understood.",
        401 => "Not signed in, or the proof does not hold.",
        403 => "Known, but not allowed.",
        404 => "Absent, or not visible to you.",
        409 => "It clashes with what is there.",
        412 => "The version in If-Match is no longer current.",
        413 => "The body has more than 3 MiB (the gateway itself answers so as well).",
        415 => "The body is not JSON.",
        422 => "A rule is broken; errors names the parts.",
        428 => "If-Match is missing.",
        429 => "Too many requests; Retry-After says when to come again (the gateway answers so as well, bare and without Retry-After).",
        _ => {
            "A part is away for a moment; Retry-After says when to come again (the gateway answers so as well, bare and without Retry-After)."
        }
    }
}

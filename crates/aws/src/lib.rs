//! Adapters to AWS services and to OpenID Connect issuers, one module and one feature each.

locals {
  attributes = var.saml != null ? {
    email  = coalesce(var.attributes.email, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress")
    name   = coalesce(var.attributes.name, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name")
    groups = coalesce(var.attributes.groups, "http://schemas.xmlsoap.org/claims/Group")
    } : {
    email  = coalesce(var.attributes.email, "email")
    name   = coalesce(var.attributes.name, "name")
    groups = coalesce(var.attributes.groups, "groups")
  }

  # Cognito tells these apart from what the provider calls them.
  attribute_mapping = {
    "email"         = local.attributes.email
    "name"          = local.attributes.name
    "custom:groups" = local.attributes.groups
  }

  provider_name = one(concat(aws_cognito_identity_provider.saml[*].provider_name, aws_cognito_identity_provider.oidc[*].provider_name))
}

resource "aws_cognito_identity_provider" "saml" {
  count = var.saml == null ? 0 : 1

  user_pool_id      = aws_cognito_user_pool.this.id
  provider_name     = var.provider_name
  provider_type     = "SAML"
  attribute_mapping = local.attribute_mapping

  provider_details = merge(
    {
      IDPSignout              = tostring(var.saml.sign_out)
      EncryptedResponses      = tostring(var.saml.encrypted)
      RequestSigningAlgorithm = "rsa-sha256"
    },
    var.saml.metadata_xml == null ? {} : { MetadataFile = var.saml.metadata_xml },
    var.saml.metadata_url == null ? {} : { MetadataURL = var.saml.metadata_url },
  )

  lifecycle {
    # Cognito adds its own certificate, and what it read in the metadata.
    ignore_changes = [
      provider_details["ActiveEncryptionCertificate"],
      provider_details["SLORedirectBindingURI"],
      provider_details["SSORedirectBindingURI"],
    ]
  }
}

resource "aws_cognito_identity_provider" "oidc" {
  count = var.oidc == null ? 0 : 1

  user_pool_id      = aws_cognito_user_pool.this.id
  provider_name     = var.provider_name
  provider_type     = "OIDC"
  attribute_mapping = merge(local.attribute_mapping, { username = "sub" })

  provider_details = {
    oidc_issuer               = var.oidc.issuer
    client_id                 = var.oidc.client_id
    client_secret             = var.oidc_client_secret
    authorize_scopes          = join(" ", var.oidc.scopes)
    attributes_request_method = "GET"
  }

  lifecycle {
    # Cognito adds what it read at the issuer.
    ignore_changes = [
      provider_details["attributes_url"],
      provider_details["attributes_url_add_attributes"],
      provider_details["authorize_url"],
      provider_details["jwks_uri"],
      provider_details["token_url"],
    ]
  }
}

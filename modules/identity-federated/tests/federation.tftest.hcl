mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_cognito_user_pool" {
    defaults = {
      id       = "eu-west-1_pool"
      arn      = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_pool"
      endpoint = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"
    }
  }
}

variables {
  identity_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:data-lake-identity:live"
  admin_group           = "Lake Administrators"
  saml                  = { metadata_xml = "<EntityDescriptor entityID=\"https://adfs.example/adfs/services/trust\"/>" }
}

run "saml_by_metadata" {
  assert {
    condition     = aws_cognito_identity_provider.saml[0].provider_type == "SAML" && aws_cognito_identity_provider.saml[0].provider_details["MetadataFile"] == var.saml.metadata_xml && !contains(keys(aws_cognito_identity_provider.saml[0].provider_details), "MetadataURL")
    error_message = "The provider is known by its metadata."
  }

  assert {
    condition = aws_cognito_identity_provider.saml[0].attribute_mapping == tomap({
      "email"         = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
      "name"          = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
      "custom:groups" = "http://schemas.xmlsoap.org/claims/Group"
    })
    error_message = "The attributes are AD FS's by default."
  }

  assert {
    condition     = output.identity_provider.entity_id == "urn:amazon:cognito:sp:eu-west-1_pool" && output.identity_provider.acs_url == "https://data-lake-123456789012.auth.eu-west-1.amazoncognito.com/saml2/idpresponse"
    error_message = "What is to be entered at the provider is told exactly."
  }
}

run "pool_and_client" {
  assert {
    condition     = alltrue([for attribute in aws_cognito_user_pool.this.schema : attribute.mutable])
    error_message = "Cognito writes mapped attributes at every sign-in."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.supported_identity_providers == toset(["directory"])
    error_message = "There is one way to sign in: the provider."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH"]) && !contains(aws_cognito_user_pool_client.this.allowed_oauth_scopes, "aws.cognito.signin.user.admin")
    error_message = "No token may change its owner's record: the groups are in it."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.write_attributes == toset(["custom:groups", "email", "name"]) && !contains(aws_cognito_user_pool_client.this.read_attributes, "custom:secret_access_key")
    error_message = "Cognito writes what is mapped and nothing else."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.refresh_token_validity == 1 && aws_cognito_user_pool_client.this.access_token_validity == 15
    error_message = "After an hour the provider is asked again."
  }

  assert {
    condition     = output.directory == "federated" && output.administrator_id == null
    error_message = "The provider owns people."
  }
}

run "saml_by_address" {
  variables {
    saml          = { metadata_url = "https://login.example/metadata.xml", sign_out = true, encrypted = true }
    provider_name = "entra"
    attributes    = { groups = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups" }
    group_map     = { "1b2c" = "research" }
  }

  assert {
    condition     = aws_cognito_identity_provider.saml[0].provider_details["MetadataURL"] == "https://login.example/metadata.xml" && aws_cognito_identity_provider.saml[0].provider_details["IDPSignout"] == "true"
    error_message = "Cognito fetches the metadata itself."
  }

  assert {
    condition     = aws_cognito_identity_provider.saml[0].attribute_mapping["custom:groups"] == "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups" && output.group_map["1b2c"] == "research"
    error_message = "Attributes and groups are mapped as asked for."
  }

  assert {
    condition     = output.identity_provider.sign_out_url == "https://data-lake-123456789012.auth.eu-west-1.amazoncognito.com/saml2/logout"
    error_message = "The sign-out address is told where it is wanted."
  }
}

run "oidc" {
  variables {
    saml               = null
    oidc               = { issuer = "https://sso.example/realms/lake", client_id = "cognito" }
    oidc_client_secret = "hidden"
  }

  assert {
    condition     = aws_cognito_identity_provider.oidc[0].provider_type == "OIDC" && aws_cognito_identity_provider.oidc[0].provider_details["authorize_scopes"] == "openid email profile"
    error_message = "The provider is known by its issuer."
  }

  assert {
    condition     = aws_cognito_identity_provider.oidc[0].attribute_mapping["custom:groups"] == "groups" && aws_cognito_identity_provider.oidc[0].attribute_mapping["username"] == "sub"
    error_message = "Claims are mapped, and people are known by their subject."
  }

  assert {
    condition     = output.identity_provider.redirect_uri == "https://data-lake-123456789012.auth.eu-west-1.amazoncognito.com/oauth2/idpresponse" && output.identity_provider.entity_id == null
    error_message = "The redirect address is told exactly."
  }
}

run "refuses_no_provider" {
  command = plan

  variables {
    saml = null
  }

  expect_failures = [var.saml]
}

run "refuses_two_providers" {
  command = plan

  variables {
    oidc               = { issuer = "https://sso.example/realms/lake", client_id = "cognito" }
    oidc_client_secret = "hidden"
  }

  expect_failures = [var.saml]
}

run "refuses_metadata_twice" {
  command = plan

  variables {
    saml = { metadata_xml = "<EntityDescriptor/>", metadata_url = "https://login.example/metadata.xml" }
  }

  expect_failures = [var.saml]
}

run "refuses_what_is_no_metadata" {
  command = plan

  variables {
    saml = { metadata_xml = "<html/>" }
  }

  expect_failures = [var.saml]
}

run "refuses_oidc_without_its_secret" {
  command = plan

  variables {
    saml = null
    oidc = { issuer = "https://sso.example/realms/lake", client_id = "cognito" }
  }

  expect_failures = [var.oidc]
}

run "refuses_a_group_map_of_too_many_bytes" {
  command = plan

  variables {
    # 2,837 characters, 3,837 bytes.
    group_map = { for letter, group in { "ü" = "umlauts", a = "first", b = "second" } : join("", [for number in range(letter == "ü" ? 1000 : 900) : letter]) => group }
  }

  expect_failures = [var.group_map]
}

run "refuses_administrators_who_are_a_group_to_share_with" {
  command = plan

  variables {
    group_map = { "Lake Administrators" = "research" }
  }

  expect_failures = [var.admin_group]
}

run "refuses_to_map_to_what_is_no_group" {
  command = plan

  variables {
    group_map = { a = "Research & Development" }
  }

  expect_failures = [var.group_map]
}

run "refuses_sessions_for_a_week" {
  command = plan

  variables {
    tokens = { refresh_hours = 168 }
  }

  expect_failures = [var.tokens]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_sign_in_domain_that_is_no_host" {
  command = plan

  variables {
    domain = { name = "https://sign-in.example.com", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" }
  }

  expect_failures = [var.domain]
}

run "refuses_keys_of_a_host_in_disguise" {
  command = plan

  variables {
    jwks_url = "http://localhost:1@evil.example/keys"
  }

  expect_failures = [var.jwks_url]
}

run "refuses_keys_of_no_host" {
  command = plan

  variables {
    jwks_url = "https:///keys"
  }

  expect_failures = [var.jwks_url]
}

run "keys_of_a_host" {
  command = plan

  variables {
    jwks_url = "https://keys.example:8443/{user_pool_id}/jwks.json?v=1"
  }

  assert {
    condition     = strcontains(output.jwks_url, "keys.example:8443")
    error_message = "Keys may come from another host."
  }
}

run "refuses_an_issuer_in_disguise" {
  command = plan

  variables {
    saml               = null
    oidc               = { issuer = "http://localhost:1@evil.example", client_id = "lake" }
    oidc_client_secret = "hidden"
  }

  expect_failures = [var.oidc]
}

run "refuses_an_issuer_without_a_host" {
  command = plan

  variables {
    saml               = null
    oidc               = { issuer = "https://", client_id = "lake" }
    oidc_client_secret = "hidden"
  }

  expect_failures = [var.oidc]
}

run "refuses_administrators_with_a_space_before" {
  command = plan

  variables {
    admin_group = " Lake Administrators"
  }

  expect_failures = [var.admin_group]
}

run "refuses_administrators_in_brackets" {
  command = plan

  variables {
    admin_group = "[admins]"
  }

  expect_failures = [var.admin_group]
}

run "refuses_a_group_with_a_space_behind" {
  command = plan

  variables {
    group_map = { "Research " = "research" }
  }

  expect_failures = [var.group_map]
}

run "refuses_a_group_in_brackets" {
  command = plan

  variables {
    group_map = { "[Research]" = "research" }
  }

  expect_failures = [var.group_map]
}

run "refuses_a_group_without_a_name" {
  command = plan

  variables {
    group_map = { "" = "research" }
  }

  expect_failures = [var.group_map]
}

run "refuses_an_administrators_group_that_no_environment_holds" {
  command = plan

  variables {
    admin_group = join("", [for number in range(1000) : "aaaa"])
  }

  expect_failures = [var.admin_group]
}

run "names_with_commas_and_brackets" {
  command = plan

  variables {
    group_map = { "CN=Staff [EU],OU=Groups" = "staff" }
  }

  assert {
    condition     = output.group_map["CN=Staff [EU],OU=Groups"] == "staff"
    error_message = "A comma is part of a name, and so is a bracket inside."
  }
}

run "refuses_a_web_acl_of_cloudfront" {
  command = plan

  variables {
    web_acl_arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/lake/1"
  }

  expect_failures = [var.web_acl_arn]
}

run "refuses_a_web_acl_of_the_former_waf" {
  command = plan

  variables {
    web_acl_arn = "arn:aws:waf-regional:eu-west-1:123456789012:webacl/1"
  }

  expect_failures = [var.web_acl_arn]
}

run "refuses_a_web_acl_of_another_region" {
  command = plan

  variables {
    web_acl_arn = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/lake/1"
  }

  expect_failures = [aws_wafv2_web_acl_association.this]
}

run "refuses_a_sign_in_domain_that_is_too_long" {
  command = plan

  variables {
    domain = { name = "sign-in.${join(".", [for number in range(8) : "department"])}.example", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" }
  }

  expect_failures = [var.domain]
}

run "refuses_an_authority_as_a_certificate" {
  command = plan

  variables {
    domain = { name = "sign-in.lake.example", certificate_arn = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/1" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_callback_with_a_space" {
  command = plan

  variables {
    callback_urls = ["https://console.example/x y"]
  }

  expect_failures = [var.callback_urls]
}

run "refuses_a_callback_with_a_space_in_its_host" {
  command = plan

  variables {
    callback_urls = ["https://console example/"]
  }

  expect_failures = [var.callback_urls]
}

run "refuses_a_sign_out_with_a_space" {
  command = plan

  variables {
    logout_urls = ["https://console.example/x y"]
  }

  expect_failures = [var.logout_urls]
}

run "refuses_a_sign_out_with_a_space_in_its_host" {
  command = plan

  variables {
    logout_urls = ["https://console example/"]
  }

  expect_failures = [var.logout_urls]
}

run "refuses_tokens_for_half_a_minute" {
  command = plan

  variables {
    tokens = { access_minutes = 7.5 }
  }

  expect_failures = [var.tokens]
}

run "refuses_sessions_for_half_an_hour" {
  command = plan

  variables {
    tokens = { refresh_hours = 1.5 }
  }

  expect_failures = [var.tokens]
}

run "refuses_metadata_at_an_address_with_a_space" {
  command = plan

  variables {
    saml = { metadata_url = "https://adfs.example/Federation Metadata.xml" }
  }

  expect_failures = [var.saml]
}

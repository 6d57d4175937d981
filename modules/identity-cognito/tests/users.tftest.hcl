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
  administrator         = { email = "ada@example.com", name = "Ada" }
}

run "pool" {
  assert {
    condition     = aws_cognito_user_pool.this.user_pool_tier == "ESSENTIALS" && one(one(aws_cognito_user_pool.this.lambda_config).pre_token_generation_config).lambda_version == "V2_0"
    error_message = "Roles in access tokens need the second version of the trigger, and its tier."
  }

  assert {
    condition     = one(one(aws_cognito_user_pool.this.lambda_config).pre_token_generation_config).lambda_arn == var.identity_function_arn
    error_message = "The identity function is asked before tokens are made."
  }

  assert {
    condition     = one(aws_cognito_user_pool.this.admin_create_user_config).allow_admin_create_user_only
    error_message = "Nobody signs up uninvited."
  }

  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE"
    error_message = "People must not be deleted by mistake."
  }

  assert {
    condition     = [for attribute in aws_cognito_user_pool.this.schema : attribute.mutable if attribute.name == "secret_access_key"] == [true]
    error_message = "The product keeps its ciphertext in a custom attribute that it can change."
  }
}

run "client" {
  assert {
    condition     = aws_cognito_user_pool_client.this.allowed_oauth_flows == toset(["code"]) && !aws_cognito_user_pool_client.this.generate_secret
    error_message = "The client is public and takes codes alone."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.allowed_oauth_scopes == toset(["email", "openid", "profile"]) && aws_cognito_user_pool_client.this.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH"])
    error_message = "No token may change its owner's record: neither by scope nor by a flow that gives every scope."
  }

  assert {
    condition     = length([for attribute in setunion(aws_cognito_user_pool_client.this.read_attributes, aws_cognito_user_pool_client.this.write_attributes) : attribute if startswith(attribute, "custom:")]) == 0
    error_message = "No client reads or writes what is the product's."
  }

  assert {
    condition     = toset(aws_cognito_user_pool_client.this.callback_urls) == toset(["http://127.0.0.1:8971/callback", "http://127.0.0.1:8972/callback", "http://127.0.0.1:8973/callback"])
    error_message = "The command line waits on these ports."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.access_token_validity == 15 && aws_cognito_user_pool_client.this.refresh_token_validity == 24 && aws_cognito_user_pool_client.this.enable_token_revocation
    error_message = "Tokens hold for 15 minutes, sessions for a day, and can be ended."
  }
}

run "administrator" {
  assert {
    condition     = aws_cognito_user.administrator.username == "ada@example.com" && aws_cognito_user_in_group.administrator.group_name == "admins"
    error_message = "The first administrator is made by Terraform."
  }
}

run "outputs" {
  assert {
    condition     = output.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool" && output.jwks_url == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool/.well-known/jwks.json"
    error_message = "Tokens are checked by the pool's own keys."
  }

  assert {
    condition     = output.sign_in_url == "https://data-lake-123456789012.auth.eu-west-1.amazoncognito.com" && aws_cognito_user_pool_domain.this.managed_login_version == 1
    error_message = "The sign-in page has an address of its own by default."
  }

  assert {
    condition     = output.directory == "cognito" && output.admin_group == "admins" && length(output.group_map) == 0
    error_message = "The functions are told who owns people and groups."
  }
}

run "everything_asked_for" {
  variables {
    prefix        = "lake-2"
    protect       = false
    mfa           = "ON"
    passwords     = { minimum_length = 16, require_symbols = true }
    ses           = { identity_arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.com", from = "lake@example.com" }
    domain_prefix = "our-lake"
    callback_urls = ["https://console.example/callback"]
    jwks_url      = "http://127.0.0.1:4566/{user_pool_id}/.well-known/jwks.json"
    web_acl_arn   = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/lake/1"
    tokens        = { access_minutes = 5, refresh_hours = 8 }
  }

  assert {
    condition     = one(aws_cognito_user_pool.this.email_configuration).email_sending_account == "DEVELOPER" && aws_cognito_user_pool.this.mfa_configuration == "ON"
    error_message = "SES and codes must reach the pool."
  }

  assert {
    condition     = contains(aws_cognito_user_pool_client.this.callback_urls, "https://console.example/callback") && aws_cognito_user_pool_client.this.access_token_validity == 5
    error_message = "Callbacks and token life must reach the client."
  }

  assert {
    condition     = output.jwks_url == "http://127.0.0.1:4566/eu-west-1_pool/.well-known/jwks.json" && output.sign_in_url == "https://our-lake.auth.eu-west-1.amazoncognito.com"
    error_message = "Keys and sign-in page can have other addresses."
  }

  assert {
    condition     = length(aws_wafv2_web_acl_association.this) == 1 && aws_cognito_user_pool.this.deletion_protection == "INACTIVE"
    error_message = "WAF and protection are inputs."
  }
}

run "govcloud" {
  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov" }
  }

  override_data {
    target = data.aws_region.current
    values = { name = "us-gov-west-1" }
  }

  assert {
    condition     = output.sign_in_url == "https://data-lake-123456789012.auth-fips.us-gov-west-1.amazoncognito.com"
    error_message = "GovCloud's sign-in pages have another domain."
  }
}

run "refuses_a_domain_that_cognito_refuses" {
  command = plan

  variables {
    domain_prefix = "my-aws-lake"
  }

  expect_failures = [var.domain_prefix]
}

run "refuses_a_prefix_that_makes_such_a_domain" {
  command = plan

  variables {
    prefix = "awesome-aws-1"
  }

  expect_failures = [aws_cognito_user_pool_domain.this]
}

run "refuses_two_addresses" {
  command = plan

  variables {
    domain_prefix = "our-lake"
    domain        = { name = "sign-in.example.com", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" }
  }

  expect_failures = [var.domain]
}

run "refuses_callbacks_by_http" {
  command = plan

  variables {
    callback_urls = ["http://console.example/callback"]
  }

  expect_failures = [var.callback_urls]
}

run "refuses_short_passwords" {
  command = plan

  variables {
    passwords = { minimum_length = 6 }
  }

  expect_failures = [var.passwords]
}

run "refuses_an_invitation_without_its_password" {
  command = plan

  variables {
    invitation = { message = "Come in, {username}!" }
  }

  expect_failures = [var.invitation]
}

run "refuses_tokens_for_a_day" {
  command = plan

  variables {
    tokens = { access_minutes = 1440 }
  }

  expect_failures = [var.tokens]
}

run "refuses_an_administrator_without_an_address" {
  command = plan

  variables {
    administrator = { email = "ada", name = "Ada" }
  }

  expect_failures = [var.administrator]
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

run "refuses_an_administrator_whose_address_is_too_long" {
  command = plan

  variables {
    administrator = { email = "${join("", [for number in range(120) : "a"])}@example.com", name = "Ada" }
  }

  expect_failures = [var.administrator]
}

run "refuses_mails_from_another_domain" {
  command = plan

  variables {
    ses = { identity_arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.com", from = "lake@notexample.com" }
  }

  expect_failures = [var.ses]
}

run "refuses_mails_from_another_address" {
  command = plan

  variables {
    ses = { identity_arn = "arn:aws:ses:eu-west-1:123456789012:identity/lake@example.com", from = "pond@example.com" }
  }

  expect_failures = [var.ses]
}

run "mails_from_a_subdomain_and_with_a_name" {
  variables {
    ses = { identity_arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.com", from = "Data Lake <lake@mail.Example.com>" }
  }

  assert {
    condition     = one(aws_cognito_user_pool.this.email_configuration).from_email_address == "Data Lake <lake@mail.Example.com>"
    error_message = "A domain's identity sends for all of its addresses."
  }
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

run "refuses_half_a_character" {
  command = plan

  variables {
    passwords = { minimum_length = 12.5 }
  }

  expect_failures = [var.passwords]
}

run "refuses_half_an_earlier_password" {
  command = plan

  variables {
    passwords = { history = 0.5 }
  }

  expect_failures = [var.passwords]
}

run "refuses_half_a_day_for_an_invitation" {
  command = plan

  variables {
    passwords = { temporary_days = 1.5 }
  }

  expect_failures = [var.passwords]
}

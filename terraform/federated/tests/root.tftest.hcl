mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1", id = "eu-west-1" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
}

variables {
  code        = { folder = "../../modules/functions/tests/dist" }
  admin_group = "Lake Administrators"
  group_map   = { "Research & Development" = "research" }
  saml        = { metadata_xml = "<EntityDescriptor entityID=\"https://adfs.example/adfs/services/trust\"/>" }
}

run "plan" {
  command = plan

  assert {
    condition     = output.function_names["packages"] == "data-lake-package-service"
    error_message = "The default prefix gives the names that earlier deployments had."
  }

  assert {
    condition     = length(output.warnings) == 0
    error_message = "Nobody is warned of what was not asked for."
  }
}

run "the_same_settings_everywhere" {
  command = plan

  assert {
    condition     = var.prefix != null && file("settings.tf") == file("../../modules/stack/settings.tf")
    error_message = "settings.tf must be the stack's, word for word."
  }
}

run "existing_cluster_and_own_keys" {
  command = plan

  variables {
    prefix     = "lake-2"
    protect    = false
    search     = { existing_endpoint = "http://127.0.0.1:9200" }
    keys       = { data_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111", user_secrets_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/22222222-2222-2222-2222-222222222222" }
    log_bucket = { existing_name = "our-logs" }
    iam        = { role_path = "/lake/", permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
    api        = { domain = { name = "api.lake.example", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1" } }
    alarms     = { enabled = false, dashboard = false }
    jwks_url   = "http://127.0.0.1:4566/{user_pool_id}/.well-known/jwks.json"
  }

  assert {
    condition     = output.api_url == "https://api.lake.example"
    error_message = "The API has the domain that was asked for."
  }
}

run "warns_of_open_reading" {
  command = plan

  variables {
    search = { network_read = { cidrs = ["203.0.113.0/24"], unsigned = true } }
  }

  assert {
    condition     = length(output.warnings) == 1
    error_message = "Whoever lets others read the cluster is told what that means."
  }
}

run "refuses_to_make_a_cluster_that_is_there" {
  command = plan

  variables {
    search = { existing_endpoint = "https://search.example", preset = "ha" }
  }

  expect_failures = [var.search]
}

run "refuses_a_prefix_that_names_cannot_begin_with" {
  command = plan

  variables {
    prefix = "A"
  }

  expect_failures = [var.prefix]
}

run "refuses_to_tell_topics_of_no_alarms" {
  command = plan

  variables {
    alarms = { enabled = false, topic_arns = ["arn:aws:sns:eu-west-1:123456789012:operations"] }
  }

  expect_failures = [var.alarms]
}

run "saml_by_address" {
  command = plan

  variables {
    saml = { metadata_url = "https://adfs.example/FederationMetadata/2007-06/FederationMetadata.xml" }
  }

  assert {
    condition     = output.identity_provider.kind == "saml" && output.identity_provider.acs_url == "https://data-lake-123456789012.auth.eu-west-1.amazoncognito.com/saml2/idpresponse"
    error_message = "The provider's metadata may lie at an address, and what to enter there is told."
  }
}

run "oidc" {
  command = plan

  variables {
    saml               = null
    oidc               = { issuer = "https://sso.example/realms/lake", client_id = "lake" }
    oidc_client_secret = "hidden"
  }

  assert {
    condition     = output.identity_provider.kind == "oidc" && output.identity_provider.redirect_uri == "https://data-lake-123456789012.auth.eu-west-1.amazoncognito.com/oauth2/idpresponse"
    error_message = "The provider may speak OpenID Connect, and what to enter there is told."
  }
}

run "refuses_tags_of_aws" {
  command = plan

  variables {
    tags = { "aws:team" = "lake" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "lake-audit"
  }

  expect_failures = [var.prefix]
}

run "protected_by_default" {
  command = plan

  assert {
    condition = module.stack.protection == {
      foundation = {
        tables               = { for name in ["cart", "datasets", "keys", "metadata", "packages", "settings"] : name => true }
        bucket_force_destroy = false
        key_deletion_days    = { data = 30, user_secrets = 30 }
      }
      audit   = { log_group_stays = true, bucket_force_destroy = false, key_deletion_days = 30 }
      buckets = { bucket_force_destroy = false }
    }
    error_message = "What can't be made again refuses to be destroyed."
  }

  assert {
    condition     = module.identity.protection.user_pool == "ACTIVE"
    error_message = "The user pool refuses to be deleted."
  }
}

run "unprotected_when_asked_for" {
  command = plan

  variables {
    protect = false
    keys    = { deletion_window_in_days = 7 }
  }

  assert {
    condition = module.stack.protection == {
      foundation = {
        tables               = { for name in ["cart", "datasets", "keys", "metadata", "packages", "settings"] : name => false }
        bucket_force_destroy = true
        key_deletion_days    = { data = 7, user_secrets = 7 }
      }
      audit   = { log_group_stays = false, bucket_force_destroy = true, key_deletion_days = 7 }
      buckets = { bucket_force_destroy = true }
    }
    error_message = "Whoever says so can destroy everything, and keys can still be rescued for as long as was asked for."
  }

  assert {
    condition     = module.identity.protection.user_pool == "INACTIVE"
    error_message = "The user pool can be deleted then."
  }
}

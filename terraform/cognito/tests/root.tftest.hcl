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
  code          = { folder = "../../modules/functions/tests/dist" }
  administrator = { email = "ada@example.com", name = "Ada" }
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

  override_resource {
    target          = module.identity.aws_cognito_user_pool_domain.this
    override_during = plan
    values          = { cloudfront_distribution = "d1.cloudfront.example" }
  }

  variables {
    prefix     = "lake-2"
    protect    = false
    search     = { existing_endpoint = "http://127.0.0.1:9200" }
    keys       = { data_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111", user_secrets_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/22222222-2222-2222-2222-222222222222" }
    log_bucket = { existing_name = "our-logs" }
    iam        = { role_path = "/lake/", permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
    api        = { domain = { name = "api.lake.example", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1" } }
    domain     = { name = "sign-in.lake.example", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" }
    alarms     = { enabled = false, dashboard = false }
    jwks_url   = "http://127.0.0.1:4566/{user_pool_id}/.well-known/jwks.json"
  }

  assert {
    condition     = output.api_url == "https://api.lake.example"
    error_message = "The API has the domain that was asked for."
  }

  assert {
    condition     = output.sign_in.page == "https://sign-in.lake.example" && output.domain_targets.sign_in == "d1.cloudfront.example"
    error_message = "Whoever makes the record is told what it leads to."
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

run "refuses_tags_of_aws" {
  command = plan

  variables {
    tags = { "aws:team" = "lake" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_prefix_of_every_account" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_that_begins_as_awss_own" {
  command = plan

  variables {
    prefix = "aws-lake"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_that_s3_reserves" {
  command = plan

  variables {
    prefix = "xn--lake"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_that_s3_reserves_too" {
  command = plan

  variables {
    prefix = "sthree-lake"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_of_s3s_examples" {
  command = plan

  variables {
    prefix = "amzn-s3-demo-x"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_of_the_default_prefixs_keys" {
  command = plan

  variables {
    prefix = "datalake"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_of_an_audit_key" {
  command = plan

  variables {
    prefix = "lake-audit"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_of_a_secrets_key" {
  command = plan

  variables {
    prefix = "x-user-secrets"
  }

  expect_failures = [var.prefix]
}

run "a_prefix_beside_those" {
  command = plan

  variables {
    prefix = "lawn-audits"
  }

  assert {
    condition     = output.function_names["packages"] == "lawn-audits-package-service"
    error_message = "Only these beginnings and ends are taken."
  }
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

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
  code          = { folder = "../functions/tests/dist" }
  directory     = "cognito"
  admin_group   = "admins"
  user_pool_id  = "eu-west-1_pool"
  user_pool_arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_pool"
  issuer        = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"
  jwks_url      = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool/.well-known/jwks.json"
  client_ids    = ["client"]
}

run "whole" {
  command = plan

  assert {
    condition     = length(output.function_names) == 11 && length(output.role_arns) == 11
    error_message = "Eleven functions, each under a role of its own."
  }

  assert {
    condition     = output.table_names["packages"] == "data-lake-packages" && output.audit_log_group_name == "datalake/audit-log"
    error_message = "The default prefix gives the names that earlier deployments had."
  }

  assert {
    condition     = contains(output.kept_arns, "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-keys")
    error_message = "What can't be made again is told."
  }
}

run "existing_cluster" {
  command = plan

  variables {
    search = { existing_endpoint = "https://search.example", existing_domain_arn = "arn:aws:es:eu-west-1:123456789012:domain/ours" }
  }

  assert {
    condition     = output.search_endpoint == "https://search.example"
    error_message = "The cluster that is there is used."
  }
}

run "no_watch" {
  command = plan

  variables {
    alarms = { enabled = false, dashboard = false }
  }

  assert {
    condition     = output.dashboard_name == null
    error_message = "Without a dashboard there is none."
  }
}

run "refuses_to_make_a_cluster_that_is_there" {
  command = plan

  variables {
    search = { existing_endpoint = "https://search.example", nodes = 3 }
  }

  expect_failures = [var.search]
}

run "refuses_a_domain_of_no_cluster" {
  command = plan

  variables {
    search = { existing_domain_arn = "arn:aws:es:eu-west-1:123456789012:domain/ours" }
  }

  expect_failures = [var.search]
}

run "refuses_to_say_who_reads_somebody_elses_cluster" {
  command = plan

  variables {
    search = { existing_endpoint = "https://search.example", network_read = { cidrs = ["203.0.113.0/24"], unsigned = true } }
  }

  expect_failures = [var.search]
}

run "refuses_to_tell_topics_of_no_alarms" {
  command = plan

  variables {
    alarms = { enabled = false, topic_arns = ["arn:aws:sns:eu-west-1:123456789012:operations"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_tags_of_aws" {
  command = plan

  variables {
    tags = { "AWS:team" = "lake" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_key_of_another_region" {
  command = plan

  variables {
    keys = { data_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111" }
  }

  expect_failures = [data.aws_region.current]
}

run "refuses_a_second_key_of_another_region" {
  command = plan

  variables {
    keys = { user_secrets_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111" }
  }

  expect_failures = [data.aws_region.current]
}

run "refuses_a_certificate_of_another_region" {
  command = plan

  variables {
    api = { domain = { name = "api.lake.example", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" } }
  }

  expect_failures = [data.aws_region.current]
}

run "refuses_a_domain_of_another_region" {
  command = plan

  variables {
    search = { existing_endpoint = "https://search.example", existing_domain_arn = "arn:aws:es:us-east-1:123456789012:domain/ours" }
  }

  expect_failures = [data.aws_region.current]
}

run "refuses_a_topic_of_another_region" {
  command = plan

  variables {
    alarms = { topic_arns = ["arn:aws:sns:us-east-1:123456789012:operations"] }
  }

  expect_failures = [data.aws_region.current]
}

run "refuses_china" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-cn" }
  }

  expect_failures = [data.aws_partition.current]
}

run "what_is_in_this_region" {
  command = plan

  variables {
    keys   = { data_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111" }
    alarms = { topic_arns = ["arn:aws:sns:eu-west-1:123456789012:operations"] }
    api    = { domain = { name = "api.lake.example", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1" } }
    tags   = { "team:aws" = "lake" }
  }

  assert {
    condition     = output.api_url == "https://api.lake.example"
    error_message = "Keys, topics and certificates of the same region are taken."
  }
}

run "refuses_a_queue_as_a_topic" {
  command = plan

  variables {
    alarms = { topic_arns = ["arn:aws:sqs:eu-west-1:123456789012:operations"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_topic_that_keeps_an_order" {
  command = plan

  variables {
    alarms = { topic_arns = ["arn:aws:sns:eu-west-1:123456789012:operations.fifo"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_six_topics" {
  command = plan

  variables {
    alarms = { topic_arns = [for number in range(6) : "arn:aws:sns:eu-west-1:123456789012:operations-${number}"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_more_tags_than_aws" {
  command = plan

  variables {
    tags = { for number in range(51) : "tag-${number}" => "lake" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_tag_with_an_ampersand" {
  command = plan

  variables {
    tags = { team = "research & development" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_tag_that_is_too_long" {
  command = plan

  variables {
    tags = { team = join("", [for number in range(257) : "x"]) }
  }

  expect_failures = [var.tags]
}

run "refuses_tags_that_differ_in_case" {
  command = plan

  variables {
    tags = { team = "lake", Team = "lake" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_folder_that_no_policy_can_name" {
  command = plan

  variables {
    import_locations = [{ bucket_arn = "arn:aws:s3:::partners", folders = ["日本/"] }]
  }

  expect_failures = [var.import_locations]
}

# checkov finds a plan's resource in the modules by type and name alone: two of one name would share their reasons.
run "what_the_scanner_skips_has_a_name_of_its_own" {
  command = plan

  assert {
    condition = var.prefix != null && alltrue(flatten([
      for skipped in flatten([for file in fileset("..", "*/*.tf") : [
        for found in regexall("resource \"([a-z0-9_]+)\" \"([a-z0-9_]+)\" \\{\n *#checkov:skip", file("../${file}")) : join(".", found)
        ]]) : length([
        for name in flatten([for file in fileset("..", "*/*.tf") : [
          for found in regexall("resource \"([a-z0-9_]+)\" \"([a-z0-9_]+)\" \\{", file("../${file}")) : join(".", found)
        ]]) : name if name == skipped
      ]) == 1
    ]))
    error_message = "A resource whose checks are skipped shares its type and name with another module's."
  }

  assert {
    condition = var.prefix != null && sum([for file in fileset("..", "*/*.tf") : length(regexall("resource \"[a-z0-9_]+\" \"[a-z0-9_]+\" \\{\n *#checkov:skip", file("../${file}")))]) == sum([
      for file in fileset("..", "*/*.tf") : length(regexall("[^#\n]*\n *#checkov:skip", replace(file("../${file}"), "/(\n *#checkov:skip[^\n]*)+/", "\n#checkov:skip")))
    ])
    error_message = "A reason stands in the first lines of its resource."
  }
}

mock_provider "aws" {
  source = "../mocks"
}

variables {
  log_bucket_name        = "data-lake-logs-123456789012-eu-west-1"
  user_secrets_role_arns = ["arn:aws:iam::123456789012:role/data-lake-authorizer-eu-west-1", "arn:aws:iam::123456789012:role/team/data-lake-profile-service-eu-west-1"]
  object_role_arns       = ["arn:aws:iam::123456789012:role/data-lake-signer-eu-west-1"]
}

run "names_are_the_predecessors_with_the_default_prefix" {
  command = plan

  assert {
    condition     = aws_kms_alias.data[0].name == "alias/datalake" && aws_kms_alias.user_secrets[0].name == "alias/datalake-user-secrets"
    error_message = "The default prefix gives the predecessor's aliases."
  }
  assert {
    condition = output.table_names == {
      packages = "data-lake-packages", metadata = "data-lake-metadata", datasets = "data-lake-datasets",
      cart     = "data-lake-cart", keys = "data-lake-keys", settings = "data-lake-settings",
    }
    error_message = "The default prefix gives the predecessor's table names."
  }
  assert {
    condition     = output.bucket_arn == "arn:aws:s3:::data-lake-data-123456789012-eu-west-1"
    error_message = "The data bucket's name carries account and region."
  }
  assert {
    condition     = output.index_arns["cart"]["token"] == "arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-cart/index/token"
    error_message = "An index's ARN hangs on its table's."
  }
}

run "another_prefix_gives_other_names" {
  command = plan
  variables {
    prefix = "lake2"
  }

  assert {
    condition     = aws_kms_alias.data[0].name == "alias/lake2" && aws_kms_alias.user_secrets[0].name == "alias/lake2-user-secrets"
    error_message = "Aliases carry the prefix."
  }
  assert {
    condition     = alltrue([for name in values(output.table_names) : startswith(name, "lake2-")]) && aws_s3_bucket.data.bucket == "lake2-data-123456789012-eu-west-1"
    error_message = "Tables and bucket carry the prefix."
  }
}

run "tables_have_the_keys_and_indexes_that_the_code_reads" {
  command = plan

  assert {
    condition = { for name, table in aws_dynamodb_table.this : name => [table.hash_key, table.range_key] } == {
      packages = ["package_id", "item"], metadata = ["package_id", "item"], datasets = ["package_id", "item"],
      cart     = ["user_id", "item"], keys = ["access_key_id", "item"], settings = ["kind", "id"],
    }
    error_message = "Keys are those of the port Tables."
  }
  assert {
    condition = { for name, table in aws_dynamodb_table.this : name => { for index in table.global_secondary_index : index.name => [index.hash_key, index.range_key, index.projection_type] } } == {
      packages = { due = ["due_shard", "due_at", "ALL"], owner = ["owner", "package_id", "ALL"] }
      metadata = {}
      datasets = { due = ["due_shard", "due_at", "ALL"] }
      cart     = { due = ["due_shard", "due_at", "ALL"], token = ["token_hash", "item", "ALL"] }
      keys     = { due = ["due_shard", "due_at", "ALL"], user = ["user_id", "created_at", "ALL"] }
      settings = {}
    }
    error_message = "Indexes are those of the port Tables."
  }
  assert {
    condition = alltrue([
      for table in aws_dynamodb_table.this :
      toset([for attribute in table.attribute : "${attribute.name} ${attribute.type}"]) ==
      toset([for name in concat([table.hash_key, table.range_key], flatten([for index in table.global_secondary_index : [index.hash_key, index.range_key]])) : "${name} S"])
    ])
    error_message = "Each attribute of a key is declared once, as text, and no other is."
  }
}

run "tables_are_safe" {
  command = plan

  assert {
    condition = alltrue([
      for table in aws_dynamodb_table.this :
      table.billing_mode == "PAY_PER_REQUEST" && table.deletion_protection_enabled && table.stream_enabled &&
      table.stream_view_type == "NEW_AND_OLD_IMAGES" && table.point_in_time_recovery[0].enabled && table.server_side_encryption[0].enabled
    ])
    error_message = "On demand, protected, streams with both images, point-in-time recovery, encrypted with our key."
  }
  assert {
    condition     = !aws_s3_bucket.data.force_destroy && aws_kms_key.data[0].deletion_window_in_days == 30 && aws_kms_key.data[0].enable_key_rotation
    error_message = "A full bucket stays, a key waits, and rotates."
  }
}

run "what_is_unprotected_can_be_destroyed" {
  command = plan
  variables {
    protect = false
  }

  assert {
    condition     = aws_s3_bucket.data.force_destroy && alltrue([for table in aws_dynamodb_table.this : !table.deletion_protection_enabled])
    error_message = "protect = false opens bucket and tables."
  }
}

run "own_keys_are_used_and_none_is_made" {
  command = plan
  variables {
    keys = {
      data_key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      user_secrets_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/66666666-2222-3333-4444-555555555555"
    }
  }

  assert {
    condition     = length(aws_kms_key.data) + length(aws_kms_key.user_secrets) + length(aws_kms_key_policy.data) + length(aws_kms_key_policy.user_secrets) == 0
    error_message = "No key is made beside the customer's."
  }
  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.server_side_encryption[0].kms_key_arn == var.keys.data_key_arn]) && output.user_secrets_key_arn == var.keys.user_secrets_key_arn
    error_message = "The customer's keys are used."
  }
}

run "scripts_of_the_console_may_upload_only_if_it_is_named" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket_cors_configuration.data) == 0
    error_message = "Without an origin no script may."
  }
}

run "scripts_of_the_console_read_etag_and_checksum" {
  command = plan
  variables {
    console_origins = ["https://lake.example.org"]
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_cors_configuration.data[0].cors_rule :
      rule.allowed_origins == toset(["https://lake.example.org"]) && length(setintersection(rule.expose_headers, ["ETag", "x-amz-checksum-sha256"])) == 2 &&
      rule.allowed_methods == toset(["GET", "HEAD", "PUT"])
    ])
    error_message = "GET, HEAD and PUT from the console's origin, showing ETag and checksum."
  }
}

run "a_bad_prefix" {
  command = plan
  variables {
    prefix = "Lake"
  }
  expect_failures = [var.prefix]
}

run "a_prefix_whose_names_are_the_default_prefixs" {
  command = plan
  variables {
    prefix = "datalake"
  }
  expect_failures = [var.prefix]
}

run "a_prefix_whose_alias_is_the_default_prefixs" {
  command = plan
  variables {
    prefix = "datalake-audit"
  }
  expect_failures = [var.prefix]
}

run "one_key_for_both_purposes" {
  command = plan
  variables {
    keys = {
      data_key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      user_secrets_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }
  expect_failures = [var.keys]
}

run "a_key_by_its_alias" {
  command = plan
  variables {
    keys = { data_key_arn = "arn:aws:kms:eu-west-1:123456789012:alias/mine" }
  }
  expect_failures = [var.keys]
}

run "exports_that_s3_takes_away_before_the_product_does" {
  command = plan
  variables {
    bucket = { export_days = 7 }
  }
  expect_failures = [var.bucket]
}

run "no_role_for_users_secrets" {
  command = plan
  variables {
    user_secrets_role_arns = []
  }
  expect_failures = [var.user_secrets_role_arns]
}

run "readers_by_a_pattern_that_means_everybody" {
  command = plan
  variables {
    reader_arns = ["arn:aws:iam::123456789012:role/*"]
  }
  expect_failures = [var.reader_arns]
}

run "an_origin_with_a_wildcard" {
  command = plan
  variables {
    console_origins = ["https://*.example.org"]
  }
  expect_failures = [var.console_origins]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_more_readers_than_a_buckets_policy_holds" {
  command = plan

  variables {
    reader_arns = [for number in range(150) : "arn:aws:iam::123456789012:role/analysts-of-department-${number}"]
  }

  expect_failures = [aws_s3_bucket_policy.data]
}

run "what_protects_is_told" {
  command = plan

  assert {
    condition     = output.protection == { tables = { for name in keys(output.table_names) : name => true }, bucket_force_destroy = false, key_deletion_days = { data = 30, user_secrets = 30 } }
    error_message = "By default nothing goes by mistake."
  }
}

run "refuses_to_wait_for_half_a_day" {
  command = plan

  variables {
    keys = { deletion_window_in_days = 7.5 }
  }

  expect_failures = [var.keys]
}

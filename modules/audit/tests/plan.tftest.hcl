mock_provider "aws" {
  source = "../mocks"
}

variables {
  key_arn               = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  log_bucket_name       = "data-lake-logs-123456789012-eu-west-1"
  housekeeping_role_arn = "arn:aws:iam::123456789012:role/lake/data-lake-housekeeping-eu-west-1"
}

run "the_group_has_the_predecessors_name" {
  command = plan

  assert {
    condition     = output.log_group_name == "datalake/audit-log" && output.log_group_arn == "arn:aws:logs:eu-west-1:123456789012:log-group:datalake/audit-log"
    error_message = "The default prefix gives the predecessor's name."
  }
  assert {
    condition     = aws_cloudwatch_log_group.audit.kms_key_id == var.key_arn && aws_cloudwatch_log_group.audit.retention_in_days == 731 && aws_cloudwatch_log_group.audit.skip_destroy
    error_message = "Encrypted, kept for two years, and left in the account."
  }
}

run "another_prefix_gives_another_name" {
  command = plan
  variables {
    prefix  = "lake2"
    protect = false
  }

  assert {
    condition     = output.log_group_name == "lake2/audit-log" && !aws_cloudwatch_log_group.audit.skip_destroy
    error_message = "The name carries the prefix, and protect = false lets the group go."
  }
}

run "a_retention_that_cloudwatch_does_not_offer" {
  command = plan
  variables {
    retention_in_days = 100
  }
  expect_failures = [var.retention_in_days]
}

run "signed_heads_are_locked_for_as_long_as_records_are_kept" {
  command = plan

  assert {
    condition     = aws_s3_bucket.heads.bucket == "data-lake-audit-123456789012-eu-west-1" && aws_s3_bucket.heads.object_lock_enabled && !aws_s3_bucket.heads.force_destroy && aws_s3_bucket_versioning.heads.versioning_configuration[0].status == "Enabled"
    error_message = "A bucket gets its lock when it is made, and keeps versions."
  }
  assert {
    condition     = aws_s3_bucket_object_lock_configuration.heads.rule[0].default_retention[0].mode == "GOVERNANCE" && aws_s3_bucket_object_lock_configuration.heads.rule[0].default_retention[0].days == 731
    error_message = "The lock holds for the log's retention."
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.heads.rule : [rule.expiration[0].days, rule.noncurrent_version_expiration[0].noncurrent_days]] == [[731, 1]]
    error_message = "Heads go with the records that they are about."
  }
  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.heads.policy).Statement : [statement.Effect, statement.Action]] == [["Deny", "s3:*"], ["Deny", "s3:BypassGovernanceRetention"]]
    error_message = "Only by TLS, and nobody unlocks."
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.heads.block_public_acls && aws_s3_bucket_public_access_block.heads.block_public_policy && aws_s3_bucket_public_access_block.heads.ignore_public_acls && aws_s3_bucket_public_access_block.heads.restrict_public_buckets
    error_message = "Nothing here is public."
  }
  assert {
    condition     = aws_s3_bucket_logging.heads.target_bucket == var.log_bucket_name && aws_s3_bucket_logging.heads.target_prefix == "s3/data-lake-audit-123456789012-eu-west-1/"
    error_message = "S3 logs who comes, where the log bucket's policy lets it."
  }
}

run "one_key_signs_for_housekeeping_alone" {
  # The policy's text is known once the key is there.
  command = apply

  assert {
    condition     = aws_kms_key.signing.key_usage == "SIGN_VERIFY" && aws_kms_key.signing.customer_master_key_spec == "ECC_NIST_P256" && aws_kms_alias.signing.name == "alias/datalake-audit"
    error_message = "A key for signatures that common tools verify, under the deployment's name."
  }
  assert {
    condition = [for statement in jsondecode(aws_kms_key_policy.signing.policy).Statement : statement.Condition.ArnLike["aws:PrincipalArn"] if contains(statement.Action, "kms:Sign")] == [[
      "arn:aws:iam::123456789012:role/lake/data-lake-housekeeping-eu-west-1",
      "arn:aws:sts::123456789012:assumed-role/data-lake-housekeeping-eu-west-1/*",
    ]]
    error_message = "Only housekeeping signs."
  }
}

run "unprotected_heads_go_with_the_bucket" {
  command = plan
  variables {
    prefix    = "lake2"
    protect   = false
    lock_mode = "COMPLIANCE"
  }

  assert {
    condition     = aws_s3_bucket.heads.force_destroy && aws_s3_bucket_object_lock_configuration.heads.rule[0].default_retention[0].mode == "GOVERNANCE" && aws_s3_bucket_object_lock_configuration.heads.rule[0].default_retention[0].days == 1
    error_message = "What is to be destroyed can be unlocked."
  }
  assert {
    condition     = length(jsondecode(aws_s3_bucket_policy.heads.policy).Statement) == 1 && aws_kms_alias.signing.name == "alias/lake2-audit"
    error_message = "Terraform may unlock, and the key has the deployment's name."
  }
}

run "what_nobody_may_remove" {
  command = plan
  variables {
    lock_mode         = "COMPLIANCE"
    retention_in_days = 365
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.heads.rule[0].default_retention[0].mode == "COMPLIANCE" && aws_s3_bucket_object_lock_configuration.heads.rule[0].default_retention[0].days == 365
    error_message = "The lock is as it was asked for."
  }
}

run "records_that_are_kept_for_ever" {
  command = plan
  variables {
    retention_in_days = 0
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.heads.rule[0].default_retention[0].days == 36500 && length(aws_s3_bucket_lifecycle_configuration.heads.rule[0].expiration) == 0
    error_message = "Their heads are kept as long as S3 can, and nothing expires."
  }
}

run "a_bucket_that_nobody_can_remove_for_a_hundred_years" {
  command = plan
  variables {
    lock_mode         = "COMPLIANCE"
    retention_in_days = 0
  }
  expect_failures = [var.lock_mode]
}

run "a_lock_that_s3_does_not_have" {
  command = plan
  variables {
    lock_mode = "NONE"
  }
  expect_failures = [var.lock_mode]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_to_wait_for_half_a_day" {
  command = plan

  variables {
    key_deletion_window_in_days = 7.5
  }

  expect_failures = [var.key_deletion_window_in_days]
}

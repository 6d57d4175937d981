mock_provider "aws" {
  source = "../mocks"
}

run "the_log_bucket_takes_logs_of_the_deployments_buckets_alone" {
  command = plan

  assert {
    condition     = aws_s3_bucket.logs[0].bucket == "data-lake-logs-123456789012-eu-west-1" && output.log_bucket_arn == "arn:aws:s3:::data-lake-logs-123456789012-eu-west-1"
    error_message = "The log bucket's name carries account and region."
  }
  assert {
    condition = jsondecode(aws_s3_bucket_policy.logs[0].policy).Statement == [
      {
        Sid       = "OnlyTls", Effect = "Deny", Principal = "*", Action = "s3:*"
        Resource  = ["arn:aws:s3:::data-lake-logs-123456789012-eu-west-1", "arn:aws:s3:::data-lake-logs-123456789012-eu-west-1/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid      = "AccessLogsOfOtherBuckets", Effect = "Allow", Principal = { Service = "logging.s3.amazonaws.com" }
        Action   = ["s3:PutObject"]
        Resource = [for kind in ["data", "audit"] : "arn:aws:s3:::data-lake-logs-123456789012-eu-west-1/s3/data-lake-${kind}-123456789012-eu-west-1/*"]
        Condition = {
          ArnLike      = { "aws:SourceArn" = [for kind in ["data", "audit"] : "arn:aws:s3:::data-lake-${kind}-123456789012-eu-west-1"] }
          StringEquals = { "aws:SourceAccount" = "123456789012" }
        }
      },
    ]
    error_message = "The log bucket's policy is not exactly what it should be."
  }
  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.logs[0].rule :
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    ]) && aws_s3_bucket_ownership_controls.logs[0].rule[0].object_ownership == "BucketOwnerPreferred"
    error_message = "S3 delivers logs only to a bucket with its own encryption, CloudFront only to one with ACLs."
  }
  assert {
    condition     = !aws_s3_bucket.logs[0].force_destroy
    error_message = "Logs are not thrown away with the bucket."
  }
}

run "unprotected_logs_go_with_the_bucket" {
  command = plan
  variables {
    protect = false
  }

  assert {
    condition     = aws_s3_bucket.logs[0].force_destroy
    error_message = "protect = false opens the bucket."
  }
}

run "an_existing_log_bucket_is_used_and_none_is_made" {
  command = plan
  variables {
    existing_log_bucket = "company-logs"
  }

  assert {
    condition = output.log_bucket_name == "company-logs" && output.log_bucket_arn == "arn:aws:s3:::company-logs" && sum([
      length(aws_s3_bucket.logs), length(aws_s3_bucket_policy.logs), length(aws_s3_bucket_versioning.logs), length(aws_s3_bucket_lifecycle_configuration.logs),
      length(aws_s3_bucket_public_access_block.logs), length(aws_s3_bucket_ownership_controls.logs), length(aws_s3_bucket_server_side_encryption_configuration.logs),
    ]) == 0
    error_message = "Nothing is made beside the customer's bucket."
  }
}

run "half_a_day" {
  command = plan
  variables {
    logs = { days = 0.5 }
  }
  expect_failures = [var.logs]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_log_bucket_by_its_arn" {
  command = plan

  variables {
    existing_log_bucket = "arn:aws:s3:::our-logs"
  }

  expect_failures = [var.existing_log_bucket]
}

run "refuses_to_log_the_data_bucket_into_itself" {
  command = plan

  variables {
    existing_log_bucket = "data-lake-data-123456789012-eu-west-1"
  }

  expect_failures = [var.existing_log_bucket]
}

run "refuses_to_log_the_audit_bucket_into_itself" {
  command = plan

  variables {
    existing_log_bucket = "data-lake-audit-123456789012-eu-west-1"
  }

  expect_failures = [var.existing_log_bucket]
}

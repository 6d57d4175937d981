mock_provider "aws" {
  source = "../mocks"
}

variables {
  key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
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

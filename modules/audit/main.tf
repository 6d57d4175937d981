# The audit log: a group of CloudWatch Logs with a stream per chain of records, which the logging function makes.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  name = "${var.prefix == "data-lake" ? "datalake" : var.prefix}/audit-log"
  arn  = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:log-group:${local.name}"
}

resource "aws_cloudwatch_log_group" "audit" {
  name              = local.name
  kms_key_id        = var.key_arn
  retention_in_days = var.retention_in_days
  skip_destroy      = var.protect
  tags              = var.tags
}

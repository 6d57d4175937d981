# The audit log: a group of CloudWatch Logs with a stream per chain of records, which the logging function makes; and
# beside it the signed heads of the chains, in a bucket where nothing is changed (`heads.tf`), by a key that does nothing
# else (`key.tf`).

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  # What the predecessor called it, with the default prefix.
  short_prefix = var.prefix == "data-lake" ? "datalake" : var.prefix
  name         = "${local.short_prefix}/audit-log"
  arn          = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.name}"
}

resource "aws_cloudwatch_log_group" "audit" {
  name              = local.name
  kms_key_id        = var.key_arn
  retention_in_days = var.retention_in_days
  skip_destroy      = var.protect
  tags              = var.tags
}

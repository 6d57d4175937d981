# The kept set: what can't be made again, and must outlive a mistake. Keys, data bucket, tables.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  root_arn  = "arn:${local.partition}:iam::${local.account}:root"
}

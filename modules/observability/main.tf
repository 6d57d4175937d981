# What people look at, and what wakes them: alarms, a dashboard, a budget.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.id
}

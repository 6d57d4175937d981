data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_partition" "current" {}

locals {
  name       = "${var.prefix}-${var.name}"
  alias_name = "live"

  # A string, so that policies which name the function are known before it is there.
  alias_arn = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:function:${local.name}:${local.alias_name}"
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:tracing is an input, off by default because every traced request costs
  #checkov:skip=CKV_AWS_115:new accounts have too few executions to reserve any; queues limit theirs by maximum_concurrency
  #checkov:skip=CKV_AWS_116:only asynchronously invoked functions have a dead letter queue; the others' callers see the error
  #checkov:skip=CKV_AWS_117:every service that it calls has a public endpoint with TLS and IAM; a private network would add its cost only
  #checkov:skip=CKV_AWS_173:the environment holds names and addresses, no secret; Lambda encrypts it anyway, with an own key on request
  #checkov:skip=CKV_AWS_272:the zip is checked by its SHA-256, which stands in the plan
  function_name = local.name
  description   = var.description
  tags          = var.tags

  package_type     = "Zip"
  filename         = var.code.filename
  source_code_hash = filebase64sha256(var.code.filename)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.code.architecture]

  role        = aws_iam_role.this.arn
  memory_size = var.limits.memory_mb
  timeout     = var.limits.timeout_seconds
  # -1: as much as the account has left.
  reserved_concurrent_executions = coalesce(var.limits.reserved_concurrency, -1)

  kms_key_arn = var.environment_key_arn

  environment {
    variables = var.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function.name
  }

  # Every change makes a version, so that the alias can go back to the one before.
  publish = true

  dynamic "dead_letter_config" {
    for_each = var.dead_letter_queue_arn[*]

    content {
      target_arn = dead_letter_config.value
    }
  }

  dynamic "tracing_config" {
    for_each = var.tracing ? ["Active"] : []

    content {
      mode = tracing_config.value
    }
  }

  # Lambda checks what the role may do when the function is made.
  depends_on = [aws_iam_role_policy.this]
}

# A version that is not there would be refused by the alias only when all else is applied; this read is part of the plan.
# https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
data "aws_lambda_function" "live" {
  count = var.live_version == null ? 0 : 1

  function_name = local.name
  qualifier     = var.live_version

  lifecycle {
    postcondition {
      condition     = self.version == var.live_version
      error_message = "${local.name} has no version ${var.live_version} to hold callers on."
    }
  }
}

# What callers name: moving it back to an earlier version takes a deployment back at once.
resource "aws_lambda_alias" "live" {
  name             = local.alias_name
  description      = "The version that callers reach"
  function_name    = aws_lambda_function.this.function_name
  function_version = coalesce(one(data.aws_lambda_function.live[*].version), aws_lambda_function.this.version)
}

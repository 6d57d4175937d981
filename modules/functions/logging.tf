module "logging" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "logging-service"
  description  = "Chains audit records into the audit log"
  code         = { filename = "${var.code.folder}/logging.zip", architecture = var.code.architecture }
  limits       = local.limits.logging
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "logging", null)

  environment = merge(local.environment, {
    DATALAKE_AUDIT_LOG_GROUP = var.audit_log_group_name
  })

  statements = [
    {
      sid       = "MoveChainHeads"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
      resources = [var.table_arns.settings]
    },
    {
      sid       = "WriteHistories"
      actions   = ["dynamodb:BatchWriteItem"]
      resources = [var.table_arns.metadata]
    },
    {
      sid       = "WriteAuditLog"
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${var.audit_log_group_arn}:*"]
    },
    local.receive.audit,
    local.use_tables,
    local.use_queues,
  ]
}

resource "aws_lambda_event_source_mapping" "logging" {
  function_name           = module.logging.alias_arn
  event_source_arn        = var.queue_arns.audit
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  # ARNs of queues are known before there are any; their addresses are not.
  depends_on = [var.queue_urls]

  scaling_config {
    maximum_concurrency = var.concurrency.audit
  }
}

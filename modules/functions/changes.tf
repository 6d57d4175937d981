module "changes" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "changes"
  description  = "Tells the other workers what changed in the tables"
  code         = { filename = "${var.code.folder}/changes.zip", architecture = var.code.architecture }
  limits       = local.limits.changes
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "changes", null)

  environment = merge(local.environment, {
    DATALAKE_AUDIT_QUEUE_URL        = var.queue_urls.audit
    DATALAKE_SEARCH_QUEUE_URL       = var.queue_urls.search
    DATALAKE_MANIFEST_QUEUE_URL     = var.queue_urls.manifest
    DATALAKE_HOUSEKEEPING_QUEUE_URL = var.queue_urls.housekeeping
  })

  statements = [
    {
      sid       = "TellWorkers"
      actions   = ["sqs:SendMessage"]
      resources = [for worker in ["audit", "search", "manifest", "housekeeping"] : var.queue_arns[worker]]
    },
    {
      sid       = "ReadStreams"
      actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      resources = [for table in local.streams : "${var.table_arns[table]}/stream/*"]
    },
    {
      sid       = "SendDeadChanges"
      actions   = ["sqs:SendMessage"]
      resources = [local.changes_dead_arn]
    },
    local.use_tables,
    local.use_queues,
  ]
}

locals {
  changes_dead_name = "${var.prefix}-changes-dead"
  # A string, so that the policies which name the queue are known before it is there.
  changes_dead_arn = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:${local.changes_dead_name}"

  streams = ["packages", "metadata", "datasets", "cart", "keys", "settings"]
}

# Where Lambda notes what could not be told for as long as the feed goes back: the shard and the place of the records,
# which the stream keeps for 24 hours.
resource "aws_sqs_queue" "changes_dead" {
  name                              = local.changes_dead_name
  message_retention_seconds         = 14 * 24 * 3600
  kms_master_key_id                 = var.data_key_arn
  kms_data_key_reuse_period_seconds = 300
  tags                              = var.tags
}

# Only a refusal, as the other queues have it.
resource "aws_sqs_queue_policy" "changes_dead" {
  queue_url = aws_sqs_queue.changes_dead.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = local.changes_dead_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_lambda_event_source_mapping" "changes" {
  for_each = toset(local.streams)

  function_name     = module.changes.alias_arn
  event_source_arn  = var.table_stream_arns[each.key]
  starting_position = "TRIM_HORIZON"
  batch_size        = var.feed.batch_size
  tags              = var.tags

  # No number of attempts outlasts every outage, so only age ends them (-1: no limit). One change holds up nothing: the
  # function sets aside what can never be told.
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = -1
  maximum_record_age_in_seconds      = var.feed.record_age_seconds
  maximum_batching_window_in_seconds = 0

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.changes_dead.arn
    }
  }
}

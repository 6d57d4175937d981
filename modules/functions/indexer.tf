module "indexer" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "indexer"
  description  = "Writes search documents, and builds the index anew"
  code         = { filename = "${var.code.folder}/indexer.zip", architecture = var.code.architecture }
  limits       = local.limits.indexer
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "indexer", null)

  environment = merge(local.environment, {
    DATALAKE_SEARCH_ENDPOINT  = var.search_endpoint
    DATALAKE_SEARCH_QUEUE_URL = var.queue_urls.search
  })

  statements = concat(local.search_statements.indexer, [
    {
      sid       = "ReadPackages"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [var.table_arns.packages, var.table_arns.metadata]
    },
    {
      sid       = "ReadDatasets"
      actions   = ["dynamodb:Query"]
      resources = [var.table_arns.datasets]
    },
    {
      sid       = "FindPackages"
      actions   = ["dynamodb:Scan"]
      resources = [var.table_arns.packages]
    },
    {
      # How far a rebuild of the index came.
      sid       = "KeepRebuilds"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"]
      resources = [var.table_arns.settings]
    },
    {
      # What does not fit into one run goes on in the next.
      sid       = "GoOn"
      actions   = ["sqs:SendMessage"]
      resources = [var.queue_arns.search]
    },
    local.receive.search,
    local.use_tables,
    local.use_queues,
  ])
}

resource "aws_lambda_event_source_mapping" "indexer" {
  function_name           = module.indexer.alias_arn
  event_source_arn        = var.queue_arns.search
  batch_size              = 100
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags
  # Hints for one package that come within this time are one document.
  maximum_batching_window_in_seconds = 5

  # ARNs of queues are known before there are any; their addresses are not.
  depends_on = [var.queue_urls]

  scaling_config {
    maximum_concurrency = var.concurrency.search
  }
}

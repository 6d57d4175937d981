module "search" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "search-service"
  description  = "Search over packages"
  code         = { filename = "${var.code.folder}/search.zip", architecture = var.code.architecture }
  limits       = local.limits.search
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "search", null)

  environment = merge(local.http_environment, {
    DATALAKE_SEARCH_ENDPOINT = var.search_endpoint
  })

  statements = concat(local.http_statements, local.search_statements.search, [
    {
      # For the document of a single package.
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
      # The row of the index's rebuild; what follows from it is the indexer's.
      sid       = "StartRebuilds"
      actions   = ["dynamodb:PutItem"]
      resources = [var.table_arns.settings]
    },
    {
      sid       = "RememberAnswers"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
      resources = [var.table_arns.cart]
    },
  ])
}

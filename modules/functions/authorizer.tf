module "authorizer" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "authorizer"
  description  = "Tells the gateway who a caller is"
  code         = { filename = "${var.code.folder}/authorizer.zip", architecture = var.code.architecture }
  limits       = local.limits.authorizer
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "authorizer", null)

  environment = merge(local.environment, {
    DATALAKE_USER_SECRETS_KEY_ARN = var.user_secrets_key_arn
    DATALAKE_USER_POOL_ID         = var.user_pool_id
    DATALAKE_DIRECTORY            = var.directory
    DATALAKE_ISSUER               = var.issuer
    DATALAKE_JWKS_URL             = var.jwks_url
    DATALAKE_CLIENT_IDS           = join(",", var.client_ids)
  })

  statements = [
    {
      # A read of nothing opens the connection while the first request is on its way.
      sid       = "OpenConnection"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [var.table_arns.settings]
    },
    {
      sid       = "UseKeys"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"]
      resources = [var.table_arns.keys]
    },
    {
      sid       = "OpenUserSecrets"
      actions   = ["kms:Decrypt"]
      resources = [var.user_secrets_key_arn]
    },
    {
      sid       = "ReadUserRecords"
      actions   = [local.find_user]
      resources = [var.user_pool_arn]
    },
    local.use_tables,
  ]
}

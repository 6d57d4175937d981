module "identity" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "identity"
  description  = "What Cognito asks before it makes a token: role and groups"
  code         = { filename = "${var.code.folder}/identity.zip", architecture = var.code.architecture }
  limits       = local.limits.identity
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "identity", null)

  # Nothing of the user pool: the pool names this function, and a circle could not be made.
  environment = merge(local.environment, {
    DATALAKE_AUDIT_QUEUE_URL = var.queue_urls.audit
    DATALAKE_DIRECTORY       = var.directory
    DATALAKE_GROUP_MAP       = jsonencode(var.group_map)
    DATALAKE_ADMIN_GROUP     = var.admin_group
  })

  statements = [
    {
      sid       = "WritePrincipals"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:PutItem"]
      resources = [var.table_arns.keys]
    },
    local.send_audit,
    local.use_tables,
    local.use_queues,
  ]
}

resource "aws_lambda_permission" "identity" {
  statement_id  = "user-pool"
  action        = "lambda:InvokeFunction"
  principal     = "cognito-idp.amazonaws.com"
  function_name = module.identity.function_name
  qualifier     = module.identity.alias_name
  source_arn    = var.user_pool_arn
}

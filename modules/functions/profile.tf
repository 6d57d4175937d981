module "profile" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "profile-service"
  description  = "The caller's record, API keys, people; health and the API's description"
  code         = { filename = "${var.code.folder}/profile.zip", architecture = var.code.architecture }
  limits       = local.limits.profile
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "profile", null)

  environment = merge(local.http_environment, {
    DATALAKE_USER_SECRETS_KEY_ARN = var.user_secrets_key_arn
    DATALAKE_USER_POOL_ID         = var.user_pool_id
    DATALAKE_DIRECTORY            = var.directory
    DATALAKE_ADMIN_GROUP          = var.admin_group
    DATALAKE_API_URL              = var.api_url
  })

  statements = concat(local.http_statements, [
    {
      sid       = "UseKeys"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [var.table_arns.keys]
    },
    {
      sid       = "ListKeysOfUser"
      actions   = ["dynamodb:Query"]
      resources = [var.index_arns.keys.user]
    },
    {
      sid       = "UseUserSecrets"
      actions   = ["kms:Decrypt", "kms:Encrypt"]
      resources = [var.user_secrets_key_arn]
    },
    {
      sid       = "UseDirectory"
      actions   = ["cognito-idp:AdminUpdateUserAttributes", "cognito-idp:ListGroups", local.find_user]
      resources = [var.user_pool_arn]
    },
  ])
}

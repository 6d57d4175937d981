module "cart" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "cart-service"
  description  = "Carts, exports and grant links"
  code         = { filename = "${var.code.folder}/cart.zip", architecture = var.code.architecture }
  limits       = local.limits.cart
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "cart", null)

  environment = merge(local.http_environment, {
    DATALAKE_BUCKET          = var.bucket_name
    DATALAKE_SIGNER_ROLE_ARN = local.signer_arn
  })

  statements = concat(local.http_statements, [
    {
      sid       = "UseCart"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [var.table_arns.cart]
    },
    {
      sid       = "FindGrants"
      actions   = ["dynamodb:Query"]
      resources = [var.index_arns.cart.token]
    },
    {
      sid       = "ReadPackages"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [var.table_arns.packages, var.table_arns.datasets]
    },
    {
      sid       = "ReadPrincipals"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [var.table_arns.keys]
    },
    {
      sid       = "SealGrantTokens"
      actions   = ["kms:Encrypt"]
      resources = [var.data_key_arn]
    },
    local.sign,
  ])
}

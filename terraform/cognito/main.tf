provider "aws" {
  region = var.region
}

module "identity" {
  source = "../../modules/identity-cognito"

  prefix                = var.prefix
  tags                  = var.tags
  protect               = var.protect
  identity_function_arn = module.stack.identity_function_arn
  administrator         = var.administrator
  admin_group           = var.admin_group
  passwords             = var.passwords
  mfa                   = var.mfa
  invitation            = var.invitation
  ses                   = var.ses
  domain_prefix         = var.domain_prefix
  domain                = var.domain
  callback_urls         = var.callback_urls
  logout_urls           = var.logout_urls
  tokens                = var.tokens
  web_acl_arn           = var.web_acl_arn
  jwks_url              = var.jwks_url
}

module "stack" {
  source = "../../modules/stack"

  prefix               = var.prefix
  tags                 = var.tags
  protect              = var.protect
  code                 = var.code
  iam                  = var.iam
  keys                 = var.keys
  data_bucket          = var.data_bucket
  import_locations     = var.import_locations
  log_bucket           = var.log_bucket
  search               = var.search
  functions            = var.functions
  delivery             = var.delivery
  api                  = var.api
  audit_retention_days = var.audit_retention_days
  audit_lock_mode      = var.audit_lock_mode
  alarms               = var.alarms
  budget               = var.budget
  console_origins      = var.console_origins

  directory     = module.identity.directory
  group_map     = module.identity.group_map
  admin_group   = module.identity.admin_group
  user_pool_id  = module.identity.user_pool_id
  user_pool_arn = module.identity.user_pool_arn
  issuer        = module.identity.issuer
  jwks_url      = module.identity.jwks_url
  client_ids    = [module.identity.client_id]

  destroyed_after_tables = module.identity.destroyed_after_tables
}

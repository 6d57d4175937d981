module "functions" {
  source = "../functions"

  prefix = var.prefix
  tags   = var.tags
  code   = var.code
  iam    = var.iam
  runtime = {
    log_level          = var.functions.log_level
    log_retention_days = var.functions.log_retention_days
    tracing            = var.functions.tracing
  }
  sizes         = var.functions.sizes
  live_versions = var.functions.live_versions
  concurrency   = var.functions.concurrency

  import_locations = var.import_locations

  table_arns             = module.foundation.table_arns
  index_arns             = module.foundation.index_arns
  table_stream_arns      = module.foundation.table_stream_arns
  bucket_name            = module.foundation.bucket_name
  bucket_arn             = module.foundation.bucket_arn
  data_key_arn           = module.foundation.key_arn
  user_secrets_key_arn   = module.foundation.user_secrets_key_arn
  queue_arns             = module.queues.queue_arns
  queue_urls             = module.queues.queue_urls
  dead_letter_queue_arns = module.queues.dead_letter_queue_arns
  search_endpoint        = module.search_domain.endpoint
  search_domain_arn      = module.search_domain.domain_arn
  audit_log_group_name   = module.audit.log_group_name
  audit_log_group_arn    = module.audit.log_group_arn
  audit_bucket_name      = module.audit.bucket_name
  audit_bucket_arn       = module.audit.bucket_arn
  audit_signing_key_arn  = module.audit.signing_key_arn
  api_url                = module.api.url
  console_origins        = var.console_origins

  directory     = var.directory
  group_map     = var.group_map
  admin_group   = var.admin_group
  user_pool_id  = var.user_pool_id
  user_pool_arn = var.user_pool_arn
  issuer        = var.issuer
  jwks_url      = var.jwks_url
  client_ids    = var.client_ids
}

module "api" {
  source = "../http-api"

  prefix          = var.prefix
  tags            = var.tags
  functions       = module.functions.http_functions
  authorizer      = module.functions.authorizer_function
  throttling      = { requests_per_second = var.api.requests_per_second, burst = var.api.burst }
  access_log      = { retention_days = var.api.log_retention_days }
  log_key_arn     = module.foundation.key_arn
  console_origins = var.console_origins
  domain          = var.api.domain
}

module "observability" {
  source = "../observability"

  prefix                  = var.prefix
  tags                    = var.tags
  functions               = module.functions.functions
  api_id                  = module.api.api_id
  queue_names             = module.queues.queue_names
  dead_letter_queue_names = merge(module.queues.dead_letter_queue_names, { changes = module.functions.changes_dead_queue_name })
  table_names             = module.foundation.table_names
  search_domain_name      = module.search_domain.domain_name
  alarms                  = { enabled = var.alarms.enabled }
  alarm_topic_arns        = var.alarms.topic_arns
  dashboard               = var.alarms.dashboard
  budget                  = var.budget
}

module "foundation" {
  source = "../foundation"

  prefix          = var.prefix
  tags            = var.tags
  protect         = var.protect
  keys            = var.keys
  bucket          = { for name, value in var.data_bucket : name => value if name != "reader_arns" }
  reader_arns     = var.data_bucket.reader_arns
  log_bucket_name = module.buckets.log_bucket_name
  console_origins = var.console_origins

  destroyed_after_tables = concat(
    [module.audit.log_group_name, module.audit.bucket_name, module.audit.signing_key_arn, module.api.api_id],
    values(module.queues.queue_urls),
    var.destroyed_after_tables,
  )

  # The functions that reach objects themselves, and the role whose signed URLs everybody else follows.
  object_role_arns = [
    module.functions.role_arns["packages"],
    module.functions.role_arns["manifest"],
    module.functions.role_arns["housekeeping"],
    module.functions.signer_role_arn,
  ]
  user_secrets_role_arns = [module.functions.role_arns["authorizer"], module.functions.role_arns["profile"]]
}

module "buckets" {
  source = "../buckets"

  prefix              = var.prefix
  tags                = var.tags
  protect             = var.protect
  existing_log_bucket = var.log_bucket.existing_name
  logs                = { days = var.log_bucket.days, old_version_days = var.log_bucket.old_version_days }
}

module "queues" {
  source = "../queues"

  prefix                    = var.prefix
  tags                      = var.tags
  iam                       = var.iam
  key_arn                   = module.foundation.key_arn
  function_timeouts         = module.functions.timeouts
  delivery                  = var.delivery
  alarms                    = { enabled = var.alarms.enabled }
  alarm_topic_arns          = var.alarms.topic_arns
  housekeeping_function_arn = module.functions.housekeeping_function_arn
}

module "audit" {
  source = "../audit"

  prefix            = var.prefix
  tags              = var.tags
  protect           = var.protect
  key_arn           = module.foundation.key_arn
  retention_in_days = var.audit_retention_days
  lock_mode         = var.audit_lock_mode
  log_bucket_name   = module.buckets.log_bucket_name

  housekeeping_role_arn       = module.functions.role_arns["housekeeping"]
  key_deletion_window_in_days = var.keys.deletion_window_in_days
}

module "search_domain" {
  source = "../search-domain"

  prefix = var.prefix
  tags   = var.tags

  existing = var.search.existing_endpoint == null ? null : {
    endpoint   = var.search.existing_endpoint
    domain_arn = var.search.existing_domain_arn
  }
  domain = {
    for name in ["preset", "engine_version", "instance_type", "master_instance_type", "nodes", "volume_gib"] :
    name => var.search[name] if var.search[name] != null
  }
  network_read = var.search.network_read

  search_role_arn  = module.functions.role_arns["search"]
  indexer_role_arn = module.functions.role_arns["indexer"]
  rights           = module.functions.search_rights
  key_arn          = module.foundation.key_arn
}

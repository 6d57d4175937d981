data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_partition" "current" {}

locals {
  # Memory gives processor time; the time limits are those of whoever waits: the gateway 30 s, its authorizer 10 s,
  # Cognito 5 s. A queue hides a message for six times as long as its worker runs.
  limits = { for name, limits in {
    packages     = { memory_mb = 512, timeout_seconds = 29 }
    search       = { memory_mb = 512, timeout_seconds = 29 }
    cart         = { memory_mb = 512, timeout_seconds = 29 }
    profile      = { memory_mb = 512, timeout_seconds = 29 }
    authorizer   = { memory_mb = 512, timeout_seconds = 9 }
    identity     = { memory_mb = 512, timeout_seconds = 5 }
    changes      = { memory_mb = 512, timeout_seconds = 60 }
    indexer      = { memory_mb = 512, timeout_seconds = 120 }
    manifest     = { memory_mb = 1024, timeout_seconds = 900 }
    logging      = { memory_mb = 512, timeout_seconds = 120 }
    housekeeping = { memory_mb = 512, timeout_seconds = 900 }
    } : name => {
    memory_mb       = coalesce(try(var.sizes[name].memory_mb, null), limits.memory_mb)
    timeout_seconds = coalesce(try(var.sizes[name].timeout_seconds, null), limits.timeout_seconds)
  } }

  names = {
    packages     = "${var.prefix}-package-service"
    search       = "${var.prefix}-search-service"
    cart         = "${var.prefix}-cart-service"
    profile      = "${var.prefix}-profile-service"
    authorizer   = "${var.prefix}-authorizer"
    identity     = "${var.prefix}-identity"
    changes      = "${var.prefix}-changes"
    indexer      = "${var.prefix}-indexer"
    manifest     = "${var.prefix}-manifest-service"
    logging      = "${var.prefix}-logging-service"
    housekeeping = "${var.prefix}-housekeeping"
  }

  logs = { retention_days = var.runtime.log_retention_days }

  # What every function is told.
  environment = {
    DATALAKE_PREFIX    = var.prefix
    DATALAKE_LOG_LEVEL = var.runtime.log_level
  }
}

variable "prefix" {
  description = "What every name begins with; several deployments in one account have different ones."
  type        = string
  default     = "data-lake"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}$", var.prefix))
    error_message = "The prefix is 2 to 16 lower-case letters, digits and hyphens, and begins with a letter."
  }

  validation {
    condition     = !contains(["datalake", "default"], var.prefix) && !can(regex("^(aws|xn--|sthree-|amzn-s3-demo-)|-(audit|user-secrets)$", var.prefix))
    error_message = "This prefix is taken: not datalake (the keys and the audit log of data-lake), default (a scheduler group of every account), aws…, xn--…, sthree-…, amzn-s3-demo-… (AWS reserves them), …-audit or …-user-secrets (keys of a shorter prefix)."
  }
}

variable "tags" {
  description = "Tags of every resource that takes some."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "protect" {
  description = "Refuse to destroy the log bucket while logs are in it."
  type        = bool
  default     = true
  nullable    = false
}

variable "existing_log_bucket" {
  description = "Name of a log bucket of yours, whose policy lets logging.s3.amazonaws.com put objects; nothing is made then."
  type        = string
  default     = null

  validation {
    condition     = var.existing_log_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.existing_log_bucket))
    error_message = "A bucket's name (not its ARN or address) is 3 to 63 lower-case letters, digits, dots and hyphens."
  }

  validation {
    condition     = var.existing_log_bucket == null || !contains(local.logged_bucket_names, coalesce(var.existing_log_bucket, "none"))
    error_message = "The data bucket and the bucket of the audit log's heads are logged: the log of a bucket belongs into another."
  }
}

variable "logs" {
  description = "Days until logs, and their replaced versions, expire."
  type = object({
    days             = optional(number, 365)
    old_version_days = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for days in values(var.logs) : days >= 1 && days == floor(days)])
    error_message = "Days are whole numbers of at least 1."
  }
}

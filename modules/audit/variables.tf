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
  description = "Leave the log group in the account when everything else is destroyed."
  type        = bool
  default     = true
  nullable    = false
}

variable "key_arn" {
  description = "Key that encrypts the records (module `foundation`)."
  type        = string
  nullable    = false
}

variable "retention_in_days" {
  description = "Days until a record expires; 0 keeps it for ever."
  type        = number
  default     = 731
  nullable    = false

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.retention_in_days,
    )
    error_message = "CloudWatch Logs keeps records for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, or for ever (0)."
  }
}

variable "lock_mode" {
  description = "How signed heads are locked for as long as records are kept: `GOVERNANCE` (whoever may change the bucket's policy can unlock them, which CloudTrail tells) or `COMPLIANCE` (nobody can, nor remove the bucket, before the time is over)."
  type        = string
  default     = "GOVERNANCE"
  nullable    = false

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.lock_mode)
    error_message = "The lock's mode is GOVERNANCE or COMPLIANCE."
  }

  validation {
    condition     = var.lock_mode == "GOVERNANCE" || var.retention_in_days > 0
    error_message = "Records that are kept for ever would make a bucket that nobody can remove for a hundred years: COMPLIANCE needs retention_in_days."
  }
}

variable "log_bucket_name" {
  description = "Where S3 logs who reaches the bucket of signed heads (module `buckets`)."
  type        = string
  nullable    = false
}

variable "housekeeping_role_arn" {
  description = "The only role that may sign heads, if its policy allows it too."
  type        = string
  nullable    = false
}

variable "key_deletion_window_in_days" {
  description = "Days that KMS waits before it deletes the key that signs."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_in_days >= 7 && var.key_deletion_window_in_days <= 30
    error_message = "KMS waits for 7 to 30 days."
  }

  validation {
    condition     = var.key_deletion_window_in_days == floor(var.key_deletion_window_in_days)
    error_message = "Days are whole numbers."
  }
}

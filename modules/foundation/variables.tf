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
  description = "Refuse to destroy what can't be made again: tables, data bucket and keys. Set it to false and apply before `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}

variable "keys" {
  description = "KMS keys: ARNs of your own (symmetric, with key policies that let the account's role policies decide, and CloudWatch Logs use the first), or how those made here behave."
  type = object({
    data_key_arn            = optional(string)
    user_secrets_key_arn    = optional(string)
    deletion_window_in_days = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for arn in [var.keys.data_key_arn, var.keys.user_secrets_key_arn] :
      arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))
    ])
    error_message = "A key is named by its key ARN (arn:…:kms:…:key/…), not by an alias."
  }

  validation {
    condition     = var.keys.data_key_arn == null || var.keys.data_key_arn != var.keys.user_secrets_key_arn
    error_message = "Users' secrets have a key of their own: the two ARNs must differ."
  }

  validation {
    condition     = var.keys.deletion_window_in_days >= 7 && var.keys.deletion_window_in_days <= 30
    error_message = "KMS waits 7 to 30 days before it deletes a key."
  }

  validation {
    condition     = var.keys.deletion_window_in_days == floor(var.keys.deletion_window_in_days)
    error_message = "Days are whole numbers."
  }
}

variable "user_secrets_role_arns" {
  description = "Roles that may use the key of users' secrets (authorizer and profile); nobody else in the account may, whatever its policy says."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.user_secrets_role_arns) > 0 && alltrue([for arn in var.user_secrets_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*?]+$", arn))])
    error_message = "Name at least one role, each by its whole ARN."
  }
}

variable "object_role_arns" {
  description = "The product's roles that read and write objects (functions and signer); ARNs, strings that the caller computes."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.object_role_arns) > 0 && alltrue([for arn in var.object_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*?]+$", arn))])
    error_message = "Name at least one role, each by its whole ARN."
  }
}

variable "reader_arns" {
  description = "Roles and users of yours that may reach objects besides the product, as far as their own policies let them; `*` and `?` stand for any text within a part of the ARN."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.reader_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[A-Za-z0-9]", arn))])
    error_message = "A reader is arn:…:iam::ACCOUNT:role/NAME or user/NAME; the account is named, and the name begins with at least one letter or digit."
  }
}

variable "bucket" {
  description = "The data bucket: days until old versions, export manifests and query results expire, and until unfinished uploads are aborted."
  type = object({
    old_version_days       = optional(number, 35)
    export_days            = optional(number, 35)
    query_result_days      = optional(number, 7)
    unfinished_upload_days = optional(number, 7)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for days in values(var.bucket) : days >= 1 && days == floor(days)])
    error_message = "Days are whole numbers of at least 1."
  }

  validation {
    condition     = var.bucket.export_days >= 31
    error_message = "The product itself keeps exports for 30 days: export_days is at least 31."
  }
}

variable "log_bucket_name" {
  description = "Where S3 delivers the data bucket's access log (module `buckets`)."
  type        = string
  nullable    = false
}

variable "console_origins" {
  description = "Origins whose scripts may upload and download by signed URLs (`https://host`)."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.console_origins : can(regex("^(https://[a-z0-9.-]+|http://(localhost|127\\.0\\.0\\.1))(:[0-9]+)?$", origin))])
    error_message = "An origin is https://host or https://host:port (http only for this machine), without a path or a wildcard."
  }
}

variable "destroyed_after_tables" {
  description = "Values of resources of other modules that are destroyed only after the tables (the audit log's group): where the tables refuse, these stay too."
  type        = list(string)
  default     = []
  nullable    = false
}

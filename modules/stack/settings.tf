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

  validation {
    condition     = !anytrue([for key in keys(var.tags) : startswith(lower(key), "aws:")])
    error_message = "AWS reserves tags whose keys begin with aws: for itself."
  }

  validation {
    # What IAM takes: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html. A search domain has fewer (module search-domain).
    condition = length(var.tags) <= 50 && alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))
    ])
    error_message = "There are at most 50 tags; a key has 1 to 128 characters and a value up to 256: letters, digits, spaces and _ . : / = + - @."
  }

  validation {
    condition     = length(distinct([for key in keys(var.tags) : lower(key)])) == length(var.tags)
    error_message = "IAM takes tags whose keys differ in case alone for the same."
  }
}

variable "protect" {
  description = "Refuse to destroy what can't be made again: tables, data bucket, keys, user pool. Set it to false and apply before `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}

variable "code" {
  description = "The folder with one zip a function (`scripts/package` fills `dist`), and the processor that they were built for: `x86_64` or `arm64`."
  type = object({
    folder       = optional(string, "../../dist")
    architecture = optional(string, "x86_64")
  })
  default  = {}
  nullable = false
}

variable "iam" {
  description = "For every role: the path below which they are made, and the ARN of a permissions boundary."
  type = object({
    role_path            = optional(string, "/")
    permissions_boundary = optional(string)
  })
  default  = {}
  nullable = false
}

variable "keys" {
  description = "KMS keys of yours in place of those made here (ARNs), and for how many days KMS waits before it deletes one."
  type = object({
    data_key_arn            = optional(string)
    user_secrets_key_arn    = optional(string)
    deletion_window_in_days = optional(number, 30)
  })
  default  = {}
  nullable = false
}

variable "data_bucket" {
  description = "The data bucket: days until old versions, export manifests and query results expire and unfinished uploads are aborted; roles and users of yours that may reach objects besides the product."
  type = object({
    old_version_days       = optional(number, 35)
    export_days            = optional(number, 35)
    query_result_days      = optional(number, 7)
    unfinished_upload_days = optional(number, 7)
    reader_arns            = optional(list(string), [])
  })
  default  = {}
  nullable = false
}

variable "import_locations" {
  description = "Where existing objects may be imported from, once an administrator registers them: buckets by ARN, each with the folders in it (all of it if none is named) and the KMS key of its objects, if they have one. Another account's bucket or key must allow it, too."
  type = list(object({
    bucket_arn  = string
    folders     = optional(list(string), [])
    kms_key_arn = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for location in var.import_locations : can(regex("^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]+$", location.bucket_arn))])
    error_message = "A location's bucket is an ARN: arn:aws:s3:::name."
  }

  validation {
    condition     = alltrue(flatten([for location in var.import_locations : [for folder in location.folders : can(regex("^[^/*?][^*?]*/$", folder))]]))
    error_message = "A location's folder ends with a slash, begins with none, and has no wildcard."
  }

  validation {
    # Policies have no other characters (https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html), and $ followed by
    # a brace is a variable in them (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
    condition     = alltrue(flatten([for location in var.import_locations : [for folder in location.folders : can(regex("^[ -~\u00a0-\u00ff]*$", folder)) && !can(regex("[$][{]", folder))]]))
    error_message = "A location's folder is written in Latin letters (ISO 8859-1), without a brace after $: IAM takes no other in a policy. Name a folder above it."
  }

  validation {
    condition     = alltrue([for location in var.import_locations : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", location.kms_key_arn)) if location.kms_key_arn != null])
    error_message = "A location's key is named by its own ARN, not by an alias, and without wildcard: arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

variable "log_bucket" {
  description = "The log bucket: the name of one of yours, or days until logs and their replaced versions expire in the one that is made."
  type = object({
    existing_name    = optional(string)
    days             = optional(number, 365)
    old_version_days = optional(number, 30)
  })
  default  = {}
  nullable = false
}

variable "search" {
  description = "The search domain: a preset (`small`: one node; `ha`: three zones) and what differs from it, or the address of a cluster that is there already, with its ARN if it is a domain of OpenSearch Service; and who else may read it (module `search-domain`)."
  type = object({
    preset               = optional(string)
    engine_version       = optional(string)
    instance_type        = optional(string)
    master_instance_type = optional(string)
    nodes                = optional(number)
    volume_gib           = optional(number)
    existing_endpoint    = optional(string)
    existing_domain_arn  = optional(string)
    network_read = optional(object({
      cidrs          = list(string)
      principal_arns = optional(list(string), [])
      unsigned       = optional(bool, false)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition = var.search.existing_endpoint == null || alltrue([
      for value in [var.search.preset, var.search.engine_version, var.search.instance_type, var.search.master_instance_type, var.search.nodes, var.search.volume_gib] : value == null
    ])
    error_message = "A cluster that is there already is not made: leave existing_endpoint out, or everything about a new domain."
  }

  validation {
    condition     = var.search.existing_domain_arn == null || var.search.existing_endpoint != null
    error_message = "existing_domain_arn is of a cluster that is there already: it needs existing_endpoint."
  }

  validation {
    condition     = var.search.network_read == null || var.search.existing_endpoint == null
    error_message = "Who may read a cluster that is there already is yours to say: leave network_read out."
  }
}

variable "functions" {
  description = "The functions: log level, days until their logs expire, X-Ray, memory and time limits by function, versions to hold, batches at once by queue (module `functions`)."
  type = object({
    log_level          = optional(string, "info")
    log_retention_days = optional(number, 30)
    tracing            = optional(bool, false)
    sizes = optional(map(object({
      memory_mb       = optional(number)
      timeout_seconds = optional(number)
    })), {})
    live_versions = optional(map(string), {})
    concurrency = optional(object({
      audit        = optional(number, 8)
      search       = optional(number, 4)
      manifest     = optional(number, 4)
      housekeeping = optional(number, 2)
    }), {})
  })
  default  = {}
  nullable = false
}

variable "delivery" {
  description = "The queues: how often a message of each one is tried before it goes to the dead letters, and for how many days messages and dead letters are kept (module `queues`)."
  type = object({
    attempts = optional(object({
      manifest     = optional(number, 5)
      housekeeping = optional(number, 5)
      search       = optional(number, 24)
      audit        = optional(number, 24)
    }), {})
    message_days     = optional(number, 4)
    dead_letter_days = optional(number, 14)
  })
  default  = {}
  nullable = false
}

variable "api" {
  description = "The API: requests a second that it takes and how many at once, days until its access log expires, a domain name of yours (module `http-api`)."
  type = object({
    requests_per_second = optional(number, 200)
    burst               = optional(number, 400)
    log_retention_days  = optional(number, 90)
    domain = optional(object({
      name            = string
      certificate_arn = string
      zone_id         = optional(string)
    }))
  })
  default  = {}
  nullable = false
}

variable "audit_retention_days" {
  description = "Days until a record of the audit log expires; 0 keeps it for ever."
  type        = number
  default     = 731
  nullable    = false
}

variable "audit_lock_mode" {
  description = "How the audit log's signed heads are locked: `GOVERNANCE`, or `COMPLIANCE`: nobody can remove them, nor the bucket, before the records' retention is over (module `audit`)."
  type        = string
  default     = "GOVERNANCE"
  nullable    = false
}

variable "alarms" {
  description = "Whether alarms and a dashboard are made, and the standard SNS topics that hear of alarms (module `observability`)."
  type = object({
    enabled    = optional(bool, true)
    dashboard  = optional(bool, true)
    topic_arns = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alarms.enabled || length(var.alarms.topic_arns) == 0
    error_message = "Without alarms no topic hears of any."
  }

  validation {
    # A topic that keeps an order takes no message without a group, which alarms don't give
    # (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
    condition     = alltrue([for arn in var.alarms.topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "Alarms go to standard topics of SNS, by ARN (arn:aws:sns:REGION:ACCOUNT:NAME); to none whose name ends with .fifo."
  }

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    condition     = length(var.alarms.topic_arns) <= 5
    error_message = "An alarm tells at most five topics."
  }
}

variable "budget" {
  description = "A monthly budget in US dollars, who is told by mail, and the cost allocation tag (`key$value`) that selects this deployment."
  type = object({
    monthly_usd = number
    emails      = list(string)
    tag         = optional(string)
  })
  default = null
}

variable "console_origins" {
  description = "Origins whose scripts may call the API and follow signed URLs (`https://host`)."
  type        = list(string)
  default     = []
  nullable    = false
}

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

variable "iam" {
  description = "For the roles: the path below which they are made, and the ARN of a permissions boundary."
  type = object({
    role_path            = optional(string, "/")
    permissions_boundary = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    condition     = can(regex("^/([!-.0-~]+/)*$", var.iam.role_path)) && length(var.iam.role_path) <= 512
    error_message = "A role's path begins and ends with a slash, and has at most 512 characters."
  }
}

variable "code" {
  description = "The folder with one zip a function (`packages.zip` …), and the processor that they were built for."
  type = object({
    folder       = string
    architecture = optional(string, "x86_64")
  })
  nullable = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.code.architecture)
    error_message = "The architecture is x86_64 or arm64."
  }

  validation {
    condition = alltrue([
      for name in ["packages", "search", "cart", "profile", "authorizer", "identity", "changes", "indexer", "manifest", "logging", "housekeeping"] :
      fileexists("${var.code.folder}/${name}.zip")
    ])
    error_message = join("", ["There are no zips of some functions in ${var.code.folder}: build them with scripts/package, or unpack a release's there. Missing: ", join(", ", [
      for name in ["packages", "search", "cart", "profile", "authorizer", "identity", "changes", "indexer", "manifest", "logging", "housekeeping"] :
      "${name}.zip" if !fileexists("${var.code.folder}/${name}.zip")
    ]), "."])
  }
}

variable "runtime" {
  description = "How all functions run: log level (`error`, `warn`, `info`, `debug`, `trace`), days until their logs expire, and whether X-Ray traces them."
  type = object({
    log_level          = optional(string, "info")
    log_retention_days = optional(number, 30)
    tracing            = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["error", "warn", "info", "debug", "trace"], var.runtime.log_level)
    error_message = "The log level is error, warn, info, debug or trace."
  }
}

variable "sizes" {
  description = "Memory and time limit of single functions by short name, where they differ from the defaults."
  type = map(object({
    memory_mb       = optional(number)
    timeout_seconds = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.sizes) : contains(["packages", "search", "cart", "profile", "authorizer", "identity", "changes", "indexer", "manifest", "logging", "housekeeping"], name)])
    error_message = "Sizes are by function: packages, search, cart, profile, authorizer, identity, changes, indexer, manifest, logging or housekeeping."
  }

  validation {
    condition     = alltrue([for name in ["packages", "search", "cart", "profile"] : coalesce(try(var.sizes[name].timeout_seconds, null), 29) <= 30])
    error_message = "The gateway waits for 30 seconds: packages, search, cart and profile have at most as many."
  }

  validation {
    condition     = coalesce(try(var.sizes["authorizer"].timeout_seconds, null), 9) <= 10
    error_message = "The gateway waits for its authorizer for 10 seconds."
  }

  validation {
    condition     = coalesce(try(var.sizes["identity"].timeout_seconds, null), 5) <= 5
    error_message = "Cognito waits for the identity function for 5 seconds."
  }

  validation {
    # The code gives up by itself, with an answer or a note of where to go on, if it has as long as this.
    condition = alltrue([for name, least in {
      packages = 29, search = 29, cart = 29, profile = 29, authorizer = 9, identity = 5,
      changes  = 60, logging = 60, indexer = 120, manifest = 300, housekeeping = 300
    } : coalesce(try(var.sizes[name].timeout_seconds, null), least) >= least])
    error_message = "With less time a function is cut off in its work: packages, search, cart and profile have at least 29 seconds, authorizer 9, identity 5, changes and logging 60, indexer 120, manifest and housekeeping 300."
  }

  validation {
    condition     = alltrue(flatten([for size in values(var.sizes) : [for number in [size.memory_mb, size.timeout_seconds] : number == null || try(number == floor(number), false)]]))
    error_message = "Memory and time limits are whole numbers."
  }
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

  validation {
    condition     = !contains(var.import_locations[*].bucket_arn, var.bucket_arn)
    error_message = "Files of packages can't be imported: the data bucket is no location."
  }
}

variable "live_versions" {
  description = "Holds functions, by short name, on an earlier version, which must be there, to take a deployment back."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.live_versions) : contains(["packages", "search", "cart", "profile", "authorizer", "identity", "changes", "indexer", "manifest", "logging", "housekeeping"], name)])
    error_message = "Versions are by function: packages, search, cart, profile, authorizer, identity, changes, indexer, manifest, logging or housekeeping."
  }
}

variable "concurrency" {
  description = "How many batches of a queue are worked on at once, at most."
  type = object({
    audit        = optional(number, 8)
    search       = optional(number, 4)
    manifest     = optional(number, 4)
    housekeeping = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for limit in values(var.concurrency) : limit >= 2 && limit <= 1000])
    error_message = "Lambda takes 2 to 1,000 for each queue."
  }

  validation {
    condition     = alltrue([for limit in values(var.concurrency) : limit == floor(limit)])
    error_message = "Batches at once are whole numbers."
  }
}

variable "feed" {
  description = "The tables' change feed: changes a batch, and how old a change may get: until then a batch that fails is tried again."
  type = object({
    batch_size         = optional(number, 100)
    record_age_seconds = optional(number, 82800)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.feed.batch_size >= 1 && var.feed.batch_size <= 1000
    error_message = "A batch has 1 to 1,000 changes: what follows from more may not fit into one run."
  }

  validation {
    condition     = var.feed.record_age_seconds >= 60 && var.feed.record_age_seconds < 86400
    error_message = "A stream keeps changes for 24 hours: the age is 60 to 86,399 seconds, so that what is too old is noted before it is gone."
  }

  validation {
    condition     = alltrue([for number in values(var.feed) : number == floor(number)])
    error_message = "Changes and seconds are whole numbers."
  }
}

variable "table_arns" {
  description = "ARNs of the six tables by short name (module `foundation`)."
  type        = map(string)
  nullable    = false
}

variable "index_arns" {
  description = "ARNs of the tables' indexes: table -> index -> ARN (module `foundation`)."
  type        = map(map(string))
  nullable    = false
}

variable "table_stream_arns" {
  description = "ARNs of the tables' streams by short name (module `foundation`)."
  type        = map(string)
  nullable    = false
}

variable "bucket_name" {
  description = "The data bucket's name."
  type        = string
  nullable    = false
}

variable "bucket_arn" {
  description = "The data bucket's ARN."
  type        = string
  nullable    = false
}

variable "data_key_arn" {
  description = "Key of tables, objects, messages and logs; it also seals cursors and grant tokens."
  type        = string
  nullable    = false
}

variable "user_secrets_key_arn" {
  description = "Key of what users' secrets are derived from."
  type        = string
  nullable    = false

  validation {
    condition     = var.user_secrets_key_arn != var.data_key_arn
    error_message = "Users' secrets have a key of their own."
  }
}

variable "queue_arns" {
  description = "ARNs of the queues by worker (module `queues`)."
  type        = map(string)
  nullable    = false
}

variable "queue_urls" {
  description = "URLs of the queues by worker (module `queues`)."
  type        = map(string)
  nullable    = false
}

variable "dead_letter_queue_arns" {
  description = "ARNs of the queues of dead letters by worker (module `queues`)."
  type        = map(string)
  nullable    = false
}

variable "search_endpoint" {
  description = "The search cluster's address, without a slash at the end."
  type        = string
  nullable    = false
}

variable "search_domain_arn" {
  description = "ARN of the search domain; null for a cluster that is no domain of OpenSearch Service."
  type        = string
  default     = null
}

variable "audit_log_group_name" {
  description = "Name of the audit log's group."
  type        = string
  nullable    = false
}

variable "audit_log_group_arn" {
  description = "ARN of the audit log's group, without `:*`."
  type        = string
  nullable    = false
}

variable "audit_bucket_name" {
  description = "Name of the bucket of the audit log's signed heads (module `audit`)."
  type        = string
  nullable    = false
}

variable "audit_bucket_arn" {
  description = "ARN of the bucket of the audit log's signed heads."
  type        = string
  nullable    = false
}

variable "audit_signing_key_arn" {
  description = "ARN of the key that signs the audit log's heads."
  type        = string
  nullable    = false
}

variable "directory" {
  description = "Who owns people and groups: `cognito` (the product, in the user pool) or `federated` (the identity provider)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["cognito", "federated"], var.directory)
    error_message = "The directory is cognito or federated."
  }
}

variable "group_map" {
  description = "Federated: the provider's names of groups, and the group that each one is here. A name that is not listed counts as it is, if it can be a group's name."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.group_map) == 0 || var.directory == "federated"
    error_message = "Only a federated directory has names to map."
  }

  validation {
    condition     = alltrue([for group in values(var.group_map) : can(regex("^[A-Za-z0-9._-]{1,64}$", group)) && !contains([".", ".."], group)])
    error_message = "A group's name is 1 to 64 letters, digits, '.', '_' or '-'."
  }

  validation {
    # Base64 tells bytes: length() counts characters.
    condition     = length(base64encode(join("", [jsonencode(var.group_map), var.admin_group]))) <= 4000
    error_message = "Lambda's environment holds 4 KB: the group map as JSON and the administrators' group may have 3,000 bytes together."
  }
}

variable "admin_group" {
  description = "Name of the administrators' group in the directory."
  type        = string
  nullable    = false
}

variable "user_pool_id" {
  description = "The user pool's id."
  type        = string
  nullable    = false
}

variable "user_pool_arn" {
  description = "The user pool's ARN."
  type        = string
  nullable    = false
}

variable "issuer" {
  description = "Who issues access tokens."
  type        = string
  nullable    = false
}

variable "jwks_url" {
  description = "Where the issuer's keys are."
  type        = string
  nullable    = false
}

variable "client_ids" {
  description = "Clients whose access tokens are taken."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.client_ids) > 0
    error_message = "Name at least one client: tokens of no other are taken."
  }
}

variable "api_url" {
  description = "The API's public address, without a slash at the end."
  type        = string
  nullable    = false
}

variable "console_origins" {
  description = "Origins whose scripts may call the API."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    # An origin has no other characters than ASCII's.
    condition     = length(join(",", var.console_origins)) <= 2000
    error_message = "Lambda's environment holds 4 KB: the origins may have 2,000 characters together."
  }
}

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

variable "name" {
  description = "The function's name behind the prefix."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "The name is 2 to 31 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "description" {
  description = "What the function is for, in one line."
  type        = string
  nullable    = false
}

variable "code" {
  description = "The zip with the one file `bootstrap`, and the processor that it was built for."
  type = object({
    filename     = string
    architecture = optional(string, "x86_64")
  })
  nullable = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.code.architecture)
    error_message = "The architecture must be x86_64 or arm64."
  }

  validation {
    condition     = endswith(var.code.filename, ".zip")
    error_message = "The code must be a zip file."
  }
}

variable "limits" {
  description = "Memory (Lambda gives processor time by it), time for one call, and executions reserved for this function."
  type = object({
    memory_mb            = optional(number, 512)
    timeout_seconds      = optional(number, 30)
    reserved_concurrency = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.limits.memory_mb >= 128 && var.limits.memory_mb <= 10240
    error_message = "The memory must be 128 to 10240 MB."
  }

  validation {
    condition     = var.limits.timeout_seconds >= 1 && var.limits.timeout_seconds <= 900
    error_message = "The time limit must be 1 to 900 seconds."
  }

  validation {
    condition     = try(var.limits.reserved_concurrency > 0, true)
    error_message = "No execution at all would switch the function off: leave reserved_concurrency out."
  }

  validation {
    condition     = alltrue([for number in values(var.limits) : number == null || try(number == floor(number), false)])
    error_message = "Memory, time limit and executions are whole numbers."
  }
}

variable "environment" {
  description = "What the function is told; nothing secret."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "environment_key_arn" {
  description = "KMS key for the environment in place of Lambda's own."
  type        = string
  default     = null
}

variable "statements" {
  description = "What the function may do besides writing its log: actions and resources by name; `conditions` as IAM has them."
  type = list(object({
    sid        = string
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(list(string))))
  }))
  default  = []
  nullable = false

  validation {
    condition     = !anytrue(flatten([for statement in var.statements : [for action in statement.actions : strcontains(action, "*")]]))
    error_message = "Every action must be named: no wildcard."
  }

  validation {
    condition     = !anytrue(flatten([for statement in var.statements : [for resource in statement.resources : resource == "*"]]))
    error_message = "Every statement must name its resources: not \"*\"."
  }

  validation {
    condition     = alltrue([for statement in var.statements : length(statement.actions) > 0 && length(statement.resources) > 0])
    error_message = "A statement without actions or resources allows nothing: leave it out."
  }

  validation {
    condition     = length(distinct([for statement in var.statements : statement.sid])) == length(var.statements)
    error_message = "Every statement needs a sid of its own."
  }
}

variable "iam" {
  description = "For the function's role: the path below which roles are made, and the ARN of a permissions boundary."
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

  validation {
    condition     = var.iam.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::(aws|[0-9]{12}):policy/", var.iam.permissions_boundary))
    error_message = "The permissions boundary is the ARN of a policy."
  }
}

variable "logs" {
  description = "How long the function's log is kept."
  type = object({
    retention_days = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.logs.retention_days)
    error_message = "CloudWatch Logs keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "log_key_arn" {
  description = "KMS key that encrypts the log."
  type        = string
  default     = null
}

variable "dead_letter_queue_arn" {
  description = "For a function that is invoked asynchronously: the queue for what it could not do."
  type        = string
  default     = null
}

variable "tracing" {
  description = "Whether X-Ray traces calls."
  type        = bool
  default     = false
  nullable    = false
}

variable "live_version" {
  description = "Holds the alias on an earlier version, which must be there, to take a deployment back; the newest by default."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[1-9][0-9]*$", coalesce(var.live_version, "1")))
    error_message = "The live version must be a number such as 7."
  }
}

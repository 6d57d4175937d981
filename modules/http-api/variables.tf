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

variable "functions" {
  description = "The functions behind the API, by the first part of the path; `profile` is one of them (module `functions`)."
  type = map(object({
    function_name = string
    alias_name    = string
    invoke_arn    = string
  }))
  nullable = false

  validation {
    condition     = contains(keys(var.functions), "profile")
    error_message = "The profile function answers for health, the API's description and unknown paths: it must be there."
  }

  validation {
    condition     = alltrue([for prefix in keys(var.functions) : can(regex("^[a-z][a-z-]*$", prefix))])
    error_message = "The first part of a path is lower-case letters and hyphens."
  }
}

variable "authorizer" {
  description = "The function that tells who a caller is (module `functions`)."
  type = object({
    function_name = string
    alias_name    = string
    invoke_arn    = string
  })
  nullable = false
}

variable "throttling" {
  description = "Requests a second that the whole API takes, and how many may come at once; what is more is answered 429."
  type = object({
    requests_per_second = optional(number, 200)
    burst               = optional(number, 400)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.throttling.requests_per_second >= 1 && var.throttling.burst >= var.throttling.requests_per_second
    error_message = "At least one request a second is taken, and at once at least as many as in a second."
  }

  validation {
    condition     = var.throttling.burst == floor(var.throttling.burst)
    error_message = "How many come at once is a whole number."
  }
}

variable "access_log" {
  description = "How long the access log is kept."
  type = object({
    retention_days = optional(number, 90)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.access_log.retention_days)
    error_message = "CloudWatch Logs does not offer this retention."
  }
}

variable "log_key_arn" {
  description = "Key that encrypts the access log (module `foundation`)."
  type        = string
  nullable    = false
}

variable "console_origins" {
  description = "Origins whose scripts may call the API (`https://host`)."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.console_origins : can(regex("^(https://[a-z0-9.-]+|http://(localhost|127\\.0\\.0\\.1))(:[0-9]+)?$", origin))])
    error_message = "An origin is https://host or https://host:port (http only for this machine), without a path or a wildcard."
  }
}

variable "domain" {
  description = "A domain name of yours for the API: a certificate for it in this region, and its Route 53 zone if the record is to be made here."
  type = object({
    name            = string
    certificate_arn = string
    zone_id         = optional(string)
  })
  default = null

  validation {
    condition     = var.domain == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.domain.name))
    error_message = "The domain is a name in lower case, such as api.lake.example.com."
  }

  validation {
    condition     = var.domain == null || can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[^/]+$", var.domain.certificate_arn))
    error_message = "The certificate is named by its ARN in AWS Certificate Manager."
  }
}

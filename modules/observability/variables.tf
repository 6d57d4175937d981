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
  description = "The functions to watch, by short name: the function's name, its time limit, and from which 99th percentile on it is slow."
  type = map(object({
    name            = string
    timeout_seconds = number
    slow_ms         = optional(number)
  }))
  nullable = false

  validation {
    condition     = length(var.functions) > 0 && alltrue([for function in values(var.functions) : function.timeout_seconds >= 1 && function.timeout_seconds <= 900])
    error_message = "There is at least one function, and each runs for 1 to 900 seconds."
  }

  validation {
    condition     = alltrue([for function in values(var.functions) : function.slow_ms == null || try(function.slow_ms > 0 && function.slow_ms < function.timeout_seconds * 1000, false)])
    error_message = "slow_ms is below the function's time limit: above it the alarm could never be raised."
  }
}

variable "api_id" {
  description = "Id of the HTTP API."
  type        = string
  nullable    = false
}

variable "queue_names" {
  description = "Queues by worker (module `queues`)."
  type        = map(string)
  nullable    = false
}

variable "dead_letter_queue_names" {
  description = "Queues of dead letters by worker (module `queues`)."
  type        = map(string)
  nullable    = false
}

variable "table_names" {
  description = "Tables by short name (module `foundation`)."
  type        = map(string)
  nullable    = false
}

variable "search_domain_name" {
  description = "The search domain's name (module `search-domain`), null if there is none."
  type        = string
  default     = null
}

variable "alarms" {
  description = "Which alarms are made, and their limits: errors within five minutes, the share of a function's time limit from which on it is slow, free space of a search node."
  type = object({
    enabled                 = optional(bool, true)
    errors                  = optional(number, 5)
    slow_share              = optional(number, 0.8)
    search_free_storage_mib = optional(number, 2048)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alarms.errors >= 1 && var.alarms.slow_share > 0 && var.alarms.slow_share < 1 && var.alarms.search_free_storage_mib > 0
    error_message = "errors is at least 1, slow_share between 0 and 1, search_free_storage_mib above 0."
  }
}

variable "alarm_topic_arns" {
  description = "Standard SNS topics that hear of alarms, at most five."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    # A topic that keeps an order takes no message without a group, which alarms don't give
    # (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "Alarms go to standard topics of SNS, by ARN (arn:aws:sns:REGION:ACCOUNT:NAME); to none whose name ends with .fifo."
  }

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    condition     = length(var.alarm_topic_arns) <= 5
    error_message = "An alarm tells at most five topics."
  }
}

variable "dashboard" {
  description = "Whether a dashboard is made."
  type        = bool
  default     = true
  nullable    = false
}

variable "budget" {
  description = "A monthly budget: its limit in US dollars, who is told by mail at 80 % spent and 100 % forecast, and the cost allocation tag (`key$value`, active in the billing settings) that selects this deployment; without it the whole account counts."
  type = object({
    monthly_usd = number
    emails      = list(string)
    tag         = optional(string)
  })
  default = null

  validation {
    condition     = var.budget == null || try(var.budget.monthly_usd > 0 && length(var.budget.emails) >= 1 && length(var.budget.emails) <= 10, false)
    error_message = "A budget is above 0 US dollars and tells 1 to 10 addresses."
  }

  validation {
    condition     = alltrue([for email in try(var.budget.emails, []) : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s.]+$", email))])
    error_message = "A budget tells e-mail addresses (somebody@example.com)."
  }

  validation {
    condition     = try(var.budget.tag, null) == null || can(regex("^[^$]+\\$[^$]+$", var.budget.tag))
    error_message = "The tag is written key$value."
  }
}

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
  description = "For the schedule's role: the path below which roles are made, and the ARN of a permissions boundary."
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

variable "key_arn" {
  description = "Key that encrypts the messages (module `foundation`)."
  type        = string
  nullable    = false
}

variable "function_timeouts" {
  description = "Seconds after which each worker's function ends: a message stays hidden for six times as long."
  type = object({
    manifest     = optional(number, 900)
    housekeeping = optional(number, 900)
    search       = optional(number, 120)
    audit        = optional(number, 120)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for seconds in values(var.function_timeouts) : seconds >= 1 && seconds <= 900])
    error_message = "A function runs for 1 to 900 seconds."
  }

  validation {
    condition     = alltrue([for seconds in values(var.function_timeouts) : seconds == floor(seconds)])
    error_message = "Time limits are whole numbers."
  }
}

variable "delivery" {
  description = "How often a message of each queue is tried before it goes to the dead letters (so often times six of its function's time limit must outlast an outage), and for how many days messages and dead letters are kept."
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

  validation {
    condition     = alltrue([for attempts in values(var.delivery.attempts) : attempts >= 2 && attempts <= 1000 && attempts == floor(attempts)])
    error_message = "A message is tried 2 to 1,000 times."
  }

  validation {
    # What is never let go of expires, and SQS drops without a trace what expires before its last try.
    condition = alltrue([for queue, attempts in var.delivery.attempts : attempts * 6 * var.function_timeouts[queue] < var.delivery.message_days * 86400])
    error_message = join(" ", [for queue, attempts in var.delivery.attempts :
      "The ${attempts} tries of queue ${queue}, six of its function's time limits each, take ${attempts * 6 * var.function_timeouts[queue]} seconds, and SQS drops its messages after ${var.delivery.message_days * 86400}: they would never reach the dead letters. Fewer attempts, or more message_days."
      if attempts * 6 * var.function_timeouts[queue] >= var.delivery.message_days * 86400
    ])
  }

  validation {
    condition     = alltrue([for days in [var.delivery.message_days, var.delivery.dead_letter_days] : days == floor(days)])
    error_message = "Days are whole numbers."
  }

  validation {
    condition     = var.delivery.message_days >= 1 && var.delivery.dead_letter_days <= 14
    error_message = "SQS keeps messages for at most 14 days."
  }

  validation {
    # A message that is moved keeps the time at which it was sent: with less, it would be gone as soon as it is dead.
    condition     = var.delivery.dead_letter_days > var.delivery.message_days
    error_message = "Dead letters are kept for longer than messages: SQS counts from when a message was first sent."
  }
}

variable "alarms" {
  description = "When a queue is in trouble: seconds of age of its oldest message, and how many messages wait."
  type = object({
    enabled     = optional(bool, true)
    age_seconds = optional(map(number), {})
    depth       = optional(map(number), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in concat(keys(var.alarms.age_seconds), keys(var.alarms.depth)) : contains(["manifest", "housekeeping", "search", "audit"], name)])
    error_message = "Limits are by worker: manifest, housekeeping, search or audit."
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

variable "schedule" {
  description = "When housekeeping looks after what is due, and what its function is told then."
  type = object({
    enabled    = optional(bool, true)
    expression = optional(string, "rate(15 minutes)")
    input      = optional(string, "{\"job\":\"sweep\"}")
  })
  default  = {}
  nullable = false

  validation {
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    condition     = can(regex("^(rate\\([1-9][0-9]* (minute|hour|day)s?\\)|cron\\([^ ()]+( [^ ()]+){5}\\))$", var.schedule.expression))
    error_message = "The expression is rate(VALUE minutes), hours or days, or cron(…) with six fields."
  }

  validation {
    condition     = can(jsondecode(var.schedule.input))
    error_message = "The input is JSON."
  }
}

variable "housekeeping_function_arn" {
  description = "The function that the schedule wakes (an alias's ARN, if there is one)."
  type        = string
  default     = null

  validation {
    condition     = !var.schedule.enabled || var.housekeeping_function_arn != null
    error_message = "The schedule needs housekeeping_function_arn, or schedule.enabled = false."
  }
}

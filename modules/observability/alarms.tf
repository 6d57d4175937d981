# One alarm per function and kind, so that the alarm's name says what is wrong. All share a shape: a map of what
# differs, and one resource.

locals {
  alarmed = var.alarms.enabled ? var.functions : {}

  # How the alarms of a function differ.
  function_alarms = merge([
    for short, function in local.alarmed : {
      "${function.name}-errors" = {
        description = "${function.name} failed at least ${var.alarms.errors} times within five minutes."
        metric      = "Errors"
        function    = function.name
        statistic   = "Sum"
        threshold   = var.alarms.errors
        periods     = 1
      }
      "${function.name}-throttles" = {
        description = "${function.name} was throttled: the account's concurrency is used up."
        metric      = "Throttles"
        function    = function.name
        statistic   = "Sum"
        threshold   = 1
        periods     = 1
      }
      "${function.name}-slow" = {
        description = "One call of ${function.name} in a hundred is slower than it should be."
        metric      = "Duration"
        function    = function.name
        statistic   = "p99"
        threshold   = coalesce(function.slow_ms, var.alarms.slow_share * function.timeout_seconds * 1000)
        periods     = 3
      }
    }
  ]...)

  search_alarms = var.alarms.enabled && var.search_domain_name != null ? {
    red = {
      description = "The search cluster lost the only copy of a shard: searches miss packages. Reindex."
      metric      = "ClusterStatus.red", statistic = "Maximum", comparison = "GreaterThanOrEqualToThreshold", threshold = 1, period = 60, periods = 1
    }
    writes-blocked = {
      description = "The search cluster takes no writes: out of space or memory."
      metric      = "ClusterIndexWritesBlocked", statistic = "Maximum", comparison = "GreaterThanOrEqualToThreshold", threshold = 1, period = 300, periods = 1
    }
    storage = {
      description = "A node of the search cluster has less than ${var.alarms.search_free_storage_mib} MiB left."
      metric      = "FreeStorageSpace", statistic = "Minimum", comparison = "LessThanOrEqualToThreshold", threshold = var.alarms.search_free_storage_mib, period = 300, periods = 1
    }
    memory = {
      description = "The search cluster's Java heap is full for a quarter of an hour."
      metric      = "JVMMemoryPressure", statistic = "Maximum", comparison = "GreaterThanOrEqualToThreshold", threshold = 95, period = 300, periods = 3
    }
    cpu = {
      description = "The search cluster is busy for half an hour."
      metric      = "CPUUtilization", statistic = "Average", comparison = "GreaterThanOrEqualToThreshold", threshold = 80, period = 600, periods = 3
    }
    key = {
      description = "The search cluster can't reach its encryption key: it will stop."
      metric      = "KMSKeyError", statistic = "Maximum", comparison = "GreaterThanOrEqualToThreshold", threshold = 1, period = 60, periods = 1
    }
  } : {}

  api_alarms = var.alarms.enabled ? {
    errors = { description = "The API answered with 5xx.", metric = "5xx", statistic = "Sum", threshold = var.alarms.errors, periods = 1 }
    slow   = { description = "One answer of the API in a hundred takes more than five seconds.", metric = "Latency", statistic = "p99", threshold = 5000, periods = 3 }
  } : {}

  # What to do about dead letters. The feed's queue has places in a stream, no messages that could be worked on; and no
  # worker ever does a job `untold`.
  dead_letter_advice = merge({ for queue in keys(var.dead_letter_queue_names) : queue => "holds messages that failed again and again: look at them, then send them back." }, {
    changes = join(" ", [
      "notes changes that could not be told for as long as the feed goes back: places in a stream, which keeps the records until they are 24 hours old.",
      "Read them there and invoke the function with them; nothing can be sent back.",
    ])
    housekeeping = join(" ", [
      "holds messages that failed again and again: look at them, then send them back.",
      "But `untold` is a change with a broken stamp or key, whose action the audit log lacks: repair its row, and delete the message.",
    ])
  })

  alarm_names = concat(
    [for alarm in aws_cloudwatch_metric_alarm.functions : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.feed : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.dead_letters : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.search : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.api : alarm.alarm_name],
  )
}

resource "aws_cloudwatch_metric_alarm" "functions" {
  for_each = local.function_alarms

  alarm_name          = each.key
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = each.value.function }
  statistic           = each.value.statistic == "Sum" ? "Sum" : null
  extended_statistic  = each.value.statistic == "Sum" ? null : each.value.statistic
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

# A feed that stands still is no error of its function, which answers from where on it is to be repeated.
resource "aws_cloudwatch_metric_alarm" "feed" {
  for_each = { for short, function in local.alarmed : short => function if short == "changes" }

  alarm_name          = "${each.value.name}-behind"
  alarm_description   = "Changes wait for longer than a quarter of an hour to be told: ${each.value.name} fails, or is too slow. After 24 hours the streams lose them."
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  dimensions          = { FunctionName = each.value.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 900000
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = var.alarms.enabled ? var.dead_letter_queue_names : {}

  alarm_name          = "${var.prefix}-${each.key}-dead-letters"
  alarm_description   = "${each.value} ${local.dead_letter_advice[each.key]}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "search" {
  for_each = local.search_alarms

  alarm_name          = "${var.prefix}-search-cluster-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/ES"
  metric_name         = each.value.metric
  dimensions          = { DomainName = var.search_domain_name, ClientId = local.account }
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "api" {
  for_each = local.api_alarms

  alarm_name          = "${var.prefix}-api-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/ApiGateway"
  metric_name         = each.value.metric
  dimensions          = { ApiId = var.api_id }
  statistic           = each.value.statistic == "Sum" ? "Sum" : null
  extended_statistic  = each.value.statistic == "Sum" ? null : each.value.statistic
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

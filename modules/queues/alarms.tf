# A queue is in trouble when its oldest message waits too long, or too many wait. Dead letters have their alarm in
# module `observability`.

locals {
  alarmed     = var.alarms.enabled ? local.workers : toset([])
  age_seconds = merge({ manifest = 7200, housekeeping = 7200, search = 900, audit = 900 }, var.alarms.age_seconds)
  depth       = merge({ manifest = 1000, housekeeping = 1000, search = 20000, audit = 20000 }, var.alarms.depth)
}

resource "aws_cloudwatch_metric_alarm" "age" {
  for_each = local.alarmed

  alarm_name          = "${var.prefix}-${each.key}-queue-age"
  alarm_description   = "The oldest message of ${local.queue_names[each.key]} waits for longer than ${local.age_seconds[each.key]} s: its worker fails, or is too slow."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.work[each.key].name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.age_seconds[each.key]
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "depth" {
  for_each = local.alarmed

  alarm_name          = "${var.prefix}-${each.key}-queue-depth"
  alarm_description   = "More than ${local.depth[each.key]} messages wait in ${local.queue_names[each.key]}."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.work[each.key].name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.depth[each.key]
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

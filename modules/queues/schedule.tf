# Housekeeping wakes by itself. It stands beside the queues for its dead letters; the function's ARN is a variable of
# its own, on which no queue depends.

locals {
  scheduled     = var.schedule.enabled ? 1 : 0
  schedule_name = "${var.prefix}-housekeeping"
  # As KMS calls SQS, by the partition's own domain or by that of all.
  via_queues = distinct(["sqs.${local.region}.amazonaws.com", "sqs.${local.region}.${data.aws_partition.current.dns_suffix}"])
}

resource "aws_scheduler_schedule_group" "this" {
  count = local.scheduled

  name = var.prefix
  tags = var.tags
}

resource "aws_scheduler_schedule" "housekeeping" {
  #checkov:skip=CKV_AWS_297:All it holds is a constant that stands in this repository.
  count = local.scheduled

  name                = local.schedule_name
  description         = "Wakes ${var.prefix}-housekeeping to look after what is due"
  group_name          = aws_scheduler_schedule_group.this[0].name
  schedule_expression = var.schedule.expression

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.housekeeping_function_arn
    role_arn = aws_iam_role.schedule[0].arn
    input    = var.schedule.input

    # The next tick does the same: no use in trying for hours.
    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead["housekeeping"].arn
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}

resource "aws_iam_role" "schedule" {
  count = local.scheduled

  name                 = "${var.prefix}-schedule-${local.region}"
  path                 = var.iam.role_path
  description          = "Wakes ${var.prefix}-housekeeping on schedule"
  permissions_boundary = var.iam.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account
          # Scheduler gives the group's ARN here, never the schedule's.
          "aws:SourceArn" = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${var.prefix}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  count = local.scheduled

  name = "schedule"
  role = aws_iam_role.schedule[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Wake"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = var.housekeeping_function_arn
      },
      {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = local.dead_letter_queue_arns["housekeeping"]
      },
      {
        # In the name of SQS alone: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
        Sid       = "EncryptDeadLetters"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.key_arn
        Condition = { StringEquals = { "kms:ViaService" = local.via_queues } }
      },
    ]
  })
}

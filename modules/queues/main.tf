# One queue per worker, and one of dead letters for each: what failed again and again, where people see it.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  arn_prefix = "arn:${local.partition}:sqs:${local.region}:${local.account}"

  # Audit records keep their order within a chain, which is the message group; nobody else needs an order.
  workers = toset(["manifest", "housekeeping", "search", "audit"])
  fifo    = { for name in local.workers : name => name == "audit" }
  suffix  = { for name in local.workers : name => local.fifo[name] ? ".fifo" : "" }

  queue_names             = { for name in local.workers : name => "${var.prefix}-${name}${local.suffix[name]}" }
  queue_arns              = { for name in local.workers : name => "${local.arn_prefix}:${local.queue_names[name]}" }
  dead_letter_queue_names = { for name in local.workers : name => "${var.prefix}-${name}-dead${local.suffix[name]}" }
  dead_letter_queue_arns  = { for name in local.workers : name => "${local.arn_prefix}:${local.dead_letter_queue_names[name]}" }

  # How long SQS uses a data key before it asks KMS for another.
  key_reuse_seconds = 300
}

resource "aws_sqs_queue" "dead" {
  for_each = local.workers

  name                              = local.dead_letter_queue_names[each.key]
  fifo_queue                        = local.fifo[each.key]
  content_based_deduplication       = local.fifo[each.key]
  message_retention_seconds         = var.delivery.dead_letter_days * 86400
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = local.key_reuse_seconds
  tags                              = var.tags
}

resource "aws_sqs_queue" "work" {
  for_each = local.workers

  name                        = local.queue_names[each.key]
  fifo_queue                  = local.fifo[each.key]
  content_based_deduplication = local.fifo[each.key]
  # A chain waits for nobody but itself.
  deduplication_scope               = local.fifo[each.key] ? "messageGroup" : null
  fifo_throughput_limit             = local.fifo[each.key] ? "perMessageGroupId" : null
  visibility_timeout_seconds        = 6 * var.function_timeouts[each.key]
  message_retention_seconds         = var.delivery.message_days * 86400
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = local.key_reuse_seconds
  tags                              = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = local.dead_letter_queue_arns[each.key]
    maxReceiveCount     = var.delivery.attempts[each.key]
  })

  # By name, so that the plan shows where dead letters go; they must be there first.
  depends_on = [aws_sqs_queue.dead]
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  for_each = local.workers

  queue_url = aws_sqs_queue.dead[each.key].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arns[each.key]]
  })
}

locals {
  # Only a refusal: what the roles may do, their own policies say. It names all actions, for a list would let through
  # whatever AWS adds tomorrow.
  only_tls = {
    for arn in concat(values(local.queue_arns), values(local.dead_letter_queue_arns)) : arn => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    })
  }
}

resource "aws_sqs_queue_policy" "work" {
  for_each = local.workers

  queue_url = aws_sqs_queue.work[each.key].id
  policy    = local.only_tls[local.queue_arns[each.key]]
}

resource "aws_sqs_queue_policy" "dead" {
  for_each = local.workers

  queue_url = aws_sqs_queue.dead[each.key].id
  policy    = local.only_tls[local.dead_letter_queue_arns[each.key]]
}

# Statements that several functions have. Each stands for what the code really calls; a test holds the lists against it.
locals {
  via_service = { for service in ["dynamodb", "s3", "sqs"] : service => distinct([
    "${service}.${data.aws_region.current.name}.amazonaws.com",
    "${service}.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}",
  ]) }

  # Tables, objects and messages are encrypted with the data key: the services use it in the function's name, and
  # by this statement nobody can use it without them.
  use_tables = {
    sid        = "UseKeyBehindTables"
    actions    = ["kms:Decrypt"]
    resources  = [var.data_key_arn]
    conditions = { StringEquals = { "kms:ViaService" = local.via_service.dynamodb } }
  }
  use_queues = {
    sid        = "UseKeyBehindQueues"
    actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources  = [var.data_key_arn]
    conditions = { StringEquals = { "kms:ViaService" = local.via_service.sqs } }
  }
  use_objects = {
    sid        = "UseKeyBehindObjects"
    actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources  = [var.data_key_arn]
    conditions = { StringEquals = { "kms:ViaService" = local.via_service.s3 } }
  }

  send_audit = {
    sid       = "SendAudit"
    actions   = ["sqs:SendMessage"]
    resources = [var.queue_arns.audit]
  }

  # Housekeeping makes the key that seals cursors; it is kept as ciphertext among the settings.
  http_statements = [
    {
      sid       = "ReadSettings"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:Query"]
      resources = [var.table_arns.settings]
    },
    {
      # Decrypting without a service between covers the tables too.
      sid       = "OpenCursorKey"
      actions   = ["kms:Decrypt"]
      resources = [var.data_key_arn]
    },
    local.send_audit,
    local.use_queues,
  ]

  http_environment = merge(local.environment, {
    DATALAKE_KEY_ARN         = var.data_key_arn
    DATALAKE_AUDIT_QUEUE_URL = var.queue_urls.audit
    DATALAKE_CONSOLE_ORIGINS = join(",", var.console_origins)
  })

  # Somebody who was invited is known to Cognito by the id; somebody of an identity provider must be looked up by it.
  find_user = var.directory == "federated" ? "cognito-idp:ListUsers" : "cognito-idp:AdminGetUser"

  # What Lambda does in the function's name to hand it messages.
  receive = { for queue, arn in var.queue_arns : queue => {
    sid       = "ReceiveJobs"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [arn]
  } }
}

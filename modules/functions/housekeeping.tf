module "housekeeping" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "housekeeping"
  description  = "Looks after what is due"
  code         = { filename = "${var.code.folder}/housekeeping.zip", architecture = var.code.architecture }
  limits       = local.limits.housekeeping
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "housekeeping", null)

  # The schedule does not wait for an answer: what fails again and again is kept here.
  dead_letter_queue_arn = var.dead_letter_queue_arns.housekeeping

  environment = merge(local.environment, {
    DATALAKE_BUCKET                 = var.bucket_name
    DATALAKE_KEY_ARN                = var.data_key_arn
    DATALAKE_AUDIT_BUCKET           = var.audit_bucket_name
    DATALAKE_AUDIT_KEY_ARN          = var.audit_signing_key_arn
    DATALAKE_AUDIT_QUEUE_URL        = var.queue_urls.audit
    DATALAKE_HOUSEKEEPING_QUEUE_URL = var.queue_urls.housekeeping
    DATALAKE_USER_POOL_ID           = var.user_pool_id
    DATALAKE_DIRECTORY              = var.directory
    DATALAKE_ADMIN_GROUP            = var.admin_group
  })

  statements = [
    {
      sid       = "FindDueRows"
      actions   = ["dynamodb:Query"]
      resources = [for table in ["cart", "datasets", "keys", "packages"] : var.index_arns[table].due]
    },
    {
      sid       = "SweepExports"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"]
      resources = [var.table_arns.cart]
    },
    {
      sid = "SweepDatasets"
      actions = [
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      ]
      resources = [var.table_arns.datasets]
    },
    {
      # The check: uploads of a deleted package go only if it still is deleted in the same moment.
      sid       = "SweepPackages"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [var.table_arns.packages]
    },
    {
      sid       = "SweepMetadata"
      actions   = ["dynamodb:BatchWriteItem", "dynamodb:Query"]
      resources = [var.table_arns.metadata]
    },
    {
      sid       = "ReconcilePrincipals"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [var.table_arns.keys]
    },
    {
      # The key that seals cursors, and what became of the audit log's chains.
      sid       = "KeepSettings"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
      resources = [var.table_arns.settings]
    },
    {
      sid       = "MakeCursorKey"
      actions   = ["kms:Decrypt", "kms:Encrypt"]
      resources = [var.data_key_arn]
    },
    {
      sid       = "SignChainHeads"
      actions   = ["kms:Sign"]
      resources = [var.audit_signing_key_arn]
    },
    {
      sid       = "KeepChainHeads"
      actions   = ["s3:PutObject"]
      resources = ["${var.audit_bucket_arn}/chain-heads/*"]
    },
    {
      sid       = "RemoveObjects"
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObjectVersion", "s3:GetObject"]
      resources = ["${var.bucket_arn}/exports/*", "${var.bucket_arn}/imports/*", "${var.bucket_arn}/packages/*"]
    },
    {
      sid       = "ListObjects"
      actions   = ["s3:ListBucket"]
      resources = [var.bucket_arn]
    },
    {
      sid       = "ReadDirectory"
      actions   = var.directory == "federated" ? ["cognito-idp:ListUsers"] : ["cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser", "cognito-idp:ListUsers"]
      resources = [var.user_pool_arn]
    },
    {
      # What does not fit into one run goes on in the next.
      sid       = "GoOn"
      actions   = ["sqs:SendMessage"]
      resources = [var.queue_arns.housekeeping]
    },
    local.receive.housekeeping,
    local.use_queues,
    local.use_objects,
  ]
}

resource "aws_lambda_event_source_mapping" "housekeeping" {
  function_name           = module.housekeeping.alias_arn
  event_source_arn        = var.queue_arns.housekeeping
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  # ARNs of queues are known before there are any; their addresses are not.
  depends_on = [var.queue_urls]

  scaling_config {
    maximum_concurrency = var.concurrency.housekeeping
  }
}

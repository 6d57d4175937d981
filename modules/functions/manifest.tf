module "manifest" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "manifest-service"
  description  = "Writes the manifests of exports, and reads those of imports"
  code         = { filename = "${var.code.folder}/manifest.zip", architecture = var.code.architecture }
  limits       = local.limits.manifest
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "manifest", null)

  environment = merge(local.environment, {
    DATALAKE_BUCKET             = var.bucket_name
    DATALAKE_KEY_ARN            = var.data_key_arn
    DATALAKE_SIGNER_ROLE_ARN    = local.signer_arn
    DATALAKE_AUDIT_QUEUE_URL    = var.queue_urls.audit
    DATALAKE_MANIFEST_QUEUE_URL = var.queue_urls.manifest
    DATALAKE_API_URL            = var.api_url
  })

  statements = concat([
    {
      sid = "UseExports"
      actions = [
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      ]
      resources = [var.table_arns.cart]
    },
    {
      sid       = "ReadPackages"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [var.table_arns.packages, var.table_arns.keys]
    },
    {
      sid       = "UseDatasets"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [var.table_arns.datasets]
    },
    {
      sid       = "CountImports"
      actions   = ["dynamodb:UpdateItem"]
      resources = [var.table_arns.packages]
    },
    {
      sid       = "KnowLocations"
      actions   = ["dynamodb:Query"]
      resources = [var.table_arns.settings]
    },
    {
      sid       = "OpenGrantTokens"
      actions   = ["kms:Decrypt"]
      resources = [var.data_key_arn]
    },
    {
      sid       = "WriteManifests"
      actions   = ["s3:DeleteObjectVersion", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
      resources = ["${var.bucket_arn}/exports/*"]
    },
    {
      # Uploaded import manifests are files of packages.
      sid       = "ReadImports"
      actions   = ["s3:GetObjectVersion"]
      resources = ["${var.bucket_arn}/imports/*", "${var.bucket_arn}/packages/*"]
    },
    {
      sid       = "KeepFailures"
      actions   = ["s3:PutObject"]
      resources = ["${var.bucket_arn}/imports/*"]
    },
    {
      sid       = "ListManifests"
      actions   = ["s3:ListBucket"]
      resources = [var.bucket_arn]
    },
    {
      # What does not fit into one run goes on in the next.
      sid       = "GoOn"
      actions   = ["sqs:SendMessage"]
      resources = [var.queue_arns.manifest]
    },
    local.sign,
    local.send_audit,
    local.receive.manifest,
    local.use_queues,
    local.use_objects,
  ], local.read_locations)
}

resource "aws_lambda_event_source_mapping" "manifest" {
  function_name           = module.manifest.alias_arn
  event_source_arn        = var.queue_arns.manifest
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  # ARNs of queues are known before there are any; their addresses are not.
  depends_on = [var.queue_urls]

  scaling_config {
    maximum_concurrency = var.concurrency.manifest
  }
}

module "packages" {
  source = "../lambda-function"

  prefix       = var.prefix
  tags         = var.tags
  name         = "package-service"
  description  = "Packages, their tags and datasets"
  code         = { filename = "${var.code.folder}/packages.zip", architecture = var.code.architecture }
  limits       = local.limits.packages
  iam          = var.iam
  logs         = local.logs
  log_key_arn  = var.data_key_arn
  tracing      = var.runtime.tracing
  live_version = lookup(var.live_versions, "packages", null)

  environment = merge(local.http_environment, {
    DATALAKE_BUCKET          = var.bucket_name
    DATALAKE_SIGNER_ROLE_ARN = local.signer_arn
  })

  statements = concat(local.http_statements, [
    {
      sid       = "UsePackages"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [var.table_arns.packages]
    },
    {
      sid       = "ListPackagesOfOwner"
      actions   = ["dynamodb:Query"]
      resources = [var.index_arns.packages.owner]
    },
    {
      sid       = "UseMetadata"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"]
      resources = [var.table_arns.metadata]
    },
    {
      sid       = "UseDatasets"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"]
      resources = [var.table_arns.datasets]
    },
    {
      sid       = "RememberIdempotencyKeys"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
      resources = [var.table_arns.cart]
    },
    {
      sid       = "ReadPrincipals"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [var.table_arns.keys]
    },
    {
      sid       = "FinishUploads"
      actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      resources = ["${var.bucket_arn}/packages/*"]
    },
    {
      # Descriptors that are too large for an answer.
      sid       = "PutDescriptors"
      actions   = ["s3:PutObject"]
      resources = ["${var.bucket_arn}/exports/*"]
    },
    {
      # Import manifests that came with a request, and what failed in them.
      sid       = "UseImports"
      actions   = ["s3:GetObjectVersion", "s3:PutObject"]
      resources = ["${var.bucket_arn}/imports/*"]
    },
    {
      # Without it, S3 answers 403 instead of 404 for an object that is absent.
      sid       = "TellAbsentObjects"
      actions   = ["s3:ListBucket"]
      resources = [var.bucket_arn]
    },
    local.sign,
    local.use_objects,
  ], local.list_locations)
}

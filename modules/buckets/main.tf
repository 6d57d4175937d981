# The log bucket: access logs of the data bucket and of the bucket of the audit log's signed heads. Where CloudFront's legacy
# logs are to go too, they need ACLs, and S3 delivers its own logs only where the default encryption is S3's: hence
# BucketOwnerPreferred and SSE-S3.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account         = data.aws_caller_identity.current.account_id
  partition       = data.aws_partition.current.partition
  region          = data.aws_region.current.id
  makes           = var.existing_log_bucket == null ? 1 : 0
  log_bucket_name = "${var.prefix}-logs-${local.account}-${local.region}"
  log_bucket_arn  = "arn:${local.partition}:s3:::${local.log_bucket_name}"
  # As modules `foundation` and `audit` name them: strings, for the buckets themselves wait for this one.
  logged_bucket_names = [for kind in ["data", "audit"] : "${var.prefix}-${kind}-${local.account}-${local.region}"]
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV2_AWS_62:Nobody waits for a log.
  #checkov:skip=CKV_AWS_18:A log of the log bucket would log itself.
  #checkov:skip=CKV_AWS_144:Logs expire: they are not worth a copy in another region.
  #checkov:skip=CKV_AWS_145:S3 delivers its logs only to a bucket whose default encryption is S3's own.
  count = local.makes

  bucket        = local.log_bucket_name
  force_destroy = !var.protect
  tags          = var.tags
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  #checkov:skip=CKV2_AWS_65:CloudFront delivers its legacy logs by ACL only.
  count  = local.makes
  bucket = aws_s3_bucket.logs[0].id

  rule {
    object_ownership = "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_public_access_block" "logs" {
  count  = local.makes
  bucket = aws_s3_bucket.logs[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  count  = local.makes
  bucket = aws_s3_bucket.logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "logs" {
  count  = local.makes
  bucket = aws_s3_bucket.logs[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  count  = local.makes
  bucket = aws_s3_bucket.logs[0].id

  rule {
    id     = "logs"
    status = "Enabled"
    filter {}

    expiration {
      days = var.logs.days
    }

    noncurrent_version_expiration {
      noncurrent_days = var.logs.old_version_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Rules about versions are refused until the bucket keeps some.
  depends_on = [aws_s3_bucket_versioning.logs]
}

resource "aws_s3_bucket_policy" "logs" {
  count  = local.makes
  bucket = aws_s3_bucket.logs[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # A refusal with a list of actions would let through whatever AWS adds tomorrow.
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.log_bucket_arn, "${local.log_bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "AccessLogsOfOtherBuckets"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = ["s3:PutObject"]
        Resource  = [for name in local.logged_bucket_names : "${local.log_bucket_arn}/s3/${name}/*"]
        Condition = {
          ArnLike      = { "aws:SourceArn" = [for name in local.logged_bucket_names : "arn:${local.partition}:s3:::${name}"] }
          StringEquals = { "aws:SourceAccount" = local.account }
        }
      },
    ]
  })

  # Last made, first destroyed: nobody is handed the bucket before all else is set, and as long as other buckets are
  # kept and deliver logs here, all stays set. (S3 also answers a conflict when policy and block are changed at once.)
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.logs,
    aws_s3_bucket_ownership_controls.logs,
    aws_s3_bucket_public_access_block.logs,
    aws_s3_bucket_server_side_encryption_configuration.logs,
  ]
}

# The data bucket: what was uploaded, export manifests, query results.

locals {
  bucket_name = "${var.prefix}-data-${local.account}-${local.region}"
  bucket_arn  = "arn:${local.partition}:s3:::${local.bucket_name}"
}

resource "aws_s3_bucket" "data" {
  #checkov:skip=CKV2_AWS_62:Nobody listens: completing an upload is a call, housekeeping looks after what was not completed.
  #checkov:skip=CKV_AWS_144:A copy in another region is for the customer to decide: it doubles the price, and law may forbid it.
  bucket        = local.bucket_name
  force_destroy = !var.protect
  tags          = var.tags
}

resource "aws_s3_bucket_ownership_controls" "data" {
  bucket = aws_s3_bucket.data.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket = aws_s3_bucket.data.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "data" {
  bucket = aws_s3_bucket.data.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.data_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "data" {
  bucket = aws_s3_bucket.data.id

  target_bucket = var.log_bucket_name
  target_prefix = "s3/${local.bucket_name}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "data" {
  bucket = aws_s3_bucket.data.id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.bucket.unfinished_upload_days
    }
  }

  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.bucket.old_version_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "exports"
    status = "Enabled"

    filter {
      prefix = "exports/"
    }

    expiration {
      days = var.bucket.export_days
    }
  }

  rule {
    id     = "query-results"
    status = "Enabled"

    filter {
      prefix = "queries/"
    }

    expiration {
      days = var.bucket.query_result_days
    }
  }

  # Rules about versions are refused until the bucket keeps some.
  depends_on = [aws_s3_bucket_versioning.data]
}

resource "aws_s3_bucket_cors_configuration" "data" {
  count  = length(var.console_origins) > 0 ? 1 : 0
  bucket = aws_s3_bucket.data.id

  cors_rule {
    id              = "console"
    allowed_origins = var.console_origins
    allowed_methods = ["GET", "HEAD", "PUT"]
    # Which headers a request needs, its signature says.
    allowed_headers = ["*"]
    expose_headers  = ["ETag", "Content-Length", "Content-Range", "x-amz-checksum-sha256", "x-amz-version-id"]
    max_age_seconds = 600
  }
}

# The bucket of signed heads. What is written is locked for as long as the log keeps its records: a head that could be
# replaced would show nothing.

locals {
  bucket_name = "${var.prefix}-audit-${local.account}-${local.region}"
  bucket_arn  = "arn:${local.partition}:s3:::${local.bucket_name}"
  # S3 locks for a hundred years at most. What is about to be destroyed is locked for a day, and can be unlocked.
  locked_days = var.protect ? (var.retention_in_days == 0 ? 36500 : var.retention_in_days) : 1
  lock_mode   = var.protect ? var.lock_mode : "GOVERNANCE"
  # For ever is never.
  expiring_days = var.retention_in_days == 0 ? [] : [var.retention_in_days]
}

resource "aws_s3_bucket" "heads" {
  #checkov:skip=CKV2_AWS_62:Nobody waits for a head.
  #checkov:skip=CKV_AWS_144:A copy in another region, or account, is for the customer to decide: law may forbid it.
  #checkov:skip=CKV_AWS_145:Hashes are no secret, and evidence must stay readable if a key is lost.
  bucket              = local.bucket_name
  object_lock_enabled = true
  force_destroy       = !var.protect
  tags                = var.tags
}

resource "aws_s3_bucket_ownership_controls" "heads" {
  bucket = aws_s3_bucket.heads.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "heads" {
  bucket = aws_s3_bucket.heads.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "heads" {
  bucket = aws_s3_bucket.heads.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "heads" {
  bucket = aws_s3_bucket.heads.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "heads" {
  bucket = aws_s3_bucket.heads.id

  rule {
    default_retention {
      mode = local.lock_mode
      days = local.locked_days
    }
  }

  # Only versions can be locked.
  depends_on = [aws_s3_bucket_versioning.heads]
}

resource "aws_s3_bucket_logging" "heads" {
  bucket = aws_s3_bucket.heads.id

  target_bucket = var.log_bucket_name
  target_prefix = "s3/${local.bucket_name}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "heads" {
  bucket = aws_s3_bucket.heads.id

  # Heads go with the records that they are about. A version that is locked stays until it is not.
  rule {
    id     = "heads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    dynamic "expiration" {
      for_each = local.expiring_days

      content {
        days = expiration.value
      }
    }

    dynamic "noncurrent_version_expiration" {
      for_each = local.expiring_days

      content {
        noncurrent_days = 1
      }
    }
  }

  # Rules about versions are refused until the bucket keeps some.
  depends_on = [aws_s3_bucket_versioning.heads]
}

resource "aws_s3_bucket_policy" "heads" {
  bucket = aws_s3_bucket.heads.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        # A refusal with a list of actions would let through whatever AWS adds tomorrow.
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      # Whoever wants to unlock must take this policy away first, which CloudTrail tells.
      [for sid in var.protect ? ["NobodyUnlocks"] : [] : {
        Sid       = sid
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:BypassGovernanceRetention"
        Resource  = "${local.bucket_arn}/*"
      }],
    )
  })

  # S3 answers a conflict when both are changed at once.
  depends_on = [aws_s3_bucket_public_access_block.heads]
}

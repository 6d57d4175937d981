# Only refusals stand here: what the product's roles may do, their own policies say.
#
# Policy is evaluated before default encryption, so a PUT without an encryption header is in order: the bucket's default
# gives it the right key. A negated operator also matches when its key is absent, with `IfExists` or without; `Null`
# is what tells "present and different" from "absent".

locals {
  object_principals = concat(
    [local.root_arn],
    flatten([for arn in concat(var.object_role_arns, var.reader_arns) : local.principal_patterns[arn]]),
  )
  # All of the policy but those who are let in, whose number is an input; a test holds that this is enough.
  bucket_policy_characters = 1700 + length(jsonencode(local.object_principals))
}

resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # A refusal with a list of actions would let through whatever AWS adds tomorrow; so here, and below, all.
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NoOtherEncryption"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${local.bucket_arn}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
        }
      },
      {
        Sid       = "NoOtherKey"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${local.bucket_arn}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = local.data_key_arn }
        }
      },
      {
        Sid       = "NoKeysOfCallers"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${local.bucket_arn}/*"
        Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
      },
      {
        # Over objects only: whoever applies this must still be able to read and change the bucket's settings, and to
        # take this policy away. The account's root user is excepted, so that nobody can lock everybody out for good.
        # AWS's own services have no business with the objects either; for them the key is absent, which matches.
        Sid       = "NobodyElse"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = "${local.bucket_arn}/*"
        Condition = {
          ArnNotLike = {
            "aws:PrincipalArn" = local.object_principals
          }
        }
      },
    ]
  })

  # S3 answers a conflict when both are changed at once.
  depends_on = [aws_s3_bucket_public_access_block.data]

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
      condition     = local.bucket_policy_characters <= 20480
      error_message = "A bucket's policy has at most 20 KB; with these reader_arns it would have up to ${local.bucket_policy_characters} bytes: name fewer, or several by one pattern."
    }
  }
}

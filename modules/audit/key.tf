# The key that signs heads, and nothing else. Its private half never leaves KMS; by its public half everybody verifies.

locals {
  root_arn = "arn:${local.partition}:iam::${local.account}:root"
  # IAM puts the role's ARN into aws:PrincipalArn, whatever the session; simulators of IAM put the session's. The second
  # form names the same role, so it lets nobody else in.
  signer_patterns = concat([var.housekeeping_role_arn], [
    for name in regexall("^arn:[^:]+:iam::[0-9]{12}:role/(?:.*/)?([^/]+)$", var.housekeeping_role_arn) :
    "arn:${local.partition}:sts::${split(":", var.housekeeping_role_arn)[4]}:assumed-role/${name[0]}/*"
  ])
}

resource "aws_kms_key" "signing" {
  description              = "Data lake ${var.prefix}: signatures of the audit log's heads"
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
  deletion_window_in_days  = var.key_deletion_window_in_days
  tags                     = var.tags
}

resource "aws_kms_alias" "signing" {
  name          = "alias/${local.short_prefix}-audit"
  target_key_id = aws_kms_key.signing.key_id
}

resource "aws_kms_key_policy" "signing" {
  key_id = aws_kms_key.signing.key_id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Spelled out, and without any use of the key: whoever administers it signs nothing by that alone.
        Sid       = "Administration"
        Effect    = "Allow"
        Principal = { AWS = local.root_arn }
        Action = [
          "kms:CancelKeyDeletion",
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:DescribeKey",
          "kms:DisableKey",
          "kms:EnableKey",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListGrants",
          "kms:ListKeyPolicies",
          "kms:ListResourceTags",
          "kms:PutKeyPolicy",
          "kms:RevokeGrant",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ]
        Resource = "*" # In a key's policy: this key.
      },
      {
        Sid       = "VerifyByRolePolicies"
        Effect    = "Allow"
        Principal = { AWS = local.root_arn }
        Action    = ["kms:GetPublicKey", "kms:Verify"]
        Resource  = "*"
      },
      {
        Sid       = "SignByHousekeepingsRolePolicy"
        Effect    = "Allow"
        Principal = { AWS = local.root_arn }
        Action    = ["kms:Sign"]
        Resource  = "*"
        Condition = { ArnLike = { "aws:PrincipalArn" = local.signer_patterns } }
      },
    ]
  })
}

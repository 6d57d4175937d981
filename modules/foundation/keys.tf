# Two keys: one for data, tables, queues and logs, one for users' secrets. Administration belongs to the account; use
# comes by the roles' own policies, for the second key only if the role is one of those named.

locals {
  key_alias            = var.prefix == "data-lake" ? "datalake" : var.prefix
  makes_data_key       = var.keys.data_key_arn == null
  makes_secrets_key    = var.keys.user_secrets_key_arn == null
  data_key_arn         = local.makes_data_key ? aws_kms_key.data[0].arn : var.keys.data_key_arn
  user_secrets_key_arn = local.makes_secrets_key ? aws_kms_key.user_secrets[0].arn : var.keys.user_secrets_key_arn

  # Spelled out, and without any use of the key: whoever administers it reads nothing by that alone.
  administration = {
    Sid       = "Administration"
    Effect    = "Allow"
    Principal = { AWS = local.root_arn }
    Action = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListKeyRotations",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RevokeGrant",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    Resource = "*" # In a key's policy: this key.
  }
}

resource "aws_kms_key" "data" {
  count = local.makes_data_key ? 1 : 0

  description             = "Data lake ${var.prefix}: data, tables, queues and logs"
  enable_key_rotation     = true
  deletion_window_in_days = var.keys.deletion_window_in_days
  tags                    = var.tags
}

resource "aws_kms_alias" "data" {
  count = local.makes_data_key ? 1 : 0

  name          = "alias/${local.key_alias}"
  target_key_id = aws_kms_key.data[0].key_id
}

resource "aws_kms_key_policy" "data" {
  count = local.makes_data_key ? 1 : 0

  key_id = aws_kms_key.data[0].key_id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.administration,
      {
        Sid       = "UseByRolePolicies"
        Effect    = "Allow"
        Principal = { AWS = local.root_arn }
        Action = [
          "kms:Decrypt",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
        Resource = "*"
      },
      {
        # What DynamoDB, OpenSearch Service and Lambda do with whatever is made with this key.
        Sid       = "GrantsForServices"
        Effect    = "Allow"
        Principal = { AWS = local.root_arn }
        Action    = ["kms:CreateGrant"]
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
      {
        Sid       = "LogGroupsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.${data.aws_partition.current.dns_suffix}" }
        Action = [
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*" } }
      },
    ]
  })
}

resource "aws_kms_key" "user_secrets" {
  count = local.makes_secrets_key ? 1 : 0

  description             = "Data lake ${var.prefix}: users' secret access keys"
  enable_key_rotation     = true
  deletion_window_in_days = var.keys.deletion_window_in_days
  tags                    = var.tags
}

resource "aws_kms_alias" "user_secrets" {
  count = local.makes_secrets_key ? 1 : 0

  name          = "alias/${local.key_alias}-user-secrets"
  target_key_id = aws_kms_key.user_secrets[0].key_id
}

resource "aws_kms_key_policy" "user_secrets" {
  count = local.makes_secrets_key ? 1 : 0

  key_id = aws_kms_key.user_secrets[0].key_id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.administration,
      {
        # Each use is bound to a user by the call's encryption context, which the code and its tests hold.
        Sid       = "UseByNamedRolesPolicies"
        Effect    = "Allow"
        Principal = { AWS = local.root_arn }
        Action    = ["kms:Decrypt", "kms:Encrypt"]
        Resource  = "*"
        Condition = { ArnLike = { "aws:PrincipalArn" = flatten([for arn in var.user_secrets_role_arns : local.principal_patterns[arn]]) } }
      },
    ]
  })
}

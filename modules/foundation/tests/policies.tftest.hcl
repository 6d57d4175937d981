# Policies are compared whole: a statement more, or a condition less, fails. Applied to the mocked provider, for they
# name keys that are unknown before.

mock_provider "aws" {
  source = "../mocks"
}

variables {
  log_bucket_name        = "data-lake-logs-123456789012-eu-west-1"
  user_secrets_role_arns = ["arn:aws:iam::123456789012:role/data-lake-authorizer-eu-west-1", "arn:aws:iam::123456789012:role/team/data-lake-profile-service-eu-west-1"]
  object_role_arns       = ["arn:aws:iam::123456789012:role/data-lake-signer-eu-west-1"]
  reader_arns            = ["arn:aws:iam::123456789012:role/analysts-*", "arn:aws:iam::123456789012:user/auditor"]
}

run "the_buckets_policy_only_refuses" {
  command = apply

  assert {
    condition = jsondecode(aws_s3_bucket_policy.data.policy).Statement == [
      {
        Sid       = "OnlyTls", Effect = "Deny", Principal = "*", Action = "s3:*"
        Resource  = ["arn:aws:s3:::data-lake-data-123456789012-eu-west-1", "arn:aws:s3:::data-lake-data-123456789012-eu-west-1/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid      = "NoOtherEncryption", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource = "arn:aws:s3:::data-lake-data-123456789012-eu-west-1/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
        }
      },
      {
        Sid      = "NoOtherKey", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource = "arn:aws:s3:::data-lake-data-123456789012-eu-west-1/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
        }
      },
      {
        Sid       = "NoKeysOfCallers", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource  = "arn:aws:s3:::data-lake-data-123456789012-eu-west-1/*"
        Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
      },
      {
        Sid      = "NobodyElse", Effect = "Deny", Principal = "*", Action = "s3:*"
        Resource = "arn:aws:s3:::data-lake-data-123456789012-eu-west-1/*"
        Condition = { ArnNotLike = { "aws:PrincipalArn" = [
          "arn:aws:iam::123456789012:root",
          "arn:aws:iam::123456789012:role/data-lake-signer-eu-west-1",
          "arn:aws:sts::123456789012:assumed-role/data-lake-signer-eu-west-1/*",
          "arn:aws:iam::123456789012:role/analysts-*",
          "arn:aws:sts::123456789012:assumed-role/analysts-*/*",
          "arn:aws:iam::123456789012:user/auditor",
        ] } }
      },
    ]
    error_message = "The bucket's policy is not exactly what it should be."
  }
}

run "administering_the_data_key_is_not_using_it" {
  command = apply

  assert {
    condition = [for statement in jsondecode(aws_kms_key_policy.data[0].policy).Statement : {
      sid = statement.Sid, effect = statement.Effect, principal = statement.Principal, condition = try(statement.Condition, null)
      }] == [
      { sid = "Administration", effect = "Allow", principal = { AWS = "arn:aws:iam::123456789012:root" }, condition = null },
      { sid = "UseByRolePolicies", effect = "Allow", principal = { AWS = "arn:aws:iam::123456789012:root" }, condition = null },
      { sid = "GrantsForServices", effect = "Allow", principal = { AWS = "arn:aws:iam::123456789012:root" }, condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } } },
      {
        sid       = "LogGroupsOfThisAccount", effect = "Allow", principal = { Service = "logs.eu-west-1.amazonaws.com" }
        condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-1:123456789012:log-group:*" } }
      },
    ]
    error_message = "The data key's policy is not exactly what it should be."
  }
  assert {
    condition = length(setintersection(
      jsondecode(aws_kms_key_policy.data[0].policy).Statement[0].Action,
      ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
    )) == 0
    error_message = "Administration includes a use of the key."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_kms_key_policy.data[0].policy).Statement : alltrue([for action in statement.Action : !strcontains(action, "*")])])
    error_message = "Each action is spelled out."
  }
}

run "only_the_named_roles_use_the_key_of_users_secrets" {
  command = apply

  assert {
    condition = slice(jsondecode(aws_kms_key_policy.user_secrets[0].policy).Statement, 1, length(jsondecode(aws_kms_key_policy.user_secrets[0].policy).Statement)) == [
      {
        Sid    = "UseByNamedRolesPolicies", Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:root" }
        Action = ["kms:Decrypt", "kms:Encrypt"], Resource = "*"
        Condition = { ArnLike = { "aws:PrincipalArn" = [
          "arn:aws:iam::123456789012:role/data-lake-authorizer-eu-west-1",
          "arn:aws:sts::123456789012:assumed-role/data-lake-authorizer-eu-west-1/*",
          "arn:aws:iam::123456789012:role/team/data-lake-profile-service-eu-west-1",
          "arn:aws:sts::123456789012:assumed-role/data-lake-profile-service-eu-west-1/*",
        ] } }
      },
    ]
    error_message = "The second key's policy is not exactly what it should be."
  }
  assert {
    condition     = jsondecode(aws_kms_key_policy.user_secrets[0].policy).Statement[0] == jsondecode(aws_kms_key_policy.data[0].policy).Statement[0]
    error_message = "Both keys are administered alike."
  }
}

run "the_buckets_policy_is_no_longer_than_its_bound" {
  command = apply

  variables {
    prefix = "data-lake-of-us"
  }

  assert {
    condition     = length(aws_s3_bucket_policy.data.policy) <= local.bucket_policy_characters && local.bucket_policy_characters - length(aws_s3_bucket_policy.data.policy) < 600
    error_message = "The bound is ${local.bucket_policy_characters}, the policy has ${length(aws_s3_bucket_policy.data.policy)} bytes."
  }
}

# China's partition: another name in ARNs, another suffix of hosts.

mock_provider "aws" {
  source = "../mocks"

  mock_resource "aws_kms_key" {
    defaults = {
      arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }
}

variables {
  log_bucket_name        = "data-lake-logs-123456789012-cn-north-1"
  user_secrets_role_arns = ["arn:aws-cn:iam::123456789012:role/data-lake-authorizer-cn-north-1"]
  object_role_arns       = ["arn:aws-cn:iam::123456789012:role/data-lake-signer-cn-north-1"]
}

run "in_another_partition_arns_and_principals_are_its_own" {
  command = apply

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  override_data {
    target = data.aws_region.current
    values = { id = "cn-north-1" }
  }

  assert {
    condition     = !strcontains(replace(aws_s3_bucket_policy.data.policy, "arn:aws-cn:", ""), "arn:") && !strcontains(replace(aws_kms_key_policy.data[0].policy, "arn:aws-cn:", ""), "arn:aws:")
    error_message = "An ARN is not of this partition."
  }
  assert {
    condition     = strcontains(aws_kms_key_policy.data[0].policy, "logs.cn-north-1.amazonaws.com.cn")
    error_message = "The principal of CloudWatch Logs is that of the partition."
  }
}

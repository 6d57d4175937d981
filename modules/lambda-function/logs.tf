resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_338:how long a function's own log is kept is an input; what must last a year or more is the audit log
  #checkov:skip=CKV_AWS_158:the key is an input, which the composition always sets
  name              = local.log_group_name
  retention_in_days = var.logs.retention_days
  kms_key_id        = var.log_key_arn
  tags              = var.tags
}

locals {
  log_group_name = "/aws/lambda/${local.name}"

  # A string, so that the policy is known before the log group is there.
  log_group_arn = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:log-group:${local.log_group_name}"

  write_own_log = {
    Sid    = "WriteOwnLog"
    Effect = "Allow"
    Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
    # Lambda makes up the names of the streams.
    Resource = ["${local.log_group_arn}:*"]
  }
}

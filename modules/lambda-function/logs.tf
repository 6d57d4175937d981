resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:how long a function's own log is kept is an input; what must last a year or more is the audit log
  #checkov:skip=CKV_AWS_158:the key is an input, which the composition always sets
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.logs.retention_days
  kms_key_id        = var.log_key_arn
  tags              = var.tags
}

locals {
  write_own_log = {
    Sid    = "WriteOwnLog"
    Effect = "Allow"
    Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
    # Lambda makes up the names of the streams.
    Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }
}

# The domain's own logs. Audit logs of OpenSearch need fine-grained access control; who searched for what is in the
# product's audit log.

locals {
  logs = local.makes == 0 ? {} : {
    application = "ES_APPLICATION_LOGS"
    index-slow  = "INDEX_SLOW_LOGS"
    search-slow = "SEARCH_SLOW_LOGS"
  }
  log_group_names = { for name, _ in local.logs : name => "/aws/opensearch/${local.new_name}/${name}" }
}

resource "aws_cloudwatch_log_group" "domain" {
  #checkov:skip=CKV_AWS_338:These logs are for operating the domain, not for audit; the retention is an input.
  for_each = local.logs

  name              = local.log_group_names[each.key]
  kms_key_id        = var.key_arn
  retention_in_days = var.log_retention_in_days
  tags              = var.tags
}

resource "aws_cloudwatch_log_resource_policy" "this" {
  count = local.makes

  policy_name = local.new_name
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LogsOfTheDomain"
      Effect    = "Allow"
      Principal = { Service = "es.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [
        for name in values(local.log_group_names) :
        "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${name}:*"
      ]
      Condition = {
        ArnLike      = { "aws:SourceArn" = local.new_arn }
        StringEquals = { "aws:SourceAccount" = local.account }
      }
    }]
  })
}

# Below this path the gateway's right to write logs is shared by all groups, where each would take room in a policy of the
# account that is limited to 5,120 characters.
resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_338:how long it is kept is an input; what must last is in the audit log
  name              = "/aws/vendedlogs/${local.name}"
  retention_in_days = var.access_log.retention_days
  kms_key_id        = var.log_key_arn
  tags              = var.tags
}

locals {
  # Neither path nor query nor any header: each may hold what is secret (grant links have their token in the path). The
  # request id leads to the function's own log.
  access_log_format = jsonencode({
    time          = "$context.requestTime"
    request_id    = "$context.requestId"
    source_ip     = "$context.identity.sourceIp"
    method        = "$context.httpMethod"
    route         = "$context.routeKey"
    status        = "$context.status"
    bytes         = "$context.responseLength"
    milliseconds  = "$context.responseLatency"
    function_ms   = "$context.integrationLatency"
    function_fail = "$context.integrationErrorMessage"
    verdict       = "$context.authorizer.verdict"
    code          = "$context.authorizer.code"
    refused       = "$context.authorizer.error"
  })
}

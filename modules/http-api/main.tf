locals {
  name = "${var.prefix}-api"
  url  = var.domain == null ? aws_apigatewayv2_api.this.api_endpoint : "https://${var.domain.name}"
}

resource "aws_apigatewayv2_api" "this" {
  name          = local.name
  description   = "HTTP API of the data lake ${var.prefix}"
  protocol_type = "HTTP"
  tags          = var.tags

  # With a domain of its own, the address that AWS gives leads nowhere: what guards the domain can't be gone round.
  disable_execute_api_endpoint = var.domain != null

  dynamic "cors_configuration" {
    for_each = length(var.console_origins) > 0 ? [var.console_origins] : []

    content {
      allow_origins  = cors_configuration.value
      allow_methods  = ["DELETE", "GET", "PATCH", "POST", "PUT"]
      allow_headers  = ["accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match"]
      expose_headers = ["etag", "location", "retry-after", "x-request-id"]
      max_age        = 3600
    }
  }
}

# `$default` has no path in front of the API's own, and every change is live at once.
resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    throttling_rate_limit    = var.throttling.requests_per_second
    throttling_burst_limit   = var.throttling.burst
    detailed_metrics_enabled = true
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = local.access_log_format
  }
}

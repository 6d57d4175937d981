locals {
  # `/packages/{proxy+}` does not match `/packages`: every prefix has two routes.
  routes = merge([for prefix in keys(var.functions) : {
    "ANY /${prefix}"          = prefix
    "ANY /${prefix}/{proxy+}" = prefix
  }]...)

  # Health and the API's description are for everybody; what nobody knows is answered as a problem by the profile function.
  public_routes = {
    "GET /healthz"      = "profile"
    "GET /openapi.json" = "profile"
    "$default"          = "profile"
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = var.functions

  api_id                 = aws_apigatewayv2_api.this.id
  description            = "The function ${each.value.function_name}"
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = each.value.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "signed_in" {
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value].id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.this.id
}

resource "aws_apigatewayv2_route" "public" {
  #checkov:skip=CKV_AWS_309:these three are for everybody: health, the API's description, and the answer to unknown paths
  for_each = local.public_routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value].id}"
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "function" {
  for_each = var.functions

  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  function_name = each.value.function_name
  qualifier     = each.value.alias_name
  # Stage, method and route: each function by its own routes; the profile function by every other as well.
  source_arn = each.key == "profile" ? "${aws_apigatewayv2_api.this.execution_arn}/*/*" : "${aws_apigatewayv2_api.this.execution_arn}/*/*/${each.key}*"
}

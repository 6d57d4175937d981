# It always allows, and hands its verdict to the function, which answers: the gateway itself would answer a bare 403.
resource "aws_apigatewayv2_authorizer" "this" {
  api_id          = aws_apigatewayv2_api.this.id
  name            = "${var.prefix}-authorizer"
  authorizer_type = "REQUEST"
  authorizer_uri  = var.authorizer.invoke_arn

  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
  # A verdict is about one request: it must not be kept for another.
  authorizer_result_ttl_in_seconds = 0
  # Without any, the gateway lets a request without credentials through to the authorizer, instead of a bare 401.
  identity_sources = []
}

resource "aws_lambda_permission" "authorizer" {
  statement_id  = "api-authorizer"
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  function_name = var.authorizer.function_name
  qualifier     = var.authorizer.alias_name
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.this.id}"
}

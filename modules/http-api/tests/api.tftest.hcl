mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "abc"
      api_endpoint  = "https://abc.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:abc"
    }
  }

  mock_resource "aws_apigatewayv2_authorizer" {
    defaults = { id = "auth1" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/data-lake-api" }
  }
}

variables {
  functions = { for prefix in ["packages", "search", "cart", "profile"] : prefix => {
    function_name = "data-lake-${prefix}"
    alias_name    = "live"
    invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:data-lake-${prefix}:live/invocations"
  } }
  authorizer = {
    function_name = "data-lake-authorizer"
    alias_name    = "live"
    invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:data-lake-authorizer:live/invocations"
  }
  log_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111"
}

run "routes" {
  assert {
    condition = toset(keys(aws_apigatewayv2_route.signed_in)) == toset([
      "ANY /packages", "ANY /packages/{proxy+}", "ANY /search", "ANY /search/{proxy+}", "ANY /cart", "ANY /cart/{proxy+}", "ANY /profile", "ANY /profile/{proxy+}"
    ])
    error_message = "Every prefix has two routes."
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.signed_in : route.authorization_type == "CUSTOM" && route.authorizer_id == "auth1"])
    error_message = "Every prefix is behind the authorizer."
  }

  assert {
    condition     = toset(keys(aws_apigatewayv2_route.public)) == toset(["GET /healthz", "GET /openapi.json", "$default"]) && alltrue([for route in aws_apigatewayv2_route.public : route.authorization_type == "NONE"])
    error_message = "Three routes are for everybody, and no more."
  }

  assert {
    condition     = aws_apigatewayv2_route.public["$default"].target == "integrations/${aws_apigatewayv2_integration.function["profile"].id}"
    error_message = "The profile function answers for unknown paths."
  }

  assert {
    condition     = alltrue([for integration in aws_apigatewayv2_integration.function : integration.payload_format_version == "2.0" && integration.timeout_milliseconds == 30000 && endswith(integration.integration_uri, ":live/invocations")])
    error_message = "Functions are reached by their live version, with the payload that they know."
  }
}

run "authorizer" {
  assert {
    condition     = aws_apigatewayv2_authorizer.this.authorizer_payload_format_version == "2.0" && aws_apigatewayv2_authorizer.this.enable_simple_responses
    error_message = "The authorizer answers simply."
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.this.authorizer_result_ttl_in_seconds == 0 && try(length(aws_apigatewayv2_authorizer.this.identity_sources), 0) == 0
    error_message = "No verdict is kept, and requests without credentials reach the authorizer too."
  }

  assert {
    condition     = aws_lambda_permission.authorizer.source_arn == "arn:aws:execute-api:eu-west-1:123456789012:abc/authorizers/auth1"
    error_message = "Only this authorizer may invoke the function."
  }

  assert {
    condition = { for prefix, permission in aws_lambda_permission.function : prefix => permission.source_arn } == {
      packages = "arn:aws:execute-api:eu-west-1:123456789012:abc/*/*/packages*"
      search   = "arn:aws:execute-api:eu-west-1:123456789012:abc/*/*/search*"
      cart     = "arn:aws:execute-api:eu-west-1:123456789012:abc/*/*/cart*"
      profile  = "arn:aws:execute-api:eu-west-1:123456789012:abc/*/*"
    }
    error_message = "Each function may be invoked by its own routes."
  }
}

run "defaults" {
  assert {
    condition     = output.url == "https://abc.execute-api.eu-west-1.amazonaws.com" && !aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "Without a domain, the API has the address that AWS gives."
  }

  assert {
    condition     = aws_apigatewayv2_stage.default.name == "$default" && aws_apigatewayv2_stage.default.auto_deploy
    error_message = "The stage puts nothing in front of paths."
  }

  assert {
    condition     = length(aws_apigatewayv2_api.this.cors_configuration) == 0
    error_message = "Without a console no script of a page may read answers."
  }

  assert {
    condition     = alltrue([for value in values(jsondecode(local.access_log_format)) : !contains(["$context.path", "$context.authorizer.principal"], value) && !strcontains(value, "query") && !strcontains(value, "header")])
    error_message = "The access log holds no secret: grant links have theirs in the path."
  }
}

run "console_and_domain" {
  variables {
    console_origins = ["https://console.example"]
    domain = {
      name            = "api.lake.example"
      certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
      zone_id         = "Z1"
    }
  }

  override_resource {
    target = aws_apigatewayv2_domain_name.this
    values = { id = "api.lake.example" }
  }

  assert {
    condition     = one(aws_apigatewayv2_api.this.cors_configuration).allow_origins == toset(["https://console.example"])
    error_message = "The console's scripts may call the API."
  }

  assert {
    condition     = one(aws_apigatewayv2_api.this.cors_configuration).expose_headers == toset(["etag", "location", "retry-after", "x-request-id"])
    error_message = "The console reads these headers."
  }

  assert {
    condition     = output.url == "https://api.lake.example" && aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "With a domain there is no other way in."
  }

  assert {
    condition     = length(aws_route53_record.this) == 1 && aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].security_policy == "TLS_1_2"
    error_message = "The record is made, and old TLS refused."
  }
}

run "refuses_any_origin" {
  command = plan

  variables {
    console_origins = ["*"]
  }

  expect_failures = [var.console_origins]
}

run "refuses_an_api_without_profile" {
  command = plan

  variables {
    functions = {}
  }

  expect_failures = [var.functions]
}

run "refuses_a_burst_below_the_rate" {
  command = plan

  variables {
    throttling = { requests_per_second = 100, burst = 10 }
  }

  expect_failures = [var.throttling]
}

run "refuses_a_domain_without_a_certificate" {
  command = plan

  variables {
    domain = { name = "api.lake.example", certificate_arn = "none" }
  }

  expect_failures = [var.domain]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_domain_that_is_no_host" {
  command = plan

  variables {
    domain = { name = "-api.lake.example", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1" }
  }

  expect_failures = [var.domain]
}

run "refuses_an_authority_as_a_certificate" {
  command = plan

  variables {
    domain = { name = "api.lake.example", certificate_arn = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/1" }
  }

  expect_failures = [var.domain]
}

run "refuses_half_a_request_at_once" {
  command = plan

  variables {
    throttling = { burst = 400.5 }
  }

  expect_failures = [var.throttling]
}

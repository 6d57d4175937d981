mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/data-lake-cart-service-eu-west-1" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/data-lake-cart-service" }
  }

  mock_resource "aws_lambda_function" {
    defaults = {
      arn     = "arn:aws:lambda:eu-west-1:123456789012:function:data-lake-cart-service"
      version = "7"
    }
  }
}

variables {
  name        = "cart-service"
  description = "Carts and exports"
  code        = { filename = "./tests/bootstrap.zip" }
  environment = { DATALAKE_PREFIX = "data-lake" }
  statements = [{
    sid       = "UseCart"
    actions   = ["dynamodb:GetItem"]
    resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-cart"]
  }]
}

# The first of all, as in an empty account: nothing has been made whose ARN could be known from it.
run "a_first_plan_knows_the_policy" {
  command = plan

  variables {
    tracing = true
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == [
      { Sid = "UseCart", Effect = "Allow", Action = ["dynamodb:GetItem"], Resource = ["arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-cart"] },
      {
        Sid      = "WriteOwnLog", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/data-lake-cart-service:*"]
      },
      { Sid = "SendTraces", Effect = "Allow", Action = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], Resource = ["*"] },
    ]
    error_message = "Whoever reads the plan sees what the role may do."
  }

  assert {
    condition     = output.alias_arn == "arn:aws:lambda:eu-west-1:123456789012:function:data-lake-cart-service:live"
    error_message = "Others' policies name the live version before it is there."
  }
}

run "one_function" {
  assert {
    condition     = aws_lambda_function.this.function_name == "data-lake-cart-service" && aws_lambda_function.this.handler == "bootstrap"
    error_message = "The function must be named by prefix and name and start bootstrap."
  }

  assert {
    condition     = aws_lambda_function.this.runtime == "provided.al2023" && one(aws_lambda_function.this.architectures) == "x86_64" && aws_lambda_function.this.memory_size == 512
    error_message = "The defaults are Amazon Linux 2023 on x86_64 with 512 MB."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "No execution may be reserved by default: new accounts have none to spare."
  }

  assert {
    condition     = aws_iam_role.this.name == "data-lake-cart-service-eu-west-1"
    error_message = "IAM names are global: the role's name must carry the region."
  }

  assert {
    condition     = output.role_arn == "arn:aws:iam::123456789012:role/data-lake-cart-service-eu-west-1"
    error_message = "Policies name the role before it is made: its ARN must be computed right."
  }

  assert {
    condition     = aws_lambda_alias.live.function_version == "7"
    error_message = "The alias must stand on the newest version."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid] == ["UseCart", "WriteOwnLog"]
    error_message = "The role may do what is listed and write its own log, nothing else."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement[1].Resource == ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/data-lake-cart-service:*"]
    error_message = "The role may write no other log."
  }
}

run "everything_asked_for" {
  override_data {
    target = data.aws_lambda_function.live
    values = { version = "3" }
  }

  variables {
    prefix                = "lake-2"
    tags                  = { team = "data" }
    code                  = { filename = "./tests/bootstrap.zip", architecture = "arm64" }
    limits                = { memory_mb = 1024, timeout_seconds = 900, reserved_concurrency = 5 }
    iam                   = { role_path = "/lake/", permissions_boundary = "arn:aws-us-gov:iam::123456789012:policy/boundary" }
    environment_key_arn   = "arn:aws:kms:eu-west-1:123456789012:key/1"
    log_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/1"
    dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:lake-2-dead"
    tracing               = true
    live_version          = "3"
  }

  assert {
    condition     = aws_lambda_function.this.function_name == "lake-2-cart-service" && one(aws_lambda_function.this.tracing_config).mode == "Active"
    error_message = "Prefix and tracing must reach the function."
  }

  assert {
    condition     = aws_iam_role.this.path == "/lake/" && aws_iam_role.this.permissions_boundary == "arn:aws-us-gov:iam::123456789012:policy/boundary"
    error_message = "Path and boundary must reach the role."
  }

  assert {
    condition     = output.role_arn == "arn:aws:iam::123456789012:role/lake/lake-2-cart-service-eu-west-1"
    error_message = "The path belongs into the role's ARN."
  }

  assert {
    condition     = aws_lambda_alias.live.function_version == "3"
    error_message = "The alias must stay where it is held."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid] == ["UseCart", "WriteOwnLog", "SendDeadLetters", "SendTraces"]
    error_message = "Dead letters and traces need a statement each."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid if contains(statement.Resource, "*")] == ["SendTraces"]
    error_message = "Only X-Ray's actions have no resource."
  }
}

run "conditions_reach_the_policy" {
  variables {
    statements = [{
      sid        = "UseKey"
      actions    = ["kms:Decrypt"]
      resources  = ["arn:aws:kms:eu-west-1:123456789012:key/1"]
      conditions = { StringEquals = { "kms:ViaService" = ["s3.eu-west-1.amazonaws.com"] } }
    }]
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement[0].Condition.StringEquals["kms:ViaService"] == ["s3.eu-west-1.amazonaws.com"]
    error_message = "A condition must reach the policy."
  }
}

run "refuses_action_wildcards" {
  command = plan

  variables {
    statements = [{ sid = "All", actions = ["es:ESHttp*"], resources = ["arn:aws:es:eu-west-1:123456789012:domain/d/*"] }]
  }

  expect_failures = [var.statements]
}

run "refuses_any_resource" {
  command = plan

  variables {
    statements = [{ sid = "All", actions = ["s3:GetObject"], resources = ["*"] }]
  }

  expect_failures = [var.statements]
}

run "refuses_statements_that_allow_nothing" {
  command = plan

  variables {
    statements = [{ sid = "None", actions = ["s3:GetObject"], resources = [] }]
  }

  expect_failures = [var.statements]
}

run "refuses_two_statements_of_one_name" {
  command = plan

  variables {
    statements = [
      { sid = "Same", actions = ["s3:GetObject"], resources = ["arn:aws:s3:::a/*"] },
      { sid = "Same", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::a/*"] },
    ]
  }

  expect_failures = [var.statements]
}

run "refuses_an_unknown_architecture" {
  command = plan

  variables {
    code = { filename = "./tests/bootstrap.zip", architecture = "riscv64" }
  }

  expect_failures = [var.code]
}

run "refuses_more_than_fifteen_minutes" {
  command = plan

  variables {
    limits = { timeout_seconds = 901 }
  }

  expect_failures = [var.limits]
}

run "refuses_a_function_that_is_switched_off" {
  command = plan

  variables {
    limits = { reserved_concurrency = 0 }
  }

  expect_failures = [var.limits]
}

run "refuses_a_prefix_that_names_cannot_begin_with" {
  command = plan

  variables {
    prefix = "Data_Lake"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_retention_that_logs_do_not_know" {
  command = plan

  variables {
    logs = { retention_days = 31 }
  }

  expect_failures = [var.logs]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_path_longer_than_iams" {
  command = plan

  variables {
    iam = { role_path = "/${join("", [for number in range(511) : "x"])}/" }
  }

  expect_failures = [var.iam]
}

run "refuses_a_policy_that_iam_does_not_take" {
  command = plan

  variables {
    statements = [{ sid = "Read", actions = ["s3:GetObject"], resources = [for number in range(300) : "arn:aws:s3:::partners/incoming/2026/team-${number}/*"] }]
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "white_space_does_not_count" {
  variables {
    statements = [{ sid = "Read", actions = ["s3:GetObject"], resources = ["arn:aws:s3:::partners/${format("%10240s", "")}/*"] }]
  }

  assert {
    condition     = length(aws_iam_role_policy.this.policy) > 10240
    error_message = "IAM counts no white space."
  }
}

run "refuses_to_hold_callers_on_a_version_that_is_not_there" {
  command = plan

  override_data {
    target = data.aws_lambda_function.live
    values = { version = "6" }
  }

  variables {
    live_version = "7"
  }

  expect_failures = [data.aws_lambda_function.live]
}

run "refuses_half_a_megabyte" {
  command = plan

  variables {
    limits = { memory_mb = 512.5 }
  }

  expect_failures = [var.limits]
}

run "refuses_half_a_second" {
  command = plan

  variables {
    limits = { timeout_seconds = 29.5 }
  }

  expect_failures = [var.limits]
}

run "refuses_half_an_execution" {
  command = plan

  variables {
    limits = { reserved_concurrency = 1.5 }
  }

  expect_failures = [var.limits]
}

mock_provider "aws" {
  source = "../mocks"
}

variables {
  functions = {
    packages = { name = "data-lake-package-service", timeout_seconds = 30, slow_ms = 2000 }
    manifest = { name = "data-lake-manifest-service", timeout_seconds = 900 }
  }
  api_id                  = "abcdef1234"
  queue_names             = { manifest = "data-lake-manifest" }
  dead_letter_queue_names = { manifest = "data-lake-manifest-dead", audit = "data-lake-audit-dead.fifo" }
  table_names             = { packages = "data-lake-packages" }
  alarm_topic_arns        = ["arn:aws:sns:eu-west-1:123456789012:operators"]
}

run "each_function_is_watched" {
  command = plan

  assert {
    condition = toset(output.alarm_names) == toset([
      "data-lake-package-service-errors", "data-lake-package-service-throttles", "data-lake-package-service-slow",
      "data-lake-manifest-service-errors", "data-lake-manifest-service-throttles", "data-lake-manifest-service-slow",
      "data-lake-manifest-dead-letters", "data-lake-audit-dead-letters", "data-lake-api-errors", "data-lake-api-slow",
    ])
    error_message = "Errors, throttles and slowness of each function, dead letters, the API."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.functions["data-lake-package-service-slow"].threshold == 2000 &&
      aws_cloudwatch_metric_alarm.functions["data-lake-package-service-slow"].extended_statistic == "p99" &&
      aws_cloudwatch_metric_alarm.functions["data-lake-manifest-service-slow"].threshold == 720000
    )
    error_message = "Slow is what the caller says, or four fifths of the time limit."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.dead_letters["audit"].threshold == 0 && aws_cloudwatch_metric_alarm.dead_letters["audit"].dimensions == tomap({ QueueName = "data-lake-audit-dead.fifo" })
    error_message = "One dead letter is one too many."
  }
  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.functions) : alarm.alarm_actions == toset(var.alarm_topic_arns)])
    error_message = "Alarms go to the topic."
  }
  assert {
    condition     = length(aws_budgets_budget.this) == 0 && length(aws_cloudwatch_metric_alarm.search) == 0
    error_message = "No budget and no domain unless asked for."
  }
}

run "the_change_feed_is_watched" {
  command = plan
  variables {
    functions               = { changes = { name = "data-lake-changes", timeout_seconds = 60 }, manifest = { name = "data-lake-manifest-service", timeout_seconds = 900 } }
    dead_letter_queue_names = { changes = "data-lake-changes-dead", housekeeping = "data-lake-housekeeping-dead", audit = "data-lake-audit-dead.fifo" }
  }

  assert {
    condition     = contains(output.alarm_names, "data-lake-changes-behind") && toset(keys(aws_cloudwatch_metric_alarm.feed)) == toset(["changes"])
    error_message = "Only the feed has a place at which it stands."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.feed["changes"].metric_name == "IteratorAge" &&
      aws_cloudwatch_metric_alarm.feed["changes"].namespace == "AWS/Lambda" &&
      aws_cloudwatch_metric_alarm.feed["changes"].statistic == "Maximum" &&
      aws_cloudwatch_metric_alarm.feed["changes"].threshold == 900000 &&
      aws_cloudwatch_metric_alarm.feed["changes"].comparison_operator == "GreaterThanThreshold" &&
      aws_cloudwatch_metric_alarm.feed["changes"].dimensions == tomap({ FunctionName = "data-lake-changes" }) &&
      aws_cloudwatch_metric_alarm.feed["changes"].alarm_actions == toset(var.alarm_topic_arns)
    )
    error_message = "A quarter of an hour (in milliseconds) is too long."
  }
  assert {
    condition = (
      strcontains(aws_cloudwatch_metric_alarm.dead_letters["changes"].alarm_description, "nothing can be sent back") &&
      strcontains(aws_cloudwatch_metric_alarm.dead_letters["housekeeping"].alarm_description, "untold") &&
      strcontains(aws_cloudwatch_metric_alarm.dead_letters["audit"].alarm_description, "then send them back")
    )
    error_message = "Places in a stream are no messages."
  }
}

run "the_search_domain_is_watched_if_there_is_one" {
  command = plan
  variables {
    search_domain_name = "data-lake-search"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.search)) == toset(["red", "writes-blocked", "storage", "memory", "cpu", "key"])
    error_message = "What makes searches fail or miss packages."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.search : alarm.dimensions == tomap({ DomainName = "data-lake-search", ClientId = "123456789012" })])
    error_message = "A domain's metrics carry the account."
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets) == 12
    error_message = "The dashboard shows the domain too."
  }
}

run "the_dashboard_names_what_there_is_and_nothing_overlaps" {
  command = plan

  assert {
    condition = length(distinct([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : "${widget.x},${widget.y}"
    ])) == length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets)
    error_message = "Two widgets lie on each other."
  }
  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : alltrue([for metric in widget.properties.metrics : length(metric) >= 4 && startswith(metric[0], "AWS/")])])
    error_message = "A metric is namespace, name, and pairs of dimensions."
  }
}

run "nothing_is_made_that_is_not_wanted" {
  command = plan
  variables {
    alarms    = { enabled = false }
    dashboard = false
  }

  assert {
    condition     = length(output.alarm_names) == 0 && output.dashboard_name == null
    error_message = "No alarms, no dashboard."
  }
}

run "a_budget_tells_people" {
  command = plan
  variables {
    budget = { monthly_usd = 250, emails = ["lake@example.org"], tag = "project$lake" }
  }

  assert {
    condition     = aws_budgets_budget.this[0].limit_amount == "250" && length(aws_budgets_budget.this[0].notification) == 2
    error_message = "Spent and forecast."
  }
  assert {
    condition     = alltrue([for filter in aws_budgets_budget.this[0].cost_filter : filter.name == "TagKeyValue" && filter.values == tolist(["user:project$lake"])])
    error_message = "Only this deployment counts."
  }
}

run "a_budget_that_tells_nobody" {
  command = plan
  variables {
    budget = { monthly_usd = 250, emails = [] }
  }
  expect_failures = [var.budget]
}

run "an_alarm_that_could_never_be_raised" {
  command = plan
  variables {
    functions = { packages = { name = "data-lake-package-service", timeout_seconds = 30, slow_ms = 40000 } }
  }
  expect_failures = [var.functions]
}

run "nothing_to_watch" {
  command = plan
  variables {
    functions = {}
  }
  expect_failures = [var.functions]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_budget_that_tells_nobody_by_mail" {
  command = plan

  variables {
    budget = { monthly_usd = 100, emails = ["ada"] }
  }

  expect_failures = [var.budget]
}

run "refuses_a_queue_as_a_topic" {
  command = plan

  variables {
    alarm_topic_arns = ["arn:aws:sqs:eu-west-1:123456789012:operations"]
  }

  expect_failures = [var.alarm_topic_arns]
}

run "refuses_a_topic_that_keeps_an_order" {
  command = plan

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:operations.fifo"]
  }

  expect_failures = [var.alarm_topic_arns]
}

run "refuses_six_topics" {
  command = plan

  variables {
    alarm_topic_arns = [for number in range(6) : "arn:aws:sns:eu-west-1:123456789012:operations-${number}"]
  }

  expect_failures = [var.alarm_topic_arns]
}

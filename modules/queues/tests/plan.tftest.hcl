mock_provider "aws" {
  source = "../mocks"
}

variables {
  key_arn                   = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  housekeeping_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:data-lake-housekeeping"
}

run "each_worker_has_a_queue_and_one_of_dead_letters" {
  command = plan

  assert {
    condition     = output.queue_names == { manifest = "data-lake-manifest", housekeeping = "data-lake-housekeeping", search = "data-lake-search", audit = "data-lake-audit.fifo" }
    error_message = "Queues are named by worker."
  }
  assert {
    condition     = output.dead_letter_queue_names == { manifest = "data-lake-manifest-dead", housekeeping = "data-lake-housekeeping-dead", search = "data-lake-search-dead", audit = "data-lake-audit-dead.fifo" }
    error_message = "Dead letters of a FIFO queue need a FIFO queue."
  }
  assert {
    condition     = alltrue([for name, queue in aws_sqs_queue.work : queue.fifo_queue == (name == "audit") && aws_sqs_queue.dead[name].fifo_queue == (name == "audit")])
    error_message = "Only audit keeps an order."
  }
  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.work), values(aws_sqs_queue.dead)) : queue.kms_master_key_id == var.key_arn])
    error_message = "Messages are encrypted with the data key."
  }
  assert {
    condition     = output.queue_arns["audit"] == "arn:aws:sqs:eu-west-1:123456789012:data-lake-audit.fifo"
    error_message = "A queue's ARN is known before it is made."
  }
}

run "a_message_stays_hidden_for_six_times_the_functions_limit" {
  command = plan
  variables {
    function_timeouts = { manifest = 600, search = 60 }
  }

  assert {
    condition     = { for name, queue in aws_sqs_queue.work : name => queue.visibility_timeout_seconds } == { manifest = 3600, housekeeping = 5400, search = 360, audit = 720 }
    error_message = "Less, and a message would come again while it is worked on."
  }
}

run "what_fails_goes_to_the_dead_letters_of_its_own_queue" {
  command = plan

  assert {
    condition = { for name, queue in aws_sqs_queue.work : name => jsondecode(queue.redrive_policy) } == {
      for name, dead in aws_sqs_queue.dead : name => { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:${dead.name}", maxReceiveCount = contains(["audit", "search"], name) ? 24 : 5 }
    }
    error_message = "So many tries, then the dead letters."
  }
  assert {
    condition     = alltrue([for queue in aws_sqs_queue.work : jsondecode(queue.redrive_policy).maxReceiveCount * queue.visibility_timeout_seconds > 4 * 3600])
    error_message = "An outage of four hours must make no dead letters."
  }
  assert {
    condition     = alltrue([for name, policy in aws_sqs_queue_redrive_allow_policy.dead : jsondecode(policy.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [output.queue_arns[name]] }])
    error_message = "No other queue may put its dead letters there."
  }
  assert {
    condition     = alltrue([for name, queue in aws_sqs_queue.work : queue.message_retention_seconds < aws_sqs_queue.dead[name].message_retention_seconds])
    error_message = "Dead letters are kept for longer."
  }
}

run "queues_take_nothing_but_tls" {
  command = plan

  assert {
    condition = jsondecode(aws_sqs_queue_policy.work["audit"].policy).Statement == [{
      Sid       = "OnlyTls", Effect = "Deny", Principal = "*", Action = "sqs:*"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:data-lake-audit.fifo"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "A queue's policy only refuses."
  }
  assert {
    condition     = length(aws_sqs_queue_policy.dead) == 4 && length(aws_sqs_queue_policy.work) == 4
    error_message = "Each queue has its policy."
  }
}

run "queues_in_trouble_are_heard_of" {
  command = plan
  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:operators"]
    alarms           = { age_seconds = { search = 60 } }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.age["search"].threshold == 60 && aws_cloudwatch_metric_alarm.age["audit"].threshold == 900 && length(aws_cloudwatch_metric_alarm.depth) == 4
    error_message = "One limit is changed, the others stay."
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.age), values(aws_cloudwatch_metric_alarm.depth)) : alarm.alarm_actions == toset(var.alarm_topic_arns)])
    error_message = "Alarms go to the topic."
  }
}

run "the_schedule_wakes_housekeeping_and_may_do_nothing_else" {
  command = plan

  assert {
    condition = (
      aws_scheduler_schedule.housekeeping[0].schedule_expression == "rate(15 minutes)" &&
      aws_scheduler_schedule.housekeeping[0].target[0].arn == var.housekeeping_function_arn &&
      jsondecode(aws_scheduler_schedule.housekeeping[0].target[0].input) == { job = "sweep" }
    )
    error_message = "Every quarter of an hour, with the job that the function reads."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.schedule[0].policy).Statement == [
      { Sid = "Wake", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = var.housekeeping_function_arn },
      { Sid = "DeadLetters", Effect = "Allow", Action = ["sqs:SendMessage"], Resource = "arn:aws:sqs:eu-west-1:123456789012:data-lake-housekeeping-dead" },
      {
        Sid       = "EncryptDeadLetters", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = var.key_arn
        Condition = { StringEquals = { "kms:ViaService" = ["sqs.eu-west-1.amazonaws.com"] } }
      },
    ]
    error_message = "The schedule's role is not exactly what it should be."
  }
  assert {
    condition = jsondecode(aws_iam_role.schedule[0].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012", "aws:SourceArn" = "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/data-lake" }
    }
    error_message = "Only our schedules may take the role."
  }
}

run "the_schedules_role_bows_to_the_company" {
  command = plan
  variables {
    iam = { role_path = "/lakes/", permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
  }

  assert {
    condition     = aws_iam_role.schedule[0].path == "/lakes/" && aws_iam_role.schedule[0].permissions_boundary == "arn:aws:iam::123456789012:policy/boundary" && aws_iam_role.schedule[0].name == "data-lake-schedule-eu-west-1"
    error_message = "Path and boundary are the company's."
  }
}

run "no_schedule_if_none_is_wanted" {
  command = plan
  variables {
    schedule                  = { enabled = false }
    housekeeping_function_arn = null
  }

  assert {
    condition     = length(aws_scheduler_schedule.housekeeping) == 0 && length(aws_iam_role.schedule) == 0 && output.schedule_arn == null
    error_message = "Nothing is made for it."
  }
}

run "a_schedule_that_wakes_nobody" {
  command = plan
  variables {
    housekeeping_function_arn = null
  }
  expect_failures = [var.housekeeping_function_arn]
}

run "a_schedule_whose_input_is_no_json" {
  command = plan
  variables {
    schedule = { input = "sweep" }
  }
  expect_failures = [var.schedule]
}

run "tries_are_of_one_queue" {
  command = plan
  variables {
    delivery = { attempts = { manifest = 9 } }
  }

  assert {
    condition     = { for name, queue in aws_sqs_queue.work : name => jsondecode(queue.redrive_policy).maxReceiveCount } == { manifest = 9, housekeeping = 5, search = 24, audit = 24 }
    error_message = "One queue is changed, the others stay."
  }
}

run "a_message_that_is_tried_once" {
  command = plan
  variables {
    delivery = { attempts = { audit = 1 } }
  }
  expect_failures = [var.delivery]
}

run "dead_letters_that_expire_before_they_are_dead" {
  command = plan
  variables {
    delivery = { message_days = 14, dead_letter_days = 14 }
  }
  expect_failures = [var.delivery]
}

run "a_function_that_runs_for_an_hour" {
  command = plan
  variables {
    function_timeouts = { manifest = 3600 }
  }
  expect_failures = [var.function_timeouts]
}

run "a_limit_for_a_worker_that_is_none" {
  command = plan
  variables {
    alarms = { depth = { catalogue = 1 } }
  }
  expect_failures = [var.alarms]
}

run "tries_that_end_before_messages_expire" {
  command = plan
  variables {
    delivery = { attempts = { audit = 479 } }
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.work["audit"].redrive_policy).maxReceiveCount == 479
    error_message = "479 times 720 seconds are less than four days."
  }
}

run "tries_that_outlast_the_messages" {
  command = plan
  variables {
    delivery = { attempts = { audit = 480 } }
  }
  expect_failures = [var.delivery]
}

run "longer_functions_whose_tries_outlast_the_messages" {
  command = plan
  variables {
    function_timeouts = { search = 900 }
    delivery          = { attempts = { search = 100 } }
  }
  expect_failures = [var.delivery]
}

run "half_a_try" {
  command = plan
  variables {
    delivery = { attempts = { audit = 2.5 } }
  }
  expect_failures = [var.delivery]
}

run "half_a_day" {
  command = plan
  variables {
    delivery = { message_days = 3.5 }
  }
  expect_failures = [var.delivery]
}

run "refuses_a_prefix_that_is_taken" {
  command = plan

  variables {
    prefix = "default"
  }

  expect_failures = [var.prefix]
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

run "refuses_a_path_longer_than_iams" {
  command = plan

  variables {
    iam = { role_path = "/${join("", [for number in range(511) : "x"])}/" }
  }

  expect_failures = [var.iam]
}

run "refuses_a_rate_of_nothing" {
  command = plan

  variables {
    schedule = { expression = "rate(15 parsecs)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_a_time_of_five_fields" {
  command = plan

  variables {
    schedule = { expression = "cron(0 4 * * *)" }
  }

  expect_failures = [var.schedule]
}

run "schedules_as_aws_writes_them" {
  command = plan

  variables {
    schedule = { expression = "cron(0/15 * * * ? *)" }
  }

  assert {
    condition     = aws_scheduler_schedule.housekeeping[0].schedule_expression == "cron(0/15 * * * ? *)"
    error_message = "Six fields are a time."
  }
}

run "refuses_a_time_limit_of_half_a_second" {
  command = plan

  variables {
    function_timeouts = { search = 60.25 }
  }

  expect_failures = [var.function_timeouts]
}

# One page: is it up, is it slow, does work pile up.

locals {
  # Widgets of six by twelve units, two in a row.
  graphs = concat(
    [
      {
        title   = "API: requests and errors"
        stat    = "Sum"
        metrics = [for metric in ["Count", "4xx", "5xx"] : ["AWS/ApiGateway", metric, "ApiId", var.api_id]]
      },
      {
        title   = "API: 99th percentile (ms)"
        stat    = "p99"
        metrics = [for metric in ["Latency", "IntegrationLatency"] : ["AWS/ApiGateway", metric, "ApiId", var.api_id]]
      },
      {
        title   = "Functions: errors"
        stat    = "Sum"
        metrics = [for function in values(var.functions) : ["AWS/Lambda", "Errors", "FunctionName", function.name]]
      },
      {
        title   = "Functions: 99th percentile (ms)"
        stat    = "p99"
        metrics = [for function in values(var.functions) : ["AWS/Lambda", "Duration", "FunctionName", function.name]]
      },
      {
        title   = "Functions: throttles"
        stat    = "Sum"
        metrics = [for function in values(var.functions) : ["AWS/Lambda", "Throttles", "FunctionName", function.name]]
      },
      {
        title   = "Functions: at once"
        stat    = "Maximum"
        metrics = [for function in values(var.functions) : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", function.name]]
      },
      {
        title   = "Queues: age of the oldest message (s)"
        stat    = "Maximum"
        metrics = [for queue in values(var.queue_names) : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue]]
      },
      {
        title = "Queues: waiting, and dead letters"
        stat  = "Maximum"
        metrics = [
          for queue in concat(values(var.queue_names), values(var.dead_letter_queue_names)) :
          ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]
        ]
      },
      {
        title   = "Tables: throttled requests"
        stat    = "Sum"
        metrics = [for table in values(var.table_names) : ["AWS/DynamoDB", "ThrottledRequests", "TableName", table]]
      },
      {
        title = "Tables: capacity used"
        stat  = "Sum"
        metrics = [
          for pair in setproduct(values(var.table_names), ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"]) :
          ["AWS/DynamoDB", pair[1], "TableName", pair[0]]
        ]
      },
    ],
    var.search_domain_name == null ? [] : [
      {
        title = "Search: latency (ms)"
        stat  = "Average"
        metrics = [
          for metric in ["SearchLatency", "IndexingLatency"] :
          ["AWS/ES", metric, "DomainName", var.search_domain_name, "ClientId", local.account]
        ]
      },
      {
        title = "Search: processor and heap (%)"
        stat  = "Maximum"
        metrics = [
          for metric in ["CPUUtilization", "JVMMemoryPressure"] :
          ["AWS/ES", metric, "DomainName", var.search_domain_name, "ClientId", local.account]
        ]
      },
    ],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = "${var.prefix}-${local.region}"
  dashboard_body = jsonencode({
    widgets = [
      for position, graph in local.graphs : {
        type   = "metric"
        x      = position % 2 * 12
        y      = floor(position / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = graph.title
          region  = local.region
          stat    = graph.stat
          period  = 300
          view    = "timeSeries"
          stacked = false
          metrics = graph.metrics
        }
      }
    ]
  })
}

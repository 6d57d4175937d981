output "queue_urls" {
  description = "URLs by worker (`manifest`, `housekeeping`, `search`, `audit`)."
  value       = { for name, queue in aws_sqs_queue.work : name => queue.url }
}

output "queue_arns" {
  description = "ARNs by worker. Known before anything is made."
  value       = local.queue_arns
}

output "queue_names" {
  description = "Names by worker."
  value       = local.queue_names
}

output "dead_letter_queue_arns" {
  description = "ARNs of the queues of dead letters by worker. Known before anything is made."
  value       = local.dead_letter_queue_arns
}

output "dead_letter_queue_names" {
  description = "Names of the queues of dead letters by worker."
  value       = local.dead_letter_queue_names
}

output "schedule_arn" {
  description = "ARN of housekeeping's schedule, null without one."
  value       = one(aws_scheduler_schedule.housekeeping[*].arn)
}

output "log_group_name" {
  description = "Name of the audit log's group."
  value       = aws_cloudwatch_log_group.audit.name
}

output "log_group_arn" {
  description = "ARN of the audit log's group, without `:*`; its streams are `{arn}:log-stream:{name}`. Known before anything is made."
  value       = local.arn
}

output "dashboard_name" {
  description = "The dashboard's name, null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "alarm_names" {
  description = "Names of all alarms made here."
  value       = sort(local.alarm_names)
}

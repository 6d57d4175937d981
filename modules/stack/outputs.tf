output "api_url" {
  description = "The API's public address, without a slash at the end."
  value       = module.api.url
}

output "api_domain_target" {
  description = "What the record of the API's own domain must lead to, if it is not made here."
  value       = module.api.domain_target
}

output "identity_function_arn" {
  description = "The function that the user pool asks before it makes a token."
  value       = module.functions.identity_function_arn
}

output "function_names" {
  description = "Names of the functions by short name."
  value       = { for name, function in module.functions.functions : name => function.name }
}

output "role_arns" {
  description = "Roles of the functions by short name."
  value       = module.functions.role_arns
}

output "bucket_name" {
  description = "The data bucket's name."
  value       = module.foundation.bucket_name
}

output "table_names" {
  description = "Names of the tables by short name."
  value       = module.foundation.table_names
}

output "search_endpoint" {
  description = "The search cluster's address."
  value       = module.search_domain.endpoint
}

output "audit_log_group_name" {
  description = "Name of the audit log's group."
  value       = module.audit.log_group_name
}

output "audit_bucket_name" {
  description = "Name of the bucket of the audit log's signed heads."
  value       = module.audit.bucket_name
}

output "dashboard_name" {
  description = "Name of the dashboard, null without one."
  value       = module.observability.dashboard_name
}

output "kept_arns" {
  description = "What can't be made again: it stays, readable, if Terraform is told to forget `foundation` before everything else is destroyed."
  value       = module.foundation.kept_arns
}

output "warnings" {
  description = "What people should know about this deployment."
  value       = compact([module.search_domain.network_read_warning])
}

output "protection" {
  description = "What keeps from a mistake what can't be made again, as planned: by module."
  value = {
    foundation = module.foundation.protection
    audit      = module.audit.protection
    buckets    = module.buckets.protection
  }
}

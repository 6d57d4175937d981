output "endpoint" {
  description = "The cluster's address, without a slash at the end."
  value       = var.existing == null ? "https://${aws_opensearch_domain.this[0].endpoint}" : var.existing.endpoint
}

output "domain_arn" {
  description = "The domain's ARN, for the statements of search and indexer (`{arn}/*`); null for an existing cluster that is no domain. Known before anything is made."
  value       = local.domain_arn
}

output "domain_name" {
  description = "The domain's name, null for an existing cluster that is no domain. Known before anything is made."
  value       = local.domain_name
}

output "network_read_warning" {
  description = "What to tell people if others than the product may read the cluster, else null."
  value       = local.network_read_warning
}

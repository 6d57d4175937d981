output "directory" {
  description = "Who owns people and groups: the product, in the user pool."
  value       = "cognito"
}

output "group_map" {
  description = "Names of groups that stand for others: none, groups are the product's."
  value       = {}
}

output "admin_group" {
  description = "Name of the administrators' group."
  value       = var.admin_group
}

output "user_pool_id" {
  description = "The user pool's id."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "The user pool's ARN."
  value       = aws_cognito_user_pool.this.arn
}

output "issuer" {
  description = "Who issues tokens."
  value       = "https://${aws_cognito_user_pool.this.endpoint}"
}

output "jwks_url" {
  description = "Where the issuer's keys are."
  value       = replace(coalesce(var.jwks_url, "https://${aws_cognito_user_pool.this.endpoint}/.well-known/jwks.json"), "{user_pool_id}", aws_cognito_user_pool.this.id)
}

output "client_id" {
  description = "The client of console and command line."
  value       = aws_cognito_user_pool_client.this.id
}

output "sign_in_domain_target" {
  description = "What the record of the sign-in page's own domain must lead to; null without one."
  value       = var.domain == null ? null : aws_cognito_user_pool_domain.this.cloudfront_distribution
}

output "sign_in_url" {
  description = "Address of the sign-in page."
  value       = local.sign_in_url
  depends_on  = [aws_cognito_user_pool_domain.this]
}

output "administrator_id" {
  description = "Id of the first administrator, who belongs to the deployment; null where the directory knows its own."
  value       = aws_cognito_user.administrator.sub
}

output "identity_provider" {
  description = "What to enter at the identity provider; null without one."
  value       = null
}

output "protection" {
  description = "Whether the user pool refuses to be deleted (`ACTIVE`)."
  value       = { user_pool = aws_cognito_user_pool.this.deletion_protection }
}

output "destroyed_after_tables" {
  description = "Values of what must not go before the tables: people, and how they sign in."
  value = [
    aws_cognito_user_pool.this.id,
    aws_cognito_user_pool_client.this.id,
    aws_cognito_user_pool_domain.this.id,
    aws_cognito_user_in_group.administrator.id,
  ]
}

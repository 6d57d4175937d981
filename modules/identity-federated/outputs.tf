output "directory" {
  description = "Who owns people and groups: the identity provider."
  value       = "federated"
}

output "group_map" {
  description = "The provider's names of groups, and what each one is here."
  value       = var.group_map
}

output "admin_group" {
  description = "The provider's name of the administrators' group."
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
  description = "Id of an administrator who belongs to the deployment: none, the provider knows its own."
  value       = null
}

output "identity_provider" {
  description = "What to enter at the identity provider."
  value = {
    name         = local.provider_name
    kind         = var.saml == null ? "oidc" : "saml"
    entity_id    = var.saml == null ? null : "urn:amazon:cognito:sp:${aws_cognito_user_pool.this.id}"
    acs_url      = var.saml == null ? null : "${local.sign_in_url}/saml2/idpresponse"
    sign_out_url = try(var.saml.sign_out, false) ? "${local.sign_in_url}/saml2/logout" : null
    redirect_uri = var.oidc == null ? null : "${local.sign_in_url}/oauth2/idpresponse"
    attributes   = local.attributes
  }
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
  ]
}

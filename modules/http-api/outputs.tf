output "api_id" {
  description = "Id of the HTTP API."
  value       = aws_apigatewayv2_api.this.id
}

output "url" {
  description = "The API's public address, without a slash at the end. It waits for none of the functions."
  value       = local.url
}

output "execution_arn" {
  description = "What ARNs of the API's calls begin with."
  value       = aws_apigatewayv2_api.this.execution_arn
}

output "domain_target" {
  description = "What the record of the domain must lead to, if it is not made here; null without a domain."
  value       = try(aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].target_domain_name, null)
}

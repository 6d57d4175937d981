output "api_url" {
  description = "The API's public address."
  value       = module.stack.api_url
}

output "sign_in" {
  description = "What a client must know to sign people in: issuer, client, and the sign-in page."
  value = {
    issuer    = module.identity.issuer
    client_id = module.identity.client_id
    page      = module.identity.sign_in_url
  }
}

output "domain_targets" {
  description = "What records of your domain names must lead to: the sign-in page's, and the API's unless its hosted zone was given. Null where there is none to make."
  value = {
    api     = try(var.api.domain.zone_id, null) == null ? module.stack.api_domain_target : null
    sign_in = module.identity.sign_in_domain_target
  }
}

output "function_names" {
  description = "Names of the functions by short name."
  value       = module.stack.function_names
}

output "kept_arns" {
  description = "What can't be made again, and stays if Terraform is told to forget it before the rest is destroyed."
  value       = module.stack.kept_arns
}

output "warnings" {
  description = "What people should know about this deployment."
  value       = module.stack.warnings
}

output "next_steps" {
  description = "What to do now."
  value       = <<-EOT
    1. ${var.administrator.email} has mail: an invitation with a first password.
    2. See that the API answers: curl ${module.stack.api_url}/healthz
    3. Tell the command line where it is, and sign in; the page asks for the first password, and for another one:
       datalake configure --endpoint ${module.stack.api_url} --issuer ${module.identity.issuer} --client-id ${module.identity.client_id}
       datalake login
  EOT
}

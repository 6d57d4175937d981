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

output "identity_provider" {
  description = "What to enter at the identity provider."
  value       = module.identity.identity_provider
}

output "next_steps" {
  description = "What to do now."
  value = join("\n", concat(
    ["1. Enter at the identity provider:"],
    module.identity.identity_provider.kind == "saml" ? [
      "   entity id (audience, relying party identifier)   ${module.identity.identity_provider.entity_id}",
      "   assertion consumer service (POST)                ${module.identity.identity_provider.acs_url}",
      ] : [
      "   redirect address                                 ${module.identity.identity_provider.redirect_uri}",
    ],
    module.identity.identity_provider.sign_out_url == null ? [] : [
      "   sign-out address (POST)                          ${module.identity.identity_provider.sign_out_url}",
    ],
    [
      "   e-mail address, as the attribute                 ${module.identity.identity_provider.attributes.email}",
      "   display name, as the attribute                   ${module.identity.identity_provider.attributes.name}",
      "   names of groups, as the attribute                ${module.identity.identity_provider.attributes.groups}",
      "2. See that the API answers: curl ${module.stack.api_url}/healthz",
      "3. Tell the command line where it is, and sign in; members of \"${var.admin_group}\" are administrators:",
      "   datalake configure --endpoint ${module.stack.api_url} --issuer ${module.identity.issuer} --client-id ${module.identity.client_id}",
      "   datalake login",
    ],
  ))
}

# Who signs in, and how. What else a deployment can choose is in settings.tf, which is the same in both roots.

variable "region" {
  description = "The AWS region; by default the environment's."
  type        = string
  default     = null
}

variable "provider_name" {
  description = "What the identity provider is called here; sign-in names begin with it, so it stays."
  type        = string
  default     = "directory"
  nullable    = false
}

variable "saml" {
  description = "A SAML identity provider (AD FS, Entra ID, Keycloak …): its metadata as XML or where they are; whether a sign-out ends the session there too; whether answers are encrypted."
  type = object({
    metadata_xml = optional(string)
    metadata_url = optional(string)
    sign_out     = optional(bool, false)
    encrypted    = optional(bool, false)
  })
  default = null
}

variable "oidc" {
  description = "An OpenID Connect identity provider: its issuer, the client registered there, and the scopes to ask for."
  type = object({
    issuer    = string
    client_id = string
    scopes    = optional(list(string), ["openid", "email", "profile"])
  })
  default = null
}

variable "oidc_client_secret" {
  description = "Secret of the client registered at the OpenID Connect provider. It stands in the state: keep that encrypted."
  type        = string
  default     = null
  sensitive   = true
}

variable "attributes" {
  description = "What the provider calls e-mail, display name and groups; by default as AD FS does (SAML), or `email`, `name`, `groups` (OpenID Connect). Entra ID's groups are http://schemas.microsoft.com/ws/2008/06/identity/claims/groups."
  type = object({
    email  = optional(string)
    name   = optional(string)
    groups = optional(string)
  })
  default  = {}
  nullable = false
}

variable "group_map" {
  description = "The provider's names of groups, and the group that each one is here. A name that is not listed counts as it is, if it can be a group's name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "admin_group" {
  description = "The provider's name of the group whose members are administrators."
  type        = string
  nullable    = false
}

variable "domain_prefix" {
  description = "First part of the sign-in page's address, unique in the region; by default the prefix and the account's number."
  type        = string
  default     = null
}

variable "domain" {
  description = "A domain name of yours for the sign-in page, with its certificate in us-east-1, in place of a domain prefix."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null
}

variable "callback_urls" {
  description = "Where sign-ins may lead besides the command line's three ports: the console's address."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "logout_urls" {
  description = "Where sign-outs may lead."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "web_acl_arn" {
  description = "A WAF web ACL for the sign-in page: a regional one, in the deployment's region."
  type        = string
  default     = null
}

variable "jwks_url" {
  description = "Where the issuer's keys are; `{user_pool_id}` stands for the pool's id. Derived from the issuer by default."
  type        = string
  default     = null
}

variable "tokens" {
  description = "How long tokens hold: access tokens in minutes, refresh tokens in hours."
  type = object({
    access_minutes = optional(number, 15)
    refresh_hours  = optional(number, 1)
  })
  default  = {}
  nullable = false
}

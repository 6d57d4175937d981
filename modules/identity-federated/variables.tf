variable "prefix" {
  description = "What every name begins with; several deployments in one account have different ones."
  type        = string
  default     = "data-lake"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}$", var.prefix))
    error_message = "The prefix is 2 to 16 lower-case letters, digits and hyphens, and begins with a letter."
  }

  validation {
    condition     = !contains(["datalake", "default"], var.prefix) && !can(regex("^(aws|xn--|sthree-|amzn-s3-demo-)|-(audit|user-secrets)$", var.prefix))
    error_message = "This prefix is taken: not datalake (the keys and the audit log of data-lake), default (a scheduler group of every account), aws…, xn--…, sthree-…, amzn-s3-demo-… (AWS reserves them), …-audit or …-user-secrets (keys of a shorter prefix)."
  }
}

variable "tags" {
  description = "Tags of every resource that takes some."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "protect" {
  description = "Refuse to delete the user pool. Set it to false and apply before `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}

variable "identity_function_arn" {
  description = "The function that is asked before a token is made (module `functions`)."
  type        = string
  nullable    = false
}

variable "provider_name" {
  description = "What the identity provider is called here; sign-in names begin with it, so it stays."
  type        = string
  default     = "directory"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]{3,32}$", var.provider_name))
    error_message = "The provider's name is 3 to 32 letters, digits, dots and hyphens."
  }

  validation {
    condition     = !contains(["cognito", "facebook", "google", "loginwithamazon", "signinwithapple"], lower(var.provider_name))
    error_message = "Cognito has providers of this name: choose another one."
  }
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

  validation {
    condition     = var.saml == null || try((var.saml.metadata_xml == null) != (var.saml.metadata_url == null), false)
    error_message = "SAML metadata come as XML or from an address: set one of metadata_xml and metadata_url."
  }

  validation {
    condition     = try(var.saml.metadata_url, null) == null || can(regex("^https://[^/\\s]+(/\\S*)?$", var.saml.metadata_url))
    error_message = "Metadata are fetched by https, from an address without a space."
  }

  validation {
    condition     = try(var.saml.metadata_xml, null) == null || can(regex("EntityDescriptor", var.saml.metadata_xml))
    error_message = "The XML is no SAML metadata: it has no EntityDescriptor."
  }

  validation {
    condition     = (var.saml == null) != (var.oidc == null)
    error_message = "There is one identity provider: set saml or oidc."
  }
}

variable "oidc" {
  description = "An OpenID Connect identity provider: its issuer, the client registered there, and the scopes to ask for."
  type = object({
    issuer    = string
    client_id = string
    scopes    = optional(list(string), ["openid", "email", "profile"])
  })
  default = null

  validation {
    condition     = var.oidc == null || can(regex("^(https://[A-Za-z0-9.-]+|http://(localhost|127\\.0\\.0\\.1))(:[0-9]+)?(/[^?#\\s]*)?$", var.oidc.issuer))
    error_message = "The issuer is https://host or https://host/path (http only on this machine)."
  }

  validation {
    condition     = var.oidc == null || try(contains(var.oidc.scopes, "openid"), false)
    error_message = "The scopes hold openid."
  }

  validation {
    condition     = var.oidc == null || try(length(var.oidc_client_secret) > 0, false)
    error_message = "Cognito is a confidential client of the provider: set oidc_client_secret."
  }
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

  validation {
    condition     = alltrue([for group in values(var.group_map) : can(regex("^[A-Za-z0-9._-]{1,64}$", group)) && !contains([".", ".."], group)])
    error_message = "A group's name is 1 to 64 letters, digits, '.', '_' or '-'."
  }

  validation {
    # What the identity function makes of a single value in brackets: a list.
    condition     = alltrue([for name in keys(var.group_map) : name == trimspace(name) && name != "" && !can(regex("^\\[.*\\]$", name))])
    error_message = "The provider's name of a group is not empty, has no space at its ends, and is no list in brackets: no sign-in would find it."
  }

  validation {
    # Base64 tells bytes: length() counts characters.
    condition     = length(base64encode(jsonencode(var.group_map))) <= 4000
    error_message = "Lambda's environment holds 4 KB: the group map may have 3,000 bytes as JSON."
  }
}

variable "admin_group" {
  description = "The provider's name of the group whose members are administrators."
  type        = string
  nullable    = false

  validation {
    condition     = length(trimspace(var.admin_group)) > 0
    error_message = "Without a group of administrators nobody could look after the data lake."
  }

  validation {
    condition     = var.admin_group == trimspace(var.admin_group) && !can(regex("^\\[.*\\]$", var.admin_group))
    error_message = "The name of the administrators' group has no space at its ends and is no list in brackets: no sign-in would find it."
  }

  validation {
    condition     = length(base64encode(join("", [jsonencode(var.group_map), var.admin_group]))) <= 4000
    error_message = "Lambda's environment holds 4 KB: the group map as JSON and the administrators' group may have 3,000 bytes together."
  }

  validation {
    condition     = !contains(keys(var.group_map), var.admin_group)
    error_message = "The administrators' group gives a role, it is no group to share with: take it out of group_map."
  }
}

variable "domain_prefix" {
  description = "First part of the sign-in page's address, unique in the region; by default the prefix and the account's number."
  type        = string
  default     = null

  validation {
    condition     = var.domain_prefix == null || can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.domain_prefix))
    error_message = "The domain prefix is 1 to 63 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen."
  }

  validation {
    condition     = var.domain_prefix == null || !can(regex("aws|amazon|cognito", var.domain_prefix))
    error_message = "Cognito refuses sign-in domains with \"aws\", \"amazon\" or \"cognito\" in them."
  }
}

variable "domain" {
  description = "A domain name of yours for the sign-in page, with its certificate in us-east-1, in place of a domain prefix."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null

  validation {
    condition     = var.domain == null || can(regex("^arn:[a-z-]+:acm:us-east-1:[0-9]{12}:certificate/[^/]+$", var.domain.certificate_arn))
    error_message = "The certificate is named by its ARN in AWS Certificate Manager, in us-east-1."
  }

  validation {
    condition     = var.domain == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.domain.name))
    error_message = "The domain is a host's name in lower case, such as sign-in.lake.example.com."
  }

  validation {
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html
    condition     = var.domain == null || try(length(var.domain.name) <= 63, false)
    error_message = "Cognito takes names of at most 63 characters, all of its parts counted."
  }

  validation {
    condition     = var.domain == null || var.domain_prefix == null
    error_message = "The sign-in page has one address: set domain or domain_prefix."
  }
}

variable "callback_urls" {
  description = "Where sign-ins may lead besides the command line's three ports: the console's address."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    condition = alltrue([
      for url in var.callback_urls :
      can(regex("^(https://[^/?#*]+|http://localhost(:[0-9]+)?)/[^#*]*$", url)) && can(regex("^[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+$", url))
    ])
    error_message = "A callback is https://host/path (http only for localhost), without a wildcard, a fragment or a space."
  }
}

variable "logout_urls" {
  description = "Where sign-outs may lead."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    condition = alltrue([
      for url in var.logout_urls :
      can(regex("^(https://[^/?#*]+|http://localhost(:[0-9]+)?)/[^#*]*$", url)) && can(regex("^[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+$", url))
    ])
    error_message = "An address is https://host/path (http only for localhost), without a wildcard, a fragment or a space."
  }
}

variable "web_acl_arn" {
  description = "A WAF web ACL for the sign-in page: a regional one, in the deployment's region."
  type        = string
  default     = null

  validation {
    # CloudFront's are for distributions, those of WAF Classic for nobody here
    # (https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html).
    condition     = var.web_acl_arn == null || can(regex("^arn:[a-z-]+:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[^/]+/[^/]+$", var.web_acl_arn))
    error_message = "A user pool takes a regional web ACL of WAF: arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID, not one for CloudFront (global/webacl)."
  }
}

variable "jwks_url" {
  description = "Where the issuer's keys are; `{user_pool_id}` stands for the pool's id. Derived from the issuer by default."
  type        = string
  default     = null

  validation {
    condition     = var.jwks_url == null || can(regex("^(https://[A-Za-z0-9.-]+|http://(localhost|127\\.0\\.0\\.1))(:[0-9]+)?(/[^#\\s]*)?$", var.jwks_url))
    error_message = "Keys are fetched from https://host/path (http only from this machine)."
  }
}

variable "tokens" {
  description = "How long tokens hold: access tokens in minutes, refresh tokens in hours."
  type = object({
    access_minutes = optional(number, 15)
    refresh_hours  = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.tokens.access_minutes >= 5 && var.tokens.access_minutes <= 60
    error_message = "An access token holds for 5 to 60 minutes."
  }

  validation {
    condition     = alltrue([for number in values(var.tokens) : number == floor(number)])
    error_message = "Tokens hold for whole minutes, sessions for whole hours."
  }

  validation {
    condition     = var.tokens.refresh_hours >= 1 && var.tokens.refresh_hours <= 24
    error_message = "A session holds for 1 to 24 hours."
  }
}

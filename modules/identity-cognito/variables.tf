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

variable "administrator" {
  description = "The first administrator: the invitation goes to this address."
  type = object({
    email = string
    name  = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.administrator.email)) && var.administrator.email == lower(var.administrator.email)
    error_message = "The administrator's e-mail address is written in lower case."
  }

  validation {
    # It is the sign-in name: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
    condition     = length(var.administrator.email) <= 128
    error_message = "Cognito takes sign-in names of at most 128 characters."
  }

  validation {
    condition     = length(trimspace(var.administrator.name)) >= 1 && length(var.administrator.name) <= 100
    error_message = "The administrator's name has 1 to 100 characters."
  }
}

variable "admin_group" {
  description = "Name of the group whose members are administrators."
  type        = string
  default     = "admins"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,64}$", var.admin_group)) && !contains([".", ".."], var.admin_group)
    error_message = "A group's name is 1 to 64 letters, digits, '.', '_' or '-'."
  }
}

variable "passwords" {
  description = "What a password must have: characters, lower and upper case and digits, symbols; how many earlier ones it must differ from; and for how many days an invitation's password holds."
  type = object({
    minimum_length  = optional(number, 12)
    require_mixed   = optional(bool, true)
    require_symbols = optional(bool, false)
    history         = optional(number, 5)
    temporary_days  = optional(number, 7)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.passwords.minimum_length >= 8 && var.passwords.minimum_length <= 99
    error_message = "A password has at least 8 characters, and the minimum at most 99."
  }

  validation {
    condition     = var.passwords.history >= 0 && var.passwords.history <= 24
    error_message = "A password may have to differ from up to 24 earlier ones."
  }

  validation {
    condition     = var.passwords.temporary_days >= 1 && var.passwords.temporary_days <= 365
    error_message = "An invitation's password holds for 1 to 365 days."
  }

  validation {
    condition     = alltrue([for number in [var.passwords.minimum_length, var.passwords.history, var.passwords.temporary_days] : number == floor(number)])
    error_message = "Characters, earlier passwords and days are whole numbers."
  }
}

variable "mfa" {
  description = "Codes of an authenticator app besides the password: `OFF`, `OPTIONAL` or `ON` (everybody)."
  type        = string
  default     = "OPTIONAL"
  nullable    = false

  validation {
    condition     = contains(["OFF", "OPTIONAL", "ON"], var.mfa)
    error_message = "Codes are OFF, OPTIONAL or ON."
  }
}

variable "invitation" {
  description = "The invitation mail: {username} and {####} (the first password) stand in its text."
  type = object({
    subject = optional(string, "Your invitation to the data lake")
    message = optional(string, "You are invited to the data lake. Sign in as {username} with the password {####} and choose your own.")
  })
  default  = {}
  nullable = false

  validation {
    condition     = strcontains(var.invitation.message, "{username}") && strcontains(var.invitation.message, "{####}")
    error_message = "The invitation's text holds {username} and {####}."
  }
}

variable "ses" {
  description = "A verified SES identity that mails are sent by; Cognito's own sender, 50 mails a day, by default."
  type = object({
    identity_arn = string
    from         = string
    reply_to     = optional(string)
  })
  default = null

  validation {
    condition     = var.ses == null || can(regex("^arn:[a-z-]+:ses:[a-z0-9-]+:[0-9]{12}:identity/[^/]+$", var.ses.identity_arn))
    error_message = "The SES identity is named by its ARN."
  }

  validation {
    # An address that is verified, or one of a domain that is: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html
    condition = var.ses == null || try(
      strcontains(split("/", var.ses.identity_arn)[1], "@")
      ? lower(regex("[^<>\\s]+@[^<>\\s]+", var.ses.from)) == lower(split("/", var.ses.identity_arn)[1])
      : endswith(".${lower(regex("@([^<>\\s]+)", var.ses.from)[0])}", ".${lower(split("/", var.ses.identity_arn)[1])}"),
      false,
    )
    error_message = "Mails are sent from the identity's address, or one of its domain: `from` is neither."
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
    refresh_hours  = optional(number, 24)
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
    condition     = var.tokens.refresh_hours >= 1 && var.tokens.refresh_hours <= 720
    error_message = "A session holds for 1 to 720 hours."
  }
}

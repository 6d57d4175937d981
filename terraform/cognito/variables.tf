# Who signs in, and how. What else a deployment can choose is in settings.tf, which is the same in both roots.

variable "region" {
  description = "The AWS region; by default the environment's."
  type        = string
  default     = null
}

variable "administrator" {
  description = "The first administrator: the invitation goes to this address."
  type = object({
    email = string
    name  = string
  })
  nullable = false
}

variable "admin_group" {
  description = "Name of the group whose members are administrators."
  type        = string
  default     = "admins"
  nullable    = false
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
}

variable "mfa" {
  description = "Codes of an authenticator app besides the password: `OFF`, `OPTIONAL` or `ON` (everybody)."
  type        = string
  default     = "OPTIONAL"
  nullable    = false
}

variable "invitation" {
  description = "The invitation mail: {username} and {####} (the first password) stand in its text."
  type = object({
    subject = optional(string, "Your invitation to the data lake")
    message = optional(string, "You are invited to the data lake. Sign in as {username} with the password {####} and choose your own.")
  })
  default  = {}
  nullable = false
}

variable "ses" {
  description = "A verified SES identity that mails are sent by; Cognito's own sender, 50 mails a day, by default."
  type = object({
    identity_arn = string
    from         = string
    reply_to     = optional(string)
  })
  default = null
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
    refresh_hours  = optional(number, 24)
  })
  default  = {}
  nullable = false
}

# What the identity module knows, each a variable of its own: the user pool names a function, and functions name the pool.
# What a deployment can choose is in settings.tf, which the roots have word for word.

variable "directory" {
  description = "Who owns people and groups: `cognito` or `federated`."
  type        = string
  nullable    = false
}

variable "group_map" {
  description = "Federated: the provider's names of groups, and the group that each one is here."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "admin_group" {
  description = "Name of the administrators' group in the directory."
  type        = string
  nullable    = false
}

variable "user_pool_id" {
  description = "The user pool's id."
  type        = string
  nullable    = false
}

variable "user_pool_arn" {
  description = "The user pool's ARN."
  type        = string
  nullable    = false
}

variable "issuer" {
  description = "Who issues access tokens."
  type        = string
  nullable    = false
}

variable "jwks_url" {
  description = "Where the issuer's keys are."
  type        = string
  nullable    = false
}

variable "client_ids" {
  description = "Clients whose access tokens are taken."
  type        = list(string)
  nullable    = false
}

variable "destroyed_after_tables" {
  description = "Values of the identity module's resources: where the tables refuse to be destroyed, these stay too."
  type        = list(string)
  default     = []
  nullable    = false
}

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

variable "existing" {
  description = "A cluster that is there already: its address and, if it is a domain of OpenSearch Service, its ARN. Nothing is made then; its access policy is yours to set."
  type = object({
    endpoint   = string
    domain_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.existing == null || can(regex("^(https://[A-Za-z0-9.-]+|http://(localhost|127\\.0\\.0\\.1))(:[0-9]+)?$", var.existing.endpoint))
    error_message = "The endpoint is https://host or https://host:port (http only for this machine), without a slash at the end."
  }

  validation {
    condition     = var.existing == null || !can(regex("^https?://vpc-", var.existing.endpoint))
    error_message = "The functions run outside of any VPC: they don't reach an endpoint within one (vpc-…)."
  }

  validation {
    condition     = var.existing == null || !can(regex("\\.(es\\.amazonaws\\.com|on\\.aws)(:[0-9]+)?$", var.existing.endpoint)) || try(var.existing.domain_arn, null) != null
    error_message = "This is the address of a domain of OpenSearch Service: without its ARN (existing_domain_arn) the functions would have no right to use it."
  }

  validation {
    condition     = try(var.existing.domain_arn, null) == null || can(regex("^arn:[a-z-]+:es:[a-z0-9-]+:[0-9]{12}:domain/[a-z0-9-]+$", var.existing.domain_arn))
    error_message = "The domain's ARN is arn:…:es:…:domain/NAME."
  }
}

variable "domain" {
  description = "The domain that is made: a preset (`small`: one node; `ha`: three zones, three nodes, three dedicated masters), and what differs from it."
  type = object({
    preset               = optional(string, "small")
    engine_version       = optional(string, "OpenSearch_3.5")
    instance_type        = optional(string)
    master_instance_type = optional(string)
    nodes                = optional(number)
    volume_gib           = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["small", "ha"], var.domain.preset)
    error_message = "The preset is small or ha."
  }

  validation {
    # Those that the tests run.
    condition     = contains(["OpenSearch_3.5", "OpenSearch_3.6"], var.domain.engine_version)
    error_message = "The engine version is one that was tested: OpenSearch_3.5 or OpenSearch_3.6."
  }

  validation {
    condition     = var.domain.preset == "small" || var.domain.nodes == null || try(var.domain.nodes >= 3 && var.domain.nodes % 3 == 0, false)
    error_message = "With the preset ha the nodes are a multiple of three: as many in each zone."
  }

  validation {
    condition     = var.domain.nodes == null || try(var.domain.nodes >= 1 && var.domain.nodes <= 80 && var.domain.nodes == floor(var.domain.nodes), false)
    error_message = "There are 1 to 80 nodes, as AWS allows without being asked."
  }

  validation {
    condition     = alltrue([for type in [var.domain.instance_type, var.domain.master_instance_type] : type == null || can(regex("^[a-z0-9]+\\.[a-z0-9]+\\.search$", type))])
    error_message = "An instance type ends with .search (m7g.large.search)."
  }

  validation {
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#ebsresource
    condition     = var.domain.instance_type == null || !can(regex("^(i[0-9]+[a-z]*|im[0-9]+[a-z]*|oi[0-9]+|[cmr][0-9]+[a-z]*d|[cmr]4|ultrawarm.*)\\.", var.domain.instance_type))
    error_message = "A node has a volume of type gp3: i…, im…, oi… and …d (r6gd) have local disks in its place, m4, c4 and r4 have older types, and ultrawarm… holds no live index."
  }

  validation {
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html
    condition     = alltrue([for type in [var.domain.instance_type, var.domain.master_instance_type] : type == null || !can(regex("^(t2|m3|r3|ultrawarm.*)\\.", type))])
    error_message = "T2, M3 and R3 don't encrypt what is at rest, and ultrawarm… is neither a data node nor a master."
  }

  validation {
    # The same page.
    condition     = alltrue([for type in [var.domain.instance_type, var.domain.master_instance_type] : type == null || !can(regex("^t3\\.", type)) || can(regex("^t3\\.(small|medium)\\.", type))])
    error_message = "Of T3 there are t3.small.search and t3.medium.search."
  }

  validation {
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#clusterresource
    condition     = !can(regex("^t3\\.", coalesce(var.domain.master_instance_type, "none"))) || coalesce(var.domain.nodes, 3) <= 10
    error_message = "T3 masters are for at most ten data nodes."
  }

  validation {
    condition     = var.domain.preset == "ha" || var.domain.master_instance_type == null
    error_message = "Only the preset ha has dedicated masters."
  }

  validation {
    condition     = var.domain.volume_gib == null || try(var.domain.volume_gib >= 10 && var.domain.volume_gib <= 36864 && var.domain.volume_gib == floor(var.domain.volume_gib), false)
    error_message = "A node's volume has a whole number of GiB, 10 to 36,864; most instance types have lower limits."
  }

  validation {
    condition     = var.existing == null || (var.domain.instance_type == null && var.domain.nodes == null && var.domain.volume_gib == null && var.domain.preset == "small")
    error_message = "An existing cluster is not made: leave `domain` alone, or leave `existing` out."
  }
}

variable "network_read" {
  description = "Who else may read the cluster: from these address ranges, either named principals by signed requests, or (`unsigned`) anybody there. Beware: readers see every package's document, whatever the product's access rules say."
  type = object({
    cidrs          = list(string)
    principal_arns = optional(list(string), [])
    unsigned       = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.network_read == null || try(length(var.network_read.cidrs) > 0 && alltrue([for cidr in var.network_read.cidrs : can(cidrhost(cidr, 0))]), false)
    error_message = "Name at least one address range as CIDR (203.0.113.0/24)."
  }

  validation {
    condition     = var.network_read == null || try(alltrue([for cidr in var.network_read.cidrs : tonumber(split("/", cidr)[1]) >= (strcontains(cidr, ":") ? 32 : 8)]), false)
    error_message = "The whole internet (0.0.0.0/0), or a large part of it, is no designated network: at least /8, or /32 for IPv6."
  }

  validation {
    condition     = var.network_read == null || try(var.network_read.unsigned != (length(var.network_read.principal_arns) > 0), false)
    error_message = "Either name principals, or say unsigned = true: not both, and not neither."
  }

  validation {
    condition     = var.network_read == null || try(alltrue([for arn in var.network_read.principal_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))]), false)
    error_message = "A principal is a role or a user by its whole ARN."
  }

  validation {
    condition     = var.network_read == null || var.existing == null
    error_message = "The access policy of an existing cluster is yours to set: leave network_read out."
  }
}

variable "search_role_arn" {
  description = "Role of the search function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*?]+$", var.search_role_arn))
    error_message = "A role is named by its whole ARN."
  }
}

variable "indexer_role_arn" {
  description = "Role of the indexer function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*?]+$", var.indexer_role_arn))
    error_message = "A role is named by its whole ARN."
  }
}

variable "rights" {
  description = "What the two roles may do (module `functions`): statements with actions of `es:` and paths below the domain."
  type = object({
    search  = list(object({ sid = string, actions = list(string), paths = list(string) }))
    indexer = list(object({ sid = string, actions = list(string), paths = list(string) }))
  })
  nullable = false

  validation {
    condition     = alltrue([for right in concat(var.rights.search, var.rights.indexer) : length(right.paths) > 0 && alltrue([for path in right.paths : can(regex("^[a-z_]", path))])])
    error_message = "A path names an index or an operation: a role may not do the same everywhere."
  }
}

variable "key_arn" {
  description = "Key that encrypts the domain and its logs (module `foundation`)."
  type        = string
  nullable    = false
}

variable "log_retention_in_days" {
  description = "Days until the domain's logs expire."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_in_days)
    error_message = "CloudWatch Logs does not offer this retention."
  }
}

# Who may reach the domain: the two functions. Others only if asked for, from a designated network, and to read.

locals {
  network = local.makes == 1 ? var.network_read : null

  # The roles' own statements again, and no more: within an account AWS allows what either policy allows.
  product_statements = flatten([
    for role in [
      { name = "Search", arn = var.search_role_arn, rights = var.rights.search },
      { name = "Indexer", arn = var.indexer_role_arn, rights = var.rights.indexer },
      ] : [
      for right in role.rights : {
        Sid       = "${role.name}${right.sid}"
        Effect    = "Allow"
        Principal = { AWS = [role.arn] }
        Action    = right.actions
        Resource  = [for path in right.paths : "${local.new_arn}/${path}"]
      }
    ]
  ])

  # Two statements of one permission: reading is GET and HEAD of anything, and POST of a search alone.
  network_statements = local.network == null ? [] : [
    for statement in [
      { sid = "ReadFromNetwork", actions = ["es:ESHttpGet", "es:ESHttpHead"], resource = "${local.new_arn}/*" },
      { sid = "SearchFromNetwork", actions = ["es:ESHttpPost"], resource = "${local.new_arn}/*/_search" },
      ] : {
      Sid       = statement.sid
      Effect    = "Allow"
      Principal = { AWS = local.network.unsigned ? ["*"] : local.network.principal_arns }
      Action    = statement.actions
      Resource  = statement.resource
      Condition = { IpAddress = { "aws:SourceIp" = local.network.cidrs } }
    }
  ]

  access_policies = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.product_statements, local.network_statements)
  })

  network_read_warning = local.network == null ? null : join(" ", [
    local.network.unsigned ? "Anybody" : "The named principals",
    "at ${join(", ", local.network.cidrs)} can read every package's search document, whatever the product's access rules say.",
  ])
}

# A resource of its own: AWS refuses a policy that names roles which are not there yet, and the domain takes its time.
resource "aws_opensearch_domain_policy" "this" {
  count = local.makes

  domain_name     = aws_opensearch_domain.this[0].domain_name
  access_policies = local.access_policies

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#domain-policy-limit
      condition     = length(local.access_policies) <= 102400
      error_message = "A domain's access policy has at most 100 KiB; with this network_read it has ${length(local.access_policies)} bytes: name fewer principals or address ranges."
    }
  }
}

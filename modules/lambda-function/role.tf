locals {
  # IAM names are global in an account: the region keeps two deployments apart.
  role_name = "${local.name}-${data.aws_region.current.name}"
  role_arn  = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role${var.iam.role_path}${local.role_name}"
}

resource "aws_iam_role" "this" {
  name                 = local.role_name
  description          = "What the function ${local.name} may do"
  path                 = var.iam.role_path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Lambda"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

locals {
  statements = concat(
    [for statement in var.statements : merge(
      {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      },
      statement.conditions == null ? {} : { Condition = statement.conditions },
    )],
    [local.write_own_log],
    local.send_dead_letters,
    local.send_traces,
  )

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements
  })
}

resource "aws_iam_role_policy" "this" {
  name = "use"
  role = aws_iam_role.this.name

  policy = local.policy

  lifecycle {
    precondition {
      # "IAM doesn't count white space": https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(replace(local.policy, "/\\s/", "")) <= 10240
      error_message = "A role's inline policies have at most 10,240 characters; what ${local.name} may do takes ${length(replace(local.policy, "/\\s/", ""))}."
    }
  }
}

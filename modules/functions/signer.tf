# Signed URLs are made under this role: its sessions have a known end, and a URL opens what this role may and no more.
locals {
  signer_name = "${var.prefix}-signer-${data.aws_region.current.name}"
  signer_arn  = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role${var.iam.role_path}${local.signer_name}"

  sign = {
    sid       = "SignAs"
    actions   = ["sts:AssumeRole"]
    resources = [local.signer_arn]
  }
}

resource "aws_iam_role" "signer" {
  name                 = local.signer_name
  description          = "What URLs signed by ${var.prefix} may open"
  path                 = var.iam.role_path
  permissions_boundary = var.iam.permissions_boundary
  # A role that assumes a role gets at most one hour.
  max_session_duration = 3600
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Signers"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = [module.packages.role_arn, module.cart.role_arn, module.manifest.role_arn] }
    }]
  })
}

resource "aws_iam_role_policy" "signer" {
  name   = "open"
  role   = aws_iam_role.signer.name
  policy = local.signer_policy

  lifecycle {
    precondition {
      condition = local.imports_characters <= 10240
      error_message = join("", [
        "A role's inline policies have at most 10,240 characters; with these import_locations what ${var.prefix}-manifest-service may do takes up to ",
        "${local.imports_characters}: name fewer folders, such as one above several of them.",
      ])
    }

    precondition {
      # Where keys are not known before they are made, only this one is exact.
      condition     = length(replace(local.signer_policy, "/\\s/", "")) <= 10240
      error_message = "A role's inline policies have at most 10,240 characters; what ${local.signer_name} may do takes ${length(replace(local.signer_policy, "/\\s/", ""))}."
    }
  }
}

locals {
  signer_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "OpenObjects"
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersion"]
        Resource = ["${var.bucket_arn}/exports/*", "${var.bucket_arn}/packages/*"]
      },
      {
        Sid      = "PutUploads"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${var.bucket_arn}/packages/*"]
      },
      {
        Sid       = "UseKeyBehindObjects"
        Effect    = "Allow"
        Action    = local.use_objects.actions
        Resource  = local.use_objects.resources
        Condition = local.use_objects.conditions
      },
      ], [for statement in local.open_locations : {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
    }])
  })
}

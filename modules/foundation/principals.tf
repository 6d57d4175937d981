# How a principal is told in the condition key aws:PrincipalArn. IAM puts the role's ARN there, whatever the session;
# simulators of IAM put the session's. The second form names the same role, so it lets nobody else in.

locals {
  principal_patterns = {
    for arn in distinct(concat(var.user_secrets_role_arns, var.object_role_arns, var.reader_arns)) : arn => concat([arn], [
      for name in regexall("^arn:[^:]+:iam::[0-9]{12}:role/(?:.*/)?([^/]+)$", arn) :
      "arn:${local.partition}:sts::${split(":", arn)[4]}:assumed-role/${name[0]}/*"
    ])
  }
}

# Where this is applied: what AWS wants in the same region is told before anything is made.

# tflint-ignore: terraform_unused_declarations
data "aws_partition" "current" {
  lifecycle {
    postcondition {
      condition     = self.partition != "aws-cn"
      error_message = "China's regions have no user pools: the product does not run there."
    }
  }
}

locals {
  # Beside each other in one region, by the service's own rules: keys and what they encrypt, alarms and their topics, the
  # API's domain and its certificate, the search domain and whoever signs requests to it.
  regional_arns = compact(concat(
    [
      var.keys.data_key_arn,
      var.keys.user_secrets_key_arn,
      var.search.existing_domain_arn,
      try(var.api.domain.certificate_arn, null),
    ],
    var.alarms.topic_arns,
  ))
}

# tflint-ignore: terraform_unused_declarations
data "aws_region" "current" {
  lifecycle {
    postcondition {
      condition = alltrue([for arn in local.regional_arns : try(split(":", arn)[3], "") == self.id])
      error_message = join(" ", [
        "These must be in the region of the deployment, ${self.id}:",
        join(", ", [for arn in local.regional_arns : arn if try(split(":", arn)[3], "") != self.id]),
      ])
    }
  }
}

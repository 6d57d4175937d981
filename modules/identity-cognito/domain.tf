locals {
  domain = coalesce(try(var.domain.name, null), var.domain_prefix, "${var.prefix}-${data.aws_caller_identity.current.account_id}")
  # Without a domain of one's own, AWS's: another one in GovCloud; China has no user pools.
  sign_in_url = var.domain != null ? "https://${local.domain}" : join(".", [
    "https://${local.domain}",
    data.aws_partition.current.partition == "aws-us-gov" ? "auth-fips" : "auth",
    data.aws_region.current.name,
    "amazoncognito.com",
  ])
}

resource "aws_cognito_user_pool_domain" "this" {
  domain          = local.domain
  certificate_arn = try(var.domain.certificate_arn, null)
  user_pool_id    = aws_cognito_user_pool.this.id
  # The sign-in page that needs no branding of its own to be shown.
  managed_login_version = 1

  lifecycle {
    precondition {
      condition     = var.domain != null || !can(regex("aws|amazon|cognito", local.domain))
      error_message = "Cognito refuses sign-in domains with \"aws\", \"amazon\" or \"cognito\" in them: set domain_prefix."
    }
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.web_acl_arn == null ? 0 : 1

  resource_arn = aws_cognito_user_pool.this.arn
  web_acl_arn  = var.web_acl_arn

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-waf.html
      condition     = split(":", var.web_acl_arn)[3] == data.aws_region.current.name
      error_message = "The web ACL must be in the user pool's region, ${data.aws_region.current.name}."
    }
  }
}

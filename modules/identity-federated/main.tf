data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_partition" "current" {}

# People come from the identity provider: nobody has a password here, and nobody is invited.
resource "aws_cognito_user_pool" "this" {
  name = "${var.prefix}-users"
  tags = var.tags

  # Role and groups in access tokens (the second version of the trigger) are part of this tier.
  user_pool_tier      = "ESSENTIALS"
  deletion_protection = var.protect ? "ACTIVE" : "INACTIVE"
  mfa_configuration   = "OFF"

  username_configuration {
    case_sensitive = false
  }

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "admin_only"
      priority = 1
    }
  }

  lambda_config {
    pre_token_generation_config {
      lambda_arn     = var.identity_function_arn
      lambda_version = "V2_0"
    }
  }

  # What the provider tells must be changeable: it is written again at every sign-in.
  schema {
    name                = "email"
    attribute_data_type = "String"
    required            = false
    mutable             = true

    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }

  schema {
    name                = "name"
    attribute_data_type = "String"
    required            = false
    mutable             = true

    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }

  # `custom:groups`: the groups as the provider tells them. Only the identity function makes rights of them.
  schema {
    name                = "groups"
    attribute_data_type = "String"
    mutable             = true

    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }

  # `custom:secret_access_key`: the ciphertext that the secrets of a user's API keys are derived from. No client reads it,
  # and only the product writes it.
  schema {
    name                = "secret_access_key"
    attribute_data_type = "String"
    mutable             = true

    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }
}

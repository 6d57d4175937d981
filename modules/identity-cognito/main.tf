data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_partition" "current" {}

resource "aws_cognito_user_pool" "this" {
  name = "${var.prefix}-users"
  tags = var.tags

  # Role and groups in access tokens (the second version of the trigger) are part of this tier.
  user_pool_tier      = "ESSENTIALS"
  deletion_protection = var.protect ? "ACTIVE" : "INACTIVE"

  # The sign-in name is the e-mail address; the pool's own name for a person is the id (`sub`).
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]

  username_configuration {
    case_sensitive = false
  }

  # A changed address counts once it is proved.
  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  password_policy {
    minimum_length                   = var.passwords.minimum_length
    require_lowercase                = var.passwords.require_mixed
    require_uppercase                = var.passwords.require_mixed
    require_numbers                  = var.passwords.require_mixed
    require_symbols                  = var.passwords.require_symbols
    password_history_size            = var.passwords.history
    temporary_password_validity_days = var.passwords.temporary_days
  }

  mfa_configuration = var.mfa

  dynamic "software_token_mfa_configuration" {
    for_each = var.mfa == "OFF" ? [] : [true]

    content {
      enabled = software_token_mfa_configuration.value
    }
  }

  lambda_config {
    pre_token_generation_config {
      lambda_arn     = var.identity_function_arn
      lambda_version = "V2_0"
    }
  }

  schema {
    name                = "email"
    attribute_data_type = "String"
    required            = true
    mutable             = true

    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }

  schema {
    name                = "name"
    attribute_data_type = "String"
    required            = true
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

  admin_create_user_config {
    allow_admin_create_user_only = true

    invite_message_template {
      email_subject = var.invitation.subject
      email_message = var.invitation.message
      sms_message   = "{username} {####}"
    }
  }

  dynamic "email_configuration" {
    for_each = var.ses[*]

    content {
      email_sending_account  = "DEVELOPER"
      source_arn             = email_configuration.value.identity_arn
      from_email_address     = email_configuration.value.from
      reply_to_email_address = email_configuration.value.reply_to
    }
  }
}

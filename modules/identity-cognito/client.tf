locals {
  # Fixed, because a provider must know them: the command line waits for the answer on the first port that is free.
  loopback_urls = [for port in [8971, 8972, 8973] : "http://127.0.0.1:${port}/callback"]
}

# Console and command line: public, so without a secret, and with PKCE. None of the scopes or flows gives the right to
# change one's own record.
resource "aws_cognito_user_pool_client" "this" {
  name         = "${var.prefix}-client"
  user_pool_id = aws_cognito_user_pool.this.id

  generate_secret                      = false
  supported_identity_providers         = ["COGNITO"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["email", "openid", "profile"]
  callback_urls                        = concat(local.loopback_urls, var.callback_urls)
  logout_urls                          = var.logout_urls

  # Passwords go to the sign-in page alone.
  explicit_auth_flows = ["ALLOW_REFRESH_TOKEN_AUTH"]

  read_attributes  = ["email", "email_verified", "name"]
  write_attributes = ["email", "name"]

  access_token_validity  = var.tokens.access_minutes
  id_token_validity      = var.tokens.access_minutes
  refresh_token_validity = var.tokens.refresh_hours

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }

  enable_token_revocation       = true
  prevent_user_existence_errors = "ENABLED"
}

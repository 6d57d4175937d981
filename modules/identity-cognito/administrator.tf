# Whoever is in this group is an administrator; everybody else who was invited is a member.
resource "aws_cognito_user_group" "administrators" {
  name         = var.admin_group
  description  = "Administrators of the data lake"
  user_pool_id = aws_cognito_user_pool.this.id
}

# The first administrator belongs to the deployment: the product does not remove, disable or demote this one.
resource "aws_cognito_user" "administrator" {
  user_pool_id             = aws_cognito_user_pool.this.id
  username                 = var.administrator.email
  desired_delivery_mediums = ["EMAIL"]

  attributes = {
    email          = var.administrator.email
    email_verified = true
    name           = var.administrator.name
  }

  lifecycle {
    # The product keeps the ciphertext of the user's secrets there, which must not be taken for a change.
    ignore_changes = [attributes]
  }

  # The invitation leads to the sign-in page.
  depends_on = [aws_cognito_user_pool_domain.this]
}

resource "aws_cognito_user_in_group" "administrator" {
  user_pool_id = aws_cognito_user_pool.this.id
  group_name   = aws_cognito_user_group.administrators.name
  username     = aws_cognito_user.administrator.username
}

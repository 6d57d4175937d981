# Told before the money is gone. Budgets count what AWS bills, a day or so late.

resource "aws_budgets_budget" "this" {
  count = var.budget == null ? 0 : 1

  name         = "${var.prefix}-${local.region}"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_unit   = "USD"
  limit_amount = tostring(var.budget.monthly_usd)
  tags         = var.tags

  dynamic "cost_filter" {
    for_each = var.budget.tag == null ? [] : [var.budget.tag]

    content {
      name   = "TagKeyValue"
      values = ["user:${cost_filter.value}"]
    }
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type          = notification.key
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      comparison_operator        = "GREATER_THAN"
      subscriber_email_addresses = var.budget.emails
    }
  }
}

locals {
  # Lambda sends in the role's name what an asynchronously invoked function could not do.
  send_dead_letters = [for arn in var.dead_letter_queue_arn[*] : {
    Sid      = "SendDeadLetters"
    Effect   = "Allow"
    Action   = ["sqs:SendMessage"]
    Resource = [arn]
  }]
}

output "function_name" {
  description = "The function's name."
  value       = aws_lambda_function.this.function_name
}

output "function_arn" {
  description = "ARN of the function, without a version."
  value       = aws_lambda_function.this.arn
}

output "alias_name" {
  description = "Name of the alias that callers use."
  value       = aws_lambda_alias.live.name
}

output "alias_arn" {
  description = "ARN that callers use: always the live version. Known before anything is made; whoever names it waits for the alias."
  value       = local.alias_arn
  depends_on  = [aws_lambda_alias.live]
}

output "invoke_arn" {
  description = "ARN by which API Gateway invokes the live version."
  value       = aws_lambda_alias.live.invoke_arn
}

output "version" {
  description = "The newest version."
  value       = aws_lambda_function.this.version
}

output "role_arn" {
  description = "ARN of the function's role. Known before anything is made; whoever names it waits for the role."
  value       = local.role_arn
  depends_on  = [aws_iam_role.this]
}

output "role_name" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.function.name
}

output "environment" {
  description = "What the function is told."
  value       = var.environment
}

output "policy" {
  description = "What the function's role may do: the policy as JSON."
  value       = aws_iam_role_policy.this.policy
}

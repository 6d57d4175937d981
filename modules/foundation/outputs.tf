output "table_names" {
  description = "Names of the six tables by short name (`packages`, `metadata`, `datasets`, `cart`, `keys`, `settings`)."
  value       = local.table_names
}

output "table_arns" {
  description = "ARNs of the tables by short name; an index is `{arn}/index/{name}`. Known before anything is made."
  value       = local.table_arns
}

output "index_arns" {
  description = "ARNs of each table's indexes: short name of the table -> name of the index -> ARN."
  value       = local.index_arns
}

output "table_stream_arns" {
  description = "ARNs of the tables' streams by short name."
  value       = { for name, table in aws_dynamodb_table.this : name => table.stream_arn }
}

output "bucket_name" {
  description = "The data bucket's name."
  value       = aws_s3_bucket.data.id
}

output "bucket_arn" {
  description = "The data bucket's ARN. Known before anything is made."
  value       = local.bucket_arn
}

output "key_arn" {
  description = "ARN of the key that encrypts data, tables, queues and logs."
  value       = local.data_key_arn
  # CloudWatch Logs refuses a key whose policy does not name it yet.
  depends_on = [aws_kms_key_policy.data]
}

output "user_secrets_key_arn" {
  description = "ARN of the key that encrypts users' secrets."
  value       = local.user_secrets_key_arn
  depends_on  = [aws_kms_key_policy.user_secrets]
}

output "kept_arns" {
  description = "What stays in the account, and readable, if Terraform is told to forget this module (`terraform state rm` with its address) before everything else is destroyed."
  value = concat(
    [local.bucket_arn, local.data_key_arn, local.user_secrets_key_arn],
    values(local.table_arns),
  )
}

output "protection" {
  description = "What keeps this module's resources from a mistake: deletion protection by table, whether the bucket is removed with its objects, days that KMS waits by key made here."
  value = {
    tables               = { for name, table in aws_dynamodb_table.this : name => table.deletion_protection_enabled }
    bucket_force_destroy = aws_s3_bucket.data.force_destroy
    key_deletion_days = merge(
      { for key in aws_kms_key.data : "data" => key.deletion_window_in_days },
      { for key in aws_kms_key.user_secrets : "user_secrets" => key.deletion_window_in_days },
    )
  }
}

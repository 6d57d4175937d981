output "log_group_name" {
  description = "Name of the audit log's group."
  value       = aws_cloudwatch_log_group.audit.name
}

output "log_group_arn" {
  description = "ARN of the audit log's group, without `:*`; its streams are `{arn}:log-stream:{name}`. Known before anything is made."
  value       = local.arn
}

output "bucket_name" {
  description = "Name of the bucket of signed heads."
  value       = aws_s3_bucket.heads.id
}

output "bucket_arn" {
  description = "ARN of the bucket of signed heads; they are below `chain-heads/`. Known before anything is made."
  value       = local.bucket_arn
}

output "signing_key_arn" {
  description = "ARN of the key that signs heads."
  value       = aws_kms_key.signing.arn
}

output "protection" {
  description = "What keeps this module's resources from a mistake: whether the log group stays, whether the bucket is removed with its objects, days that KMS waits."
  value = {
    log_group_stays      = aws_cloudwatch_log_group.audit.skip_destroy
    bucket_force_destroy = aws_s3_bucket.heads.force_destroy
    key_deletion_days    = aws_kms_key.signing.deletion_window_in_days
  }
}

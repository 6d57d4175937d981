output "log_bucket_name" {
  description = "The log bucket's name: the one made here, or yours."
  value       = var.existing_log_bucket == null ? aws_s3_bucket_policy.logs[0].bucket : var.existing_log_bucket
}

output "log_bucket_arn" {
  description = "The log bucket's ARN."
  value       = "arn:${local.partition}:s3:::${coalesce(var.existing_log_bucket, local.log_bucket_name)}"
}

output "protection" {
  description = "Whether the log bucket is removed with its logs; null if it is yours."
  value       = { bucket_force_destroy = one(aws_s3_bucket.logs[*].force_destroy) }
}

//! The audit log in Amazon CloudWatch Logs.

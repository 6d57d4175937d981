//! Encryption of small secrets by AWS KMS.

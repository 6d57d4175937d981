//! Jobs in Amazon SQS, one queue a kind.

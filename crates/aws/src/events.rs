//! What AWS hands to functions, decoded; and what it expects back.

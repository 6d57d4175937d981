//! Looks after what is due.

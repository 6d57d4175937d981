//! Turns the tables' change feed into audit records, index hints and jobs.

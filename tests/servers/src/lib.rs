//! Finds, fetches, starts, waits for and stops the real servers that tests run against.

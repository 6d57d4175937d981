//! Wire types of the HTTP contract: what the API's JSON looks like.

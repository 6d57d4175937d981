//! Use cases of the data lake, one file per use case, over the domain's ports.

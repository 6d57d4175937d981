//! Decides who a caller is: bearer tokens and request signatures.

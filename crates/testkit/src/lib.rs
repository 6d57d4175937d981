//! One contract suite per port, entity builders, and fakes that fail on demand.

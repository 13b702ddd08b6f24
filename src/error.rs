//! One error type over all stages.

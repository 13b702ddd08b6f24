//! Data small enough to solve by hand.

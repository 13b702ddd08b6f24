//! The study file: as written, and checked.

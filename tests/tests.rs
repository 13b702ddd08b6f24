//! All behaviour tests, one binary. A new test goes into the module of its theme; one line each here.

mod simulate; // synthetic deliveries: the same bytes for a seed, their shapes, nothing left after a fault
mod worked_examples; // data small enough to solve by hand
mod report; // every table in every format, as snapshots

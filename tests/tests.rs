//! All behaviour tests, one binary. A new test goes into the module of its theme; one line each here.

mod worked_examples; // data small enough to solve by hand

//! Model formulas: text to terms, with the place of every fault.

//! Formula and records to a compact design: codes, not dummy columns.

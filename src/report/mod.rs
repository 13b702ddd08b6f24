//! Report: plain data, its tables and its renderers.

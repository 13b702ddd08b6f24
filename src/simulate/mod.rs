//! Linked synthetic extracts with known hazard ratios.

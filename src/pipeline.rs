//! The whole analysis on one screen.

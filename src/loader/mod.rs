//! Extracts to person-time records.

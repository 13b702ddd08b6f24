//! Events, person-years and rates.

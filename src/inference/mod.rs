//! Tests, contrasts and interaction analyses of fitted models.

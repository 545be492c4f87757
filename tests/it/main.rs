//! What users may rely on, one module per promise or feature.

mod races;
mod support;

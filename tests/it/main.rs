//! What users may rely on, one module per promise or feature.

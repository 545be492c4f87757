//! Nothing: the package exists for its `examples/` and `tests/`.

//! What users may rely on, one module per promise or feature.

mod cycles;
mod events;
mod flights;
mod handle;
mod mutators;
mod races;
mod support;
mod ui;
mod waits;

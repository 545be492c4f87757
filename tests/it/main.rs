//! What users may rely on, one module per promise or feature.

mod bad_input;
mod cycles;
mod events;
mod flights;
mod handle;
mod mutators;
mod races;
mod readme;
mod scopes;
mod support;
mod tags;
mod ui;
mod waits;

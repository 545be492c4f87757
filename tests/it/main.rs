//! What users may rely on, one module per promise or feature.

mod arming;
mod bad_input;
mod counters;
mod cycles;
mod entries;
mod events;
mod failures;
mod flights;
mod handle;
mod mutators;
mod processes;
mod races;
mod reach;
mod readme;
mod refreshes;
mod scopes;
mod support;
mod tags;
mod takeovers;
mod ui;
mod waits;

//! What users may rely on, one module per promise or feature.

#[cfg(feature = "servers")]
mod aged;
mod arming;
mod bad_input;
mod batches;
mod budgets;
mod check;
mod companion;
mod config;
mod conformance;
mod counters;
mod cycles;
#[cfg(feature = "servers")]
mod databases;
mod defaults;
mod dummy;
mod entries;
mod events;
mod failures;
mod faulty;
mod flights;
mod frameworks;
mod functions;
mod generics;
mod handle;
mod handles;
mod invalidates;
mod keys;
mod layering;
mod locks;
#[cfg(feature = "servers")]
mod memcached;
mod methods;
mod misbehaving;
mod mutators;
mod namesakes;
mod overrides;
mod processes;
mod promises;
mod property;
mod races;
mod reach;
mod readme;
mod recursion;
#[cfg(feature = "servers")]
mod redis;
mod refreshes;
mod relay;
mod remote;
mod scopes;
mod shared;
mod source;
mod support;
mod tags;
mod takeovers;
mod telemetry;
mod tenants;
mod traits;
#[cfg(feature = "servers")]
mod trips;
mod ttl;
mod ui;
mod values;
mod waits;
mod weights;

//! Options whose names are taken but which do nothing yet: an error now beats silence.

use super::Given;
use crate::diagnostics::Faults;

pub(crate) const NAMES: [&str; 12] = [
    "stale",
    "stale_if_error",
    "early",
    "timeout",
    "jitter",
    "refresh",
    "refresh_ahead",
    "refresh_beta",
    "compress",
    "codec",
    "guard",
    "lock_cap",
];

/// Notes that `given` is not there yet; says whether it is one of those.
pub(crate) fn refuse(given: &Given, faults: &mut Faults) -> bool {
    let name = given.name.as_str();
    let known = NAMES.contains(&name) || name.starts_with("stale_") || name.starts_with("refresh_");
    if known {
        let instead = match name {
            // Elsewhere this is how long a value is kept.
            "timeout" => "remove it; how long a value is served is `ttl`, as in `ttl = \"5m\"`",
            _ => "remove it: the value is computed when it is missing or its `ttl` is over",
        };
        faults.at(
            given.span,
            format!("`{name}` is not available yet"),
            instead,
        );
    }
    known
}

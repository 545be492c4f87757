//! The conformance suite on every backend of the library, on servers that it starts: a row for each,
//! with what passed, what failed, and what the backend cannot do. `cargo xtask conformance` runs it.

mod backends;
mod json;
mod program;

#[path = "../../cached-core/src/backend/sql/tests/server.rs"]
mod database_server;
#[path = "../../cached-core/src/backend/sql/tests/directory.rs"]
mod directory;
#[path = "../../cached-core/src/backend/redis/tests/fleet.rs"]
mod fleet;
#[path = "../it/support/gate.rs"]
mod gate;
#[path = "../../cached-core/src/backend/memcached/tests/server.rs"]
mod memcached_server;
#[path = "../it/relay.rs"]
mod relay;
#[path = "../../cached-core/src/backend/redis/tests/server.rs"]
mod server;

// As the integration tests have them.
mod databases {
    pub(crate) use crate::{database_server::Server, directory::Directory};
}
mod memcached {
    pub(crate) use crate::memcached_server as server;
}
mod redis {
    pub(crate) use crate::{fleet, server};
}
mod support {
    pub(crate) use crate::gate::Gate;
}

use std::process::ExitCode;

fn main() -> ExitCode {
    match program::run(std::env::args().skip(1)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("conformance: {fault}");
            ExitCode::FAILURE
        }
    }
}

//! Tables of databases and the file backend, as applications use them.

#[path = "../../../cached-core/src/backend/sql/tests/directory.rs"]
mod directory;
#[path = "../../../cached-core/src/backend/sql/tests/server.rs"]
mod server;

mod chaos;
mod outages;
mod transactions;

pub(crate) use directory::Directory;
pub(crate) use server::{Kind, Server};

//! Tables of databases and the file backend, as applications use them.

#[path = "../../../cached-core/src/backend/sql/tests/directory.rs"]
mod directory;

pub(crate) use directory::Directory;

//! The adapter on real databases: files, and servers that the tests start themselves.

mod directory;
mod mysql;
mod postgres;
mod server;
mod sqlite;

//! The adapter on real databases: files, and servers that the tests start themselves.

mod directory;
mod file;
mod mysql;
mod postgres;
mod server;
mod sqlite;

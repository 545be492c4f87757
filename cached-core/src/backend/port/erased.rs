//! The port behind a pointer.

use std::pin::Pin;
use std::sync::Weak;
use std::time::Duration;

use super::{Acquired, Backend, Capabilities, Page, Put, Watched, Watcher};
use crate::cell::{Cell, Token};
use crate::error::Error;

/// A future of the erased port.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`Backend`] behind a pointer.
pub(crate) trait AnyBackend: Send + Sync {
    fn name(&self) -> &str;
    fn place(&self) -> Option<String>;
    fn capabilities(&self) -> Capabilities;
    fn read<'a>(&'a self, keys: &'a [&'a str]) -> Answer<'a, Result<Vec<Option<Cell>>, Error>>;
    fn read_watched<'a>(&'a self, keys: &'a [&'a str]) -> Answer<'a, Result<Watched, Error>>;
    fn watch(&self, watcher: Weak<dyn Watcher>);
    fn acquire<'a>(
        &'a self,
        key: &'a str,
        cell: &'a Cell,
        ttl: Option<Duration>,
    ) -> Answer<'a, Result<Acquired, Error>>;
    fn fill<'a>(
        &'a self,
        key: &'a str,
        token: Token,
        cell: &'a Cell,
        ttl: Option<Duration>,
    ) -> Answer<'a, Result<bool, Error>>;
    fn renew<'a>(
        &'a self,
        key: &'a str,
        token: Token,
        ttl: Duration,
    ) -> Answer<'a, Result<bool, Error>>;
    fn release<'a>(&'a self, key: &'a str, token: Token) -> Answer<'a, Result<bool, Error>>;
    fn write<'a>(
        &'a self,
        key: &'a str,
        cell: &'a Cell,
        ttl: Option<Duration>,
    ) -> Answer<'a, Result<(), Error>>;
    fn invalidate<'a>(&'a self, keys: &'a [&'a str]) -> Answer<'a, Result<u64, Error>>;
    fn write_many<'a>(&'a self, puts: &'a [Put<'a>]) -> Answer<'a, Result<(), Error>>;
    fn acquire_many<'a>(&'a self, puts: &'a [Put<'a>]) -> Answer<'a, Result<Vec<Acquired>, Error>>;
    fn fill_many<'a>(
        &'a self,
        fills: &'a [(Token, Put<'a>)],
    ) -> Answer<'a, Result<Vec<Result<bool, Error>>, Error>>;
    fn scan<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> Answer<'a, Result<Page, Error>>;
    fn now(&self) -> Answer<'_, Result<u64, Error>>;
    fn changed<'a>(&'a self, key: &'a str, seen: Token) -> Answer<'a, ()>;
    fn incarnation(&self) -> Option<u64>;
    fn check(&self) -> Answer<'_, Result<(), Error>>;
    /// For what only one kind of backend can do.
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    fn as_any(&self) -> &dyn std::any::Any;
}

impl<B: Backend> AnyBackend for B {
    fn name(&self) -> &str {
        Backend::name(self)
    }
    fn place(&self) -> Option<String> {
        Backend::place(self)
    }
    fn capabilities(&self) -> Capabilities {
        Backend::capabilities(self)
    }
    fn read<'a>(&'a self, keys: &'a [&'a str]) -> Answer<'a, Result<Vec<Option<Cell>>, Error>> {
        Box::pin(Backend::read(self, keys))
    }
    fn read_watched<'a>(&'a self, keys: &'a [&'a str]) -> Answer<'a, Result<Watched, Error>> {
        Box::pin(Backend::read_watched(self, keys))
    }
    fn watch(&self, watcher: Weak<dyn Watcher>) {
        Backend::watch(self, watcher);
    }
    fn acquire<'a>(
        &'a self,
        key: &'a str,
        cell: &'a Cell,
        ttl: Option<Duration>,
    ) -> Answer<'a, Result<Acquired, Error>> {
        Box::pin(Backend::acquire(self, key, cell, ttl))
    }
    fn fill<'a>(
        &'a self,
        key: &'a str,
        token: Token,
        cell: &'a Cell,
        ttl: Option<Duration>,
    ) -> Answer<'a, Result<bool, Error>> {
        Box::pin(Backend::fill(self, key, token, cell, ttl))
    }
    fn renew<'a>(
        &'a self,
        key: &'a str,
        token: Token,
        ttl: Duration,
    ) -> Answer<'a, Result<bool, Error>> {
        Box::pin(Backend::renew(self, key, token, ttl))
    }
    fn release<'a>(&'a self, key: &'a str, token: Token) -> Answer<'a, Result<bool, Error>> {
        Box::pin(Backend::release(self, key, token))
    }
    fn write<'a>(
        &'a self,
        key: &'a str,
        cell: &'a Cell,
        ttl: Option<Duration>,
    ) -> Answer<'a, Result<(), Error>> {
        Box::pin(Backend::write(self, key, cell, ttl))
    }
    fn invalidate<'a>(&'a self, keys: &'a [&'a str]) -> Answer<'a, Result<u64, Error>> {
        Box::pin(Backend::invalidate(self, keys))
    }
    fn write_many<'a>(&'a self, puts: &'a [Put<'a>]) -> Answer<'a, Result<(), Error>> {
        Box::pin(Backend::write_many(self, puts))
    }
    fn acquire_many<'a>(&'a self, puts: &'a [Put<'a>]) -> Answer<'a, Result<Vec<Acquired>, Error>> {
        Box::pin(Backend::acquire_many(self, puts))
    }
    fn fill_many<'a>(
        &'a self,
        fills: &'a [(Token, Put<'a>)],
    ) -> Answer<'a, Result<Vec<Result<bool, Error>>, Error>> {
        Box::pin(Backend::fill_many(self, fills))
    }
    fn scan<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> Answer<'a, Result<Page, Error>> {
        Box::pin(Backend::scan(self, prefix, after))
    }
    fn now(&self) -> Answer<'_, Result<u64, Error>> {
        Box::pin(Backend::now(self))
    }
    fn changed<'a>(&'a self, key: &'a str, seen: Token) -> Answer<'a, ()> {
        Box::pin(Backend::changed(self, key, seen))
    }
    fn incarnation(&self) -> Option<u64> {
        Backend::incarnation(self)
    }
    fn check(&self) -> Answer<'_, Result<(), Error>> {
        Box::pin(Backend::check(self))
    }
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

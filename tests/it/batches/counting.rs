//! A backend that notes the operations that calls wait for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cached_core::Error;
use cached_core::backend::{Acquired, Backend, Cell, Put, Token};

#[derive(Clone)]
pub(super) struct Counting<B> {
    inner: B,
    noted: Arc<Mutex<Vec<&'static str>>>,
}

impl<B> Counting<B> {
    pub(super) fn of(inner: B) -> Self {
        Self {
            inner,
            noted: Arc::default(),
        }
    }

    fn note(&self, operation: &'static str) {
        self.noted
            .lock()
            .expect("nobody panics here")
            .push(operation);
    }

    /// What came since this was asked last.
    pub(super) fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.noted.lock().expect("nobody panics here"))
    }
}

impl<B: Backend> Backend for Counting<B> {
    fn name(&self) -> &str {
        "counting"
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        self.note("read");
        self.inner.read(keys).await
    }

    async fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<Acquired, Error> {
        self.note("acquire");
        self.inner.acquire(key, cell, ttl).await
    }

    async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        self.note("fill");
        self.inner.fill(key, token, cell, ttl).await
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        self.inner.renew(key, token, ttl).await
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        self.inner.release(key, token).await
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Option<Duration>) -> Result<(), Error> {
        self.note("write");
        self.inner.write(key, cell, ttl).await
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        self.note("invalidate");
        self.inner.invalidate(keys).await
    }

    async fn acquire_many(&self, puts: &[Put<'_>]) -> Result<Vec<Acquired>, Error> {
        self.note("acquire_many");
        self.inner.acquire_many(puts).await
    }

    async fn fill_many(&self, fills: &[(Token, Put<'_>)]) -> Result<Vec<bool>, Error> {
        self.note("fill_many");
        self.inner.fill_many(fills).await
    }

    async fn now(&self) -> Result<u64, Error> {
        self.note("now");
        self.inner.now().await
    }
}

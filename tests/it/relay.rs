//! A backend in front of another one, for tests that watch or change a little of what passes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use cached_core::Error;
use cached_core::backend::{
    Acquired, Backend, Capabilities, Cell, Page, Put, Token, Watched, Watcher,
};

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::support::Gate;

type Ttl = Option<Duration>;

/// What is done to what passes; as it stands, nothing.
pub(crate) trait Duty: Send + Sync + 'static {
    /// Whether changes are told, as far as the backend behind tells of them.
    const TELLS: bool = true;

    /// Before an operation of this name is passed on.
    fn before(&self, operation: &'static str) {
        let _ = operation;
    }

    /// What an acquire has to pass before it is carried out, whoever still waits for it then, and
    /// what it opens afterwards.
    fn held_up_by(&self) -> Option<[Gate; 2]> {
        None
    }

    /// After it was carried out, and before its answer is given.
    fn after(&self, operation: &'static str) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = operation;
        std::future::ready(Ok(()))
    }
}

pub(crate) struct Relay<B, D> {
    backend: Arc<B>,
    pub(crate) duty: D,
}

impl<B: Backend, D: Duty> Relay<B, D> {
    pub(crate) fn new(backend: Arc<B>, duty: D) -> Self {
        Self { backend, duty }
    }

    /// An acquire on its way, which nobody can take back.
    async fn behind(
        &self,
        [before, after]: [Gate; 2],
        key: &str,
        cell: &Cell,
        ttl: Ttl,
    ) -> Result<Acquired, Error> {
        let (backend, key, cell) = (Arc::clone(&self.backend), key.to_owned(), cell.clone());
        let (tell, told) = oneshot::channel();
        std::thread::spawn(move || {
            before.pass();
            let runtime = Builder::new_current_thread().build();
            let runtime = runtime.expect("the OS has descriptors");
            let acquired = runtime.block_on(backend.acquire(&key, &cell, ttl));
            after.open();
            // Nobody may wait for it any more.
            let _ = tell.send(acquired);
        });
        told.await.expect("the thread does not panic")
    }

    async fn pass<T>(
        &self,
        operation: &'static str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.duty.before(operation);
        let answer = answer.await?;
        self.duty.after(operation).await?;
        Ok(answer)
    }
}

impl<B, D: Clone> Clone for Relay<B, D> {
    fn clone(&self) -> Self {
        Self {
            backend: Arc::clone(&self.backend),
            duty: self.duty.clone(),
        }
    }
}

impl<B: Backend, D: Duty> Backend for Relay<B, D> {
    fn name(&self) -> &str {
        self.backend.name()
    }
    fn place(&self) -> Option<String> {
        self.backend.place()
    }
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.backend.capabilities();
        capabilities.watches &= D::TELLS;
        capabilities.pushes &= D::TELLS;
        capabilities
    }
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        self.pass("read", self.backend.read(keys)).await
    }
    async fn read_watched(&self, keys: &[&str]) -> Result<Watched, Error> {
        let reading = self.backend.read_watched(keys);
        let mut watched = self.pass("read_watched", reading).await?;
        watched.told &= D::TELLS;
        Ok(watched)
    }
    fn watch(&self, watcher: Weak<dyn Watcher>) {
        if D::TELLS {
            self.backend.watch(watcher);
        }
    }
    async fn acquire(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<Acquired, Error> {
        match self.duty.held_up_by() {
            Some(gate) => {
                self.pass("acquire", self.behind(gate, key, cell, ttl))
                    .await
            }
            None => {
                let acquiring = self.backend.acquire(key, cell, ttl);
                self.pass("acquire", acquiring).await
            }
        }
    }
    async fn fill(&self, key: &str, token: Token, cell: &Cell, ttl: Ttl) -> Result<bool, Error> {
        let filling = self.backend.fill(key, token, cell, ttl);
        self.pass("fill", filling).await
    }
    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        self.pass("renew", self.backend.renew(key, token, ttl))
            .await
    }
    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        self.pass("release", self.backend.release(key, token)).await
    }
    async fn write(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<(), Error> {
        self.pass("write", self.backend.write(key, cell, ttl)).await
    }
    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        self.pass("invalidate", self.backend.invalidate(keys)).await
    }
    async fn write_many(&self, puts: &[Put<'_>]) -> Result<(), Error> {
        self.pass("write_many", self.backend.write_many(puts)).await
    }
    async fn acquire_many(&self, puts: &[Put<'_>]) -> Result<Vec<Acquired>, Error> {
        let acquiring = self.backend.acquire_many(puts);
        self.pass("acquire_many", acquiring).await
    }
    async fn fill_many(
        &self,
        fills: &[(Token, Put<'_>)],
    ) -> Result<Vec<Result<bool, Error>>, Error> {
        self.pass("fill_many", self.backend.fill_many(fills)).await
    }
    async fn scan(&self, prefix: &str, after: Option<&str>) -> Result<Page, Error> {
        self.pass("scan", self.backend.scan(prefix, after)).await
    }
    async fn now(&self) -> Result<u64, Error> {
        self.pass("now", self.backend.now()).await
    }
    async fn changed(&self, key: &str, seen: Token) {
        match D::TELLS {
            true => self.backend.changed(key, seen).await,
            false => std::future::pending().await,
        }
    }
    fn incarnation(&self) -> Option<u64> {
        self.backend.incarnation()
    }
    async fn check(&self) -> Result<(), Error> {
        self.pass("check", self.backend.check()).await
    }
}

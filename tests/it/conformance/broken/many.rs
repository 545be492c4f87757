//! Backends that do one thing well, and many of them at once wrongly.

use std::panic::catch_unwind;
use std::time::Duration;

use cached_core::backend::{Acquired, Backend, Cell, Put, Token};
use cached_core::testing::conformance::{self, Subject};
use cached_core::testing::{self, ManualClock};
use cached_core::{Cache, Error, ErrorKind};

use super::Ttl;

/// The rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    /// It takes no cell that is over its limit, as it may.
    Nothing,
    FillsFailTogether,
    FillsAreReversed,
    FillsStopEarly,
    FillsCarryTheFirst,
    AcquiresAreReversed,
    AcquiresStopEarly,
}

/// A backend that breaks it.
#[derive(Clone)]
struct Wrong<B> {
    inner: B,
    broken: Broken,
    /// The largest cell that it takes.
    largest: usize,
}

/// What it still does of many.
const EARLY: usize = 200;

impl<B: Backend> Wrong<B> {
    fn is(&self, broken: Broken) -> bool {
        self.broken == broken
    }

    fn fits(&self, cell: &Cell) -> Result<(), Error> {
        if cell.as_bytes().len() <= self.largest {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, "it is over the limit"))
    }
}

impl<B: Backend> Backend for Wrong<B> {
    fn name(&self) -> &str {
        "wrong"
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        self.inner.read(keys).await
    }

    async fn acquire(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<Acquired, Error> {
        self.fits(cell)?;
        self.inner.acquire(key, cell, ttl).await
    }

    async fn fill(&self, key: &str, token: Token, cell: &Cell, ttl: Ttl) -> Result<bool, Error> {
        self.fits(cell)?;
        self.inner.fill(key, token, cell, ttl).await
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        self.inner.renew(key, token, ttl).await
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        self.inner.release(key, token).await
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<(), Error> {
        self.fits(cell)?;
        self.inner.write(key, cell, ttl).await
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        self.inner.invalidate(keys).await
    }

    async fn acquire_many(&self, puts: &[Put<'_>]) -> Result<Vec<Acquired>, Error> {
        let mut acquired = Vec::new();
        for (at, put) in puts.iter().enumerate() {
            acquired.push(match at {
                EARLY.. if self.is(Broken::AcquiresStopEarly) => Acquired::Granted,
                _ => self.acquire(put.key, put.cell, put.ttl).await?,
            });
        }
        if self.is(Broken::AcquiresAreReversed) {
            acquired.reverse();
        }
        Ok(acquired)
    }

    async fn fill_many(
        &self,
        fills: &[(Token, Put<'_>)],
    ) -> Result<Vec<Result<bool, Error>>, Error> {
        if self.is(Broken::FillsFailTogether) {
            let mut cells = fills.iter().map(|(_, put)| put.cell);
            cells.try_for_each(|cell| self.fits(cell))?;
        }
        let mut filled = Vec::new();
        for (at, (token, put)) in fills.iter().enumerate() {
            let cell = match self.is(Broken::FillsCarryTheFirst) {
                true => fills[0].1.cell,
                false => put.cell,
            };
            filled.push(match at {
                EARLY.. if self.is(Broken::FillsStopEarly) => Ok(true),
                _ => self.fill(put.key, *token, cell, put.ttl).await,
            });
        }
        if self.is(Broken::FillsAreReversed) {
            filled.reverse();
        }
        Ok(filled)
    }

    async fn now(&self) -> Result<u64, Error> {
        self.inner.now().await
    }
}

fn subject(broken: Broken) -> Subject {
    let clock = ManualClock::new();
    let inner = testing::in_process_at(clock.clone());
    let wrong = Wrong {
        inner,
        broken,
        largest: usize::MAX,
    };
    let bounded = Wrong {
        largest: 4 << 20,
        ..wrong.clone()
    };
    let open = move |prefix: &str| Cache::on(bounded.clone()).prefix(prefix);
    let subject = Subject::of(move || wrong.clone()).with_bound(open);
    subject.with_clock(move |by| clock.advance(by))
}

#[tokio::test]
async fn a_limit_is_no_fault() {
    let subject = subject(Broken::Nothing);
    conformance::batches::one_that_is_too_large_leaves_the_others(&subject).await;
    conformance::batches::many_values_are_stored(&subject).await;
    conformance::cells::several_operations_go_at_once(&subject).await;
}

is_found! {
    FillsFailTogether: batches::one_that_is_too_large_leaves_the_others;
    FillsAreReversed: cells::several_operations_go_at_once
        batches::an_invalidation_keeps_one_value_out;
    FillsStopEarly: cells::several_operations_go_at_once batches::many_values_are_stored;
    FillsCarryTheFirst: cells::several_operations_go_at_once
        batches::what_one_process_computes_another_gets;
    AcquiresAreReversed: cells::several_operations_go_at_once;
    AcquiresStopEarly: cells::several_operations_go_at_once batches::many_values_are_stored;
}

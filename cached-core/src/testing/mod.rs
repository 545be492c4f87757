//! Support for testing code that caches (feature `testing`).
//!
//! - [`isolated`] gives a test its own cache, so that tests run side by side;
//!   [`isolate_all!`] makes a test binary insist on it.
//! - [`Recorder`] writes down what a cache did, for tests that assert on "computed once" instead
//!   of on time.
//! - [`ManualClock`] moves time by hand.
//! - [`Faulty`] makes a shared backend slow, hang, fail or lie (feature `remote`).
//! - [`conformance`] shows that a backend of your own keeps the promises (feature `remote`).
//! - [`without_cache`] turns caching off for a scope; `CACHE_URL=dummy://` does for a process.
//!
//! Not for production: with this feature a test binary can make calls panic.

#[cfg(feature = "remote")]
pub mod conformance;
#[cfg(feature = "remote")]
mod faulty;
mod recorder;

use std::future::Future;
use std::sync::Arc;

#[cfg(feature = "remote")]
pub use faulty::{Fault, Faulty, Lie, Op};
pub use recorder::Recorder;

pub use crate::time::ManualClock;

#[cfg(feature = "remote")]
use crate::backend::{port::Backend, process::Process};
use crate::cache::Cache;
use crate::engine::{Config, Engine, Frame, Isolate, bypass, bypass_blocking, with_context};
#[cfg(feature = "remote")]
use crate::time::Clock;

/// Runs `future` with a new, empty memory cache in place of the installed and all named ones.
/// Caches given by an expression stay what they are.
///
/// The scope follows the future, not the thread; tasks spawned inside keep it by
/// `spawn` (feature `tokio`) or [`in_scope`].
///
/// ```
/// use cached_core::{cached, testing};
///
/// #[cached(key = "answer")]
/// async fn answer() -> u32 { 42 }
///
/// # async fn example() {
/// testing::isolated(async {
///     assert_eq!(answer().await, 42);
///     assert_eq!(answer::entry().get().await, Some(42));
/// })
/// .await;
/// # }
/// ```
pub async fn isolated<F: Future>(future: F) -> F::Output {
    stand_in(fresh()).scope(future).await
}

/// [`isolated`] for sync tests.
pub fn isolated_blocking<R>(test: impl FnOnce() -> R) -> R {
    let _entered = stand_in(fresh()).enter();
    test()
}

/// Runs `future` with this cache in place of the installed and all named ones: to look into it, to
/// give it a [`ManualClock`], or to record it.
pub async fn with_cache<F: Future>(cache: &Cache, future: F) -> F::Output {
    stand_in(Arc::clone(&cache.engine)).scope(future).await
}

/// [`with_cache`] for sync tests.
pub fn with_cache_blocking<R>(cache: &Cache, test: impl FnOnce() -> R) -> R {
    let _entered = stand_in(Arc::clone(&cache.engine)).enter();
    test()
}

/// Runs `future` with caching off: every cached function in it computes.
pub async fn without_cache<F: Future>(future: F) -> F::Output {
    some_scope().scope(bypass(future)).await
}

/// [`without_cache`] for sync tests.
pub fn without_cache_blocking<R>(test: impl FnOnce() -> R) -> R {
    let _entered = some_scope().enter();
    bypass_blocking(test)
}

/// A builder of a cache that treats values as a shared backend does, without a server: it stores
/// their bytes and returns what those decode to. A test on it sees what another process would get.
///
/// ```
/// use cached_core::testing;
///
/// # async fn example() -> Result<(), cached_core::Error> {
/// let cache = testing::remote_like().build()?;
/// testing::with_cache(&cache, async { /* the code under test */ }).await;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "remote")]
pub fn remote_like() -> crate::cache::Builder {
    Cache::on(in_process())
}

/// The backend of [`remote_like`]: cells in the memory of this process, to wrap in a [`Faulty`], or
/// to give several caches one store, as processes have. Clones share the cells.
///
/// ```
/// use cached_core::{Cache, testing};
///
/// # async fn example() -> Result<(), cached_core::Error> {
/// let store = testing::in_process();
/// let here = Cache::on(store.clone()).build()?;
/// let there = Cache::on(store).build()?;
/// here.set("k", &1u32, 60).await?;
/// assert_eq!(there.get::<u32>("k").await?, Some(1));
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "remote")]
#[must_use]
pub fn in_process() -> impl Backend + Clone {
    in_process_at(Clock::System)
}

/// [`in_process`], with a clock that decides when cells expire. A cache asks its backend for the
/// time once a minute, so build a new one after moving the clock.
#[cfg(feature = "remote")]
#[must_use]
pub fn in_process_at(clock: impl Into<Clock>) -> impl Backend + Clone {
    Process::new(clock.into())
}

/// Ties a future to the scope of this test, for spawning it by any runtime.
pub fn in_scope<F: Future>(future: F) -> impl Future<Output = F::Output> {
    with_context(future)
}

#[cfg(feature = "tokio")]
pub use crate::engine::spawn;

fn fresh() -> Arc<Engine> {
    match Engine::new(Config::default()) {
        Ok(engine) => engine,
        Err(_) => unreachable!("a cache in memory needs no thread"),
    }
}

fn stand_in(engine: Arc<Engine>) -> Arc<Frame> {
    Frame::derive(|frame| frame.stand_in = Some(engine))
}

/// The scope around, or a new one where [`isolate_all!`] insists on one.
fn some_scope() -> Arc<Frame> {
    let insists = inventory::iter::<Isolate>.into_iter().next().is_some();
    Frame::derive(|frame| {
        if insists {
            frame.stand_in.get_or_insert_with(fresh);
        }
    })
}

/// Makes every call of a cached function outside of a test scope panic, in this binary. One line
/// in a test binary whose tests share cached functions:
///
/// ```standalone_crate
/// use cached_core::{cached, testing};
///
/// testing::isolate_all!();
///
/// #[cached(key = "answer")]
/// fn answer() -> u32 { 42 }
///
/// testing::isolated_blocking(answer);
/// testing::without_cache_blocking(answer);
/// std::panic::catch_unwind(answer).expect_err("no scope");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __isolate_all {
    () => {
        $crate::__private::inventory::submit! { $crate::__private::Isolate }
    };
}

pub use crate::__isolate_all as isolate_all;

#[cfg(feature = "remote")]
pub use crate::__conformance_tests as conformance_tests;

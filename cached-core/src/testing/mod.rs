//! Support for testing code that caches (feature `testing`).
//!
//! - [`isolated`] gives a test its own cache, so that tests run side by side;
//!   [`isolate_all!`] makes a test binary insist on it.
//! - [`Recorder`] writes down what a cache did, for tests that assert on "computed once" instead
//!   of on time.
//! - [`ManualClock`] moves time by hand.
//! - [`without_cache`] turns caching off for a scope; `CACHE_URL=dummy://` does for a process.
//!
//! Not for production: with this feature a test binary can make calls panic.

mod recorder;

use std::future::Future;
use std::sync::Arc;

pub use recorder::Recorder;

pub use crate::time::ManualClock;

use crate::cache::Cache;
use crate::engine::{Config, Engine, Frame, Isolate, bypass, bypass_blocking, with_context};

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
    Cache::on(crate::backend::process::Process::new(
        crate::time::Clock::System,
    ))
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

//! Scopes: what the calls made within a future or closure should do.

use std::future::Future;

use super::context::{Frame, Mode, current};

/// Runs `future` with caching off: cached functions called in it compute, and neither read, join
/// nor store. Reaches nested calls.
///
/// ```
/// # use cached_core::cached;
/// #[cached(key = "answer")]
/// async fn answer() -> u32 { 42 }
/// # async fn example() {
/// let fresh = cached_core::bypass(answer()).await;
/// # }
/// ```
pub async fn bypass<F: Future>(future: F) -> F::Output {
    scoped(Mode::Bypass).scope(future).await
}

/// [`bypass`] for sync callers.
pub fn bypass_blocking<R>(body: impl FnOnce() -> R) -> R {
    let _entered = scoped(Mode::Bypass).enter();
    body()
}

/// Runs `future` so that the cached functions called directly in it compute anew and store what
/// they find; callers that come meanwhile join. The value before stays if the computation fails.
/// Cached functions called inside of those computations read as usual.
pub async fn refresh<F: Future>(future: F) -> F::Output {
    scoped(Mode::Refresh).scope(future).await
}

/// [`refresh`] for sync callers.
pub fn refresh_blocking<R>(body: impl FnOnce() -> R) -> R {
    let _entered = scoped(Mode::Refresh).enter();
    body()
}

fn scoped(mode: Mode) -> std::sync::Arc<Frame> {
    Frame::derive(|frame| {
        // Within a bypass everything is bypassed.
        if frame.mode != Mode::Bypass {
            frame.mode = mode;
        }
    })
}

/// Ties a future to the context it is made in, so that it can be spawned as a task of its own and
/// still counts as part of the computation, mutator or scope around it.
///
/// Without it, a cached function that awaits a spawned call of itself cannot be told from a
/// stranger and ends by the wait bound.
pub fn with_context<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let frame = current();
    async move {
        match frame {
            Some(frame) => frame.scope(future).await,
            None => future.await,
        }
    }
}

/// `tokio::spawn` that keeps the context; see [`with_context`].
///
/// # Panics
/// As `tokio::spawn` does, outside of a tokio runtime.
#[cfg(feature = "tokio")]
pub fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(with_context(future))
}

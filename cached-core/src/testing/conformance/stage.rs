//! What the behaviours are played on: futures side by side, threads, gates, keys of their own.
//! Nothing here needs a runtime.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::cache::{Cache, Entry, EntryAll};
use crate::cell::{Cell, Token};
use crate::engine::{Call, Missed, block_on};
use crate::event::{Counter, Delivery, Outcome, totals};
use crate::key::{IntoKey, Key};
use crate::registry::{DEFAULT_VERSION, Site};
use crate::time::{Clock, Millis};
use crate::value::{AnyBackend, Outside, Portable, Shaped, Unshared, Whole};

/// Longer than any behaviour needs; what takes longer hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A time to live that ends after every behaviour.
pub(super) const LONG: Option<Duration> = Some(Duration::from_secs(600));

/// Some hex digits that nobody had before, here or in another process.
pub(super) fn fresh() -> String {
    let token = Token::random();
    let digits = token.as_bytes()[..6].iter();
    digits.map(|byte| format!("{byte:02x}")).collect()
}

/// A key of a backend that nobody used before.
pub(super) fn fresh_key() -> String {
    format!("conformance:{}", fresh())
}

/// A cell of a kind that is no entry's, and its token.
pub(super) fn cell(text: &str) -> (Token, Cell) {
    let token = Token::random();
    (token, cell_of(token, text.as_bytes()))
}

/// A cell with this token and content.
pub(super) fn cell_of(token: Token, content: &[u8]) -> Cell {
    let mut bytes = Cell::begin(b'x', token, content.len());
    bytes.extend_from_slice(content);
    Cell::from_bytes(bytes)
}

/// Lets so much real time pass.
pub(super) async fn sleep(time: Duration) {
    let millis = Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX / 2);
    let clock = Clock::System;
    clock.sleep_until(clock.now().saturating_add(millis)).await;
}

/// Asks again until it holds; false if it never does.
pub(super) async fn eventually<Fut>(mut holds: impl FnMut() -> Fut) -> bool
where
    Fut: Future<Output = bool>,
{
    let clock = Clock::System;
    let end = clock.now() + PATIENCE.as_secs() * 1000 / 4;
    while !holds().await {
        if clock.now() > end {
            return false;
        }
        sleep(Duration::from_millis(5)).await;
    }
    true
}

/// Puts a few questions: whatever the cache was asked before waits for something else by the time
/// that they are answered.
pub(super) async fn settled(cache: &Cache) {
    for _ in 0..8 {
        // What it answers is of no account.
        let _ = cache.contains("elsewhere").await;
    }
}

/// Waits for both, side by side.
pub(super) async fn together<A, B>(
    left: impl Future<Output = A>,
    right: impl Future<Output = B>,
) -> (A, B) {
    let (mut left, mut right) = (pin!(left), pin!(right));
    let (mut a, mut b) = (None, None);
    poll_fn(|cx| {
        if a.is_none() {
            a = ready(left.as_mut().poll(cx));
        }
        if b.is_none() {
            b = ready(right.as_mut().poll(cx));
        }
        match (a.take(), b.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            unfinished => {
                (a, b) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Drops a future that has not ended after so many polls.
pub(super) async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Some(Box::pin(future));
    let mut left = polls;
    poll_fn(|cx| {
        let polled = match &mut future {
            Some(running) if left > 0 => ready(running.as_mut().poll(cx)),
            _ => None,
        };
        left = left.saturating_sub(1);
        if polled.is_none() && left > 0 {
            return Poll::Pending;
        }
        future = None;
        Poll::Ready(polled)
    })
    .await
}

/// Does the work on so many threads that begin at once; the results in the threads' order.
///
/// The caller's thread is left alone: it may be what drives the backend.
pub(super) async fn on_threads<T, Fut>(
    count: usize,
    work: impl Fn(usize) -> Fut + Send + Sync + 'static,
) -> Vec<T>
where
    T: Send + 'static,
    Fut: Future<Output = T>,
{
    let (work, start) = (Arc::new(work), Arc::new(Barrier::new(count)));
    let threads = (0..count).map(|number| {
        let (work, start) = (Arc::clone(&work), Arc::clone(&start));
        let bell = Gate::default();
        let rung = bell.clone();
        let thread = std::thread::spawn(move || {
            let _rings = Rings(rung);
            start.wait();
            block_on(work(number))
        });
        (bell, thread)
    });
    let mut results = Vec::with_capacity(count);
    for (bell, thread) in threads.collect::<Vec<_>>() {
        bell.passed().await;
        match thread.join() {
            Ok(result) => results.push(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    results
}

/// Opens its gate when the thread ends, however it ends.
struct Rings(Gate);

impl Drop for Rings {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Where futures wait until it is opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<Mutex<Passage>>);

#[derive(Debug, Default)]
struct Passage {
    open: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    pub(super) fn open(&self) {
        let waiting = {
            let mut passage = self.lock();
            passage.open = true;
            std::mem::take(&mut passage.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(super) async fn passed(&self) {
        poll_fn(|cx| {
            let mut passage = self.lock();
            if passage.open {
                return Poll::Ready(());
            }
            passage.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Passage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a function returns that may be any value.
type Plain<V> = Shaped<V, Whole, Unshared, Outside, AnyBackend>;

/// A cached function: what the attribute makes of one, but for the registration, so that nothing
/// of the suite shows in the user's `sites()` and `check()`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function(pub(super) &'static Site);

impl Function {
    /// Calls it with this key and these tags.
    pub(super) async fn call<V, Fut>(
        self,
        cache: &Cache,
        key: &str,
        tags: &[&str],
        body: impl FnOnce() -> Fut,
    ) -> (V, Outcome)
    where
        V: Portable,
        Fut: Future<Output = V>,
    {
        let missed = self.missed(cache, key, tags);
        missed.run_async(&Plain::of_classes(), body).await
    }

    /// [`call`](Self::call) by a sync caller.
    pub(super) fn call_blocking<V: Portable>(
        self,
        cache: &Cache,
        key: &str,
        tags: &[&str],
        body: impl FnOnce() -> V,
    ) -> (V, Outcome) {
        let missed = self.missed(cache, key, tags);
        missed.run(&Plain::of_classes(), body)
    }

    fn missed<'c>(self, cache: &'c Cache, key: &str, tags: &[&str]) -> Missed<'c> {
        let key = cache.key_of(key).expect("the suite uses no empty key");
        let call = Call::with_key(self.0, Ok(key)).on(&cache.engine);
        call.missed(tags.iter().map(|&tag| tag.into()).collect())
    }

    /// Its entry under this key.
    pub(super) fn entry(self, cache: &Cache, key: &str) -> Entry<String> {
        Entry::new(self.0, Plain::of_classes(), |to| to.text(key)).cache(cache)
    }

    /// All its entries.
    pub(super) fn all(self, cache: &Cache) -> EntryAll {
        EntryAll::new(self.0).cache(cache)
    }

    /// [`call`](Self::call) of a body that returns this at once.
    pub(super) async fn returns(self, cache: &Cache, key: &str, value: &str) -> (String, Outcome) {
        let value = value.to_owned();
        self.call(cache, key, &[], || async { value }).await
    }

    /// [`call`](Self::call) of a body that says when it has begun, and waits for its end.
    pub(super) async fn returns_after(
        self,
        cache: &Cache,
        key: &str,
        value: &str,
        begun: &Gate,
        end: &Gate,
    ) -> (String, Outcome) {
        let body = || async {
            begun.open();
            end.passed().await;
            value.to_owned()
        };
        self.call(cache, key, &[], body).await
    }

    /// Drops all its entries.
    pub(super) async fn invalidate_all(self, cache: &Cache) {
        let delivery = self.all(cache).invalidate().await;
        assert_eq!(delivery, Delivery::Acknowledged, "the backend answers");
    }

    /// How many of its entries could not be read so far.
    pub(super) fn unreadable(self) -> u64 {
        totals(self.0.number()).get(Counter::Unreadable)
    }
}

/// A new [`Function`] of this name and policy. It counts for this one run: a process may run the
/// suite on several backends at once. It is never freed, which a site is not made for.
macro_rules! function {
    ($name:literal $($policy:tt)*) => {{
        let place = (module_path!(), file!(), line!());
        let site = $crate::registry::Site::reader($name, "", place)$($policy)*;
        $crate::testing::conformance::stage::Function(Box::leak(Box::new(site)))
    }};
}
pub(super) use function;

/// What a backend knows the key of a cache by.
pub(super) fn name_of(cache: &Cache, key: &str) -> String {
    let key: Key = key
        .into_key(DEFAULT_VERSION)
        .expect("the suite uses no empty key");
    match cache.engine.remote() {
        Some(remote) => remote.key_name(&key),
        None => unreachable!("only caches on a backend are asked"),
    }
}

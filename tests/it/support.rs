//! What tests of interleavings need: futures polled by hand, a gate that bodies wait at, and a
//! watch that says how many callers got where. Only what waits for other processes pauses.

#[path = "../../cached-core/src/backend/tests/started.rs"]
#[allow(clippy::duplicate_mod)] // it stands on its own feet wherever it is included
mod started;

mod gate;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use cached_core::event::{Event, EventKind};
use cached_core::time::ManualClock;
use cached_core::{Builder, Cache, Error, ErrorKind};

pub(crate) use gate::Gate;
use gate::HANG;
#[cfg(feature = "servers")]
pub(crate) use started::said;
pub(crate) use started::until;
use started::{PATIENCE, pauses};

pub(crate) fn memory() -> Cache {
    Cache::memory().build().expect("the defaults are valid")
}

/// A cache whose time the test moves.
pub(crate) fn manual() -> (Cache, ManualClock) {
    let (builder, clock) = manual_builder();
    (builder.build().expect("the defaults are valid"), clock)
}

/// [`manual`], for further settings.
pub(crate) fn manual_builder() -> (Builder, ManualClock) {
    let clock = ManualClock::new();
    (Cache::memory().clock(clock.clone()), clock)
}

/// A future that the test polls by hand.
pub(crate) struct Task<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<'a, T> Task<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
        }
    }

    /// A future that has begun and waits.
    #[track_caller]
    pub(crate) fn waiting(future: impl Future<Output = T> + 'a) -> Self {
        let mut task = Self::new(future);
        task.waits();
        task
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    #[track_caller]
    pub(crate) fn waits(&mut self) {
        assert!(self.poll().is_pending(), "ended where it should wait");
    }

    #[track_caller]
    pub(crate) fn ends(&mut self) -> T {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("waits where it should end"),
        }
    }

    /// Ends because it was told to, not because somebody happened to poll it.
    #[track_caller]
    pub(crate) fn ends_woken(&mut self) -> T {
        assert!(self.take_wakes() > 0, "nobody woke it");
        self.ends()
    }

    /// How often it was woken since the last look.
    pub(crate) fn take_wakes(&self) -> usize {
        self.wakes.0.swap(0, Ordering::SeqCst)
    }
}

/// Sees the events of a cache, and waits for them.
#[derive(Clone)]
pub(crate) struct Watch(Arc<(Mutex<Vec<Event>>, Condvar)>);

impl Watch {
    pub(crate) fn of(cache: &Cache) -> Self {
        let seen = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let log = Arc::clone(&seen);
        cache.subscribe(move |event| {
            log.0
                .lock()
                .expect("no test panics under this lock")
                .push(event.clone());
            log.1.notify_all();
        });
        Self(seen)
    }

    pub(crate) fn count(&self, kind: EventKind) -> usize {
        let seen = self.0.0.lock().expect("no test panics under this lock");
        seen.iter().filter(|event| event.kind == kind).count()
    }

    /// Waits until there were so many of a kind.
    #[track_caller]
    pub(crate) fn await_count(&self, kind: EventKind, count: usize) {
        let seen = self.0.0.lock().expect("no test panics under this lock");
        let fewer =
            |seen: &mut Vec<Event>| seen.iter().filter(|event| event.kind == kind).count() < count;
        let (_passage, timeout) = self
            .0
            .1
            .wait_timeout_while(seen, HANG, fewer)
            .expect("see above");
        assert!(!timeout.timed_out(), "fewer than {count} {kind:?}");
    }
}

/// Runs a test that would hang if it failed.
#[track_caller]
pub(crate) fn finishes<R: Send + 'static>(test: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, ended) = mpsc::channel();
    let thread = std::thread::spawn(move || done.send(test()));
    match ended.recv_timeout(HANG) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(_) => unreachable!("a thread that did not panic has sent its result"),
        },
    }
}

/// Drops a future that has not ended after so many polls.
pub(crate) async fn cancel_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Runs tasks as a runtime does: polls those that were woken, until all have ended.
#[track_caller]
pub(crate) fn run_all<T>(mut tasks: Vec<Task<'_, T>>) -> Vec<T> {
    let mut outputs: Vec<Option<T>> = tasks.iter_mut().map(|task| output(task.poll())).collect();
    while outputs.iter().any(Option::is_none) {
        let waiting = tasks
            .iter_mut()
            .zip(&mut outputs)
            .filter(|(_, output)| output.is_none());
        let woken = waiting.filter(|(task, _)| task.take_wakes() > 0);
        let polled = woken.map(|(task, out)| *out = output(task.poll())).count();
        assert!(polled > 0, "somebody waits and nobody is woken");
    }
    outputs.into_iter().flatten().collect()
}

fn output<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Fails to compile where a future could not be spawned on a runtime with several threads.
pub(crate) fn sendable<F: Future + Send>(future: F) -> F {
    future
}

/// Counts how often a body ran.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<AtomicUsize>);

impl Runs {
    /// One more; the number of this run, from 1.
    pub(crate) fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::SeqCst) as i64 + 1
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts how often the body of one function ran, in a `static` beside it.
#[derive(Default)]
pub(crate) struct Tally(AtomicUsize);

impl Tally {
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// One more; the number of this run, from 1.
    pub(crate) fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) as u64 + 1
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A read of `key` whose body waits at the gate and returns the number of its run.
pub(crate) fn counted<'c>(
    cache: &'c Cache,
    key: &'static str,
    runs: &Runs,
    gate: &Gate,
) -> impl Future<Output = i64> + use<'c> {
    let (runs, gate) = (runs.clone(), gate.clone());
    let body = move || async move {
        let run = runs.next();
        gate.passed().await;
        run
    };
    async move {
        cache
            .get_or_set(key, 60, body)
            .await
            .expect("a valid key and TTL")
    }
}

/// What `k` holds.
pub(crate) fn stored(cache: &Cache) -> Option<i64> {
    cache.blocking().get("k").expect("a valid key")
}

pub(crate) type Checked = Result<(), Error>;

/// The error must be of a kind, and say what to do.
#[track_caller]
pub(crate) fn fails<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, says: &str) {
    let error = result.expect_err("it should fail");
    assert_eq!(error.kind(), kind);
    assert!(
        error.to_string().contains(says),
        "`{error}` should say `{says}`"
    );
}

/// [`until`] for what is asked with `await`.
#[track_caller]
pub(crate) fn until_async<Fut: Future<Output = bool>>(
    what: &str,
    holds: impl FnMut() -> Fut,
) -> impl Future<Output = ()> {
    let failure = format!("in vain: {what}, {}", std::panic::Location::caller());
    async move { assert!(comes_async(PATIENCE, holds).await, "{failure}") }
}

/// Asks until it holds; false if it does not in this time.
pub(crate) async fn comes_async<Fut: Future<Output = bool>>(
    within: Duration,
    mut holds: impl FnMut() -> Fut,
) -> bool {
    let mut pauses = pauses(within);
    while !holds().await {
        let Some(pause) = pauses.next() else {
            return false;
        };
        tokio::time::sleep(pause).await;
    }
    true
}

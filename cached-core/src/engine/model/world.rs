//! One cache, one source of truth, and callers that check what they are given.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use shuttle::thread;

use crate::backend::memory::Bounds;
use crate::engine::{Call, Config, Engine, Missed};
use crate::event::Outcome;
use crate::key::Key;
use crate::registry::Site;
use crate::time::{Clock, ManualClock, Ttl};
use crate::value::{AnyBackend, Outside, Shaped, Unshared, Whole};

pub(super) const TAG: &str = "tag";

static SITE: Site = Site::handle((module_path!(), file!(), line!()));

type ValueShape = Shaped<u64, Whole, Unshared, Outside, AnyBackend>;

/// What the threads of a model share.
pub(super) struct World {
    pub(super) engine: Arc<Engine>,
    /// What computations read.
    pub(super) source: AtomicU64,
    /// The version whose invalidation has completed.
    completed: AtomicU64,
    /// How many bodies run now, and the most that ever did.
    running: AtomicU64,
    pub(super) most: AtomicU64,
    /// How many bodies ever began.
    pub(super) begun: AtomicU64,
}

impl World {
    pub(super) fn new() -> Arc<Self> {
        let config = Config {
            clock: Clock::Manual(ManualClock::new()),
            bounds: Bounds {
                entries: 16,
                weight: None,
            },
            ..Config::default()
        };
        Arc::new(Self {
            engine: Engine::new(config).expect("a cache in memory"),
            source: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            running: AtomicU64::new(0),
            most: AtomicU64::new(0),
            begun: AtomicU64::new(0),
        })
    }

    pub(super) fn key(name: &str) -> Key {
        Key::logical(name, 1).expect("not empty")
    }

    pub(super) fn shape() -> ValueShape {
        Shaped::new(Whole, Unshared, Outside, AnyBackend)
    }

    pub(super) fn call(&self, name: &str) -> Call<'_> {
        let call = Call::with_key(&SITE, Ok(Self::key(name)));
        call.ttl(Ttl::FOREVER).on(&self.engine)
    }

    /// A call that found nothing.
    pub(super) fn missed(&self, name: &str) -> Missed<'_> {
        self.call(name).missed(vec![TAG.into()])
    }

    /// A sync read of `k`.
    pub(super) fn read(&self) -> (u64, Outcome) {
        let hit = self.call("k").hit(&Self::shape());
        hit.unwrap_or_else(|| self.missed("k").run(&Self::shape(), || self.compute()))
    }

    /// An async read of `k` whose body waits once.
    pub(super) async fn read_async(&self) -> (u64, Outcome) {
        if let Some(hit) = self.call("k").hit(&Self::shape()) {
            return hit;
        }
        let body = || async {
            let _body = Body::begin(self);
            let read = self.source.load(SeqCst);
            yield_once().await;
            read
        };
        self.missed("k").run_async(&Self::shape(), body).await
    }

    fn compute(&self) -> u64 {
        let _body = Body::begin(self);
        let read = self.source.load(SeqCst);
        thread::yield_now();
        read
    }

    /// A read that must not be older than what was completed before it began.
    pub(super) fn check(&self, read: impl FnOnce(&Self) -> u64) {
        let floor = self.completed.load(SeqCst);
        let seen = read(self);
        assert!(seen >= floor, "read {seen} after {floor} was completed");
    }

    /// Changes the source, then does what must be done about it.
    pub(super) fn write(&self, version: u64, invalidate: fn(&Engine)) {
        self.source.store(version, SeqCst);
        invalidate(&self.engine);
        self.completed.store(version, SeqCst);
    }
}

/// A body that runs.
struct Body<'w>(&'w World);

impl<'w> Body<'w> {
    fn begin(world: &'w World) -> Self {
        world.begun.fetch_add(1, SeqCst);
        let running = world.running.fetch_add(1, SeqCst) + 1;
        world.most.fetch_max(running, SeqCst);
        Self(world)
    }
}

impl Drop for Body<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

/// Pending once; whoever polls it is woken at once.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Drops a future that has not ended after so many polls.
pub(super) async fn cancel_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Some(Box::pin(future));
    let mut left = polls;
    let output = std::future::poll_fn(|cx| {
        let inner = future.as_mut().expect("polled after the end");
        left -= 1;
        match inner.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    let output = pin!(output).await;
    drop(future.take());
    output
}

/// Tries a model under two schedulers: blind chance, and chance that is good at finding bugs of few
/// preemptions.
pub(super) fn try_all(model: fn()) {
    const TRIES: usize = 2000;
    // Fixed, so that a run can be repeated.
    const SEED: u64 = 7;
    let under = |scheduler: Box<dyn Scheduler + Send>| {
        let mut config = shuttle::Config::new();
        config.silence_warnings = true;
        config.failure_persistence = shuttle::FailurePersistence::None;
        shuttle::Runner::new(scheduler, config).run(model);
    };
    under(Box::new(RandomScheduler::new_from_seed(SEED, TRIES)));
    under(Box::new(PctScheduler::new_from_seed(SEED, 3, TRIES)));
}

/// Runs threads of a model to their end.
pub(super) fn run(threads: Vec<Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = threads.into_iter().map(thread::spawn).collect();
    for thread in threads {
        thread.join().expect("no thread of a model panics");
    }
}

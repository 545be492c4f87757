//! Who is told: subscribers, in place and at once; hooks, on a thread of their own.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::{Event, EventKind};

type Subscriber = Arc<dyn Fn(&Event) + Send + Sync>;

/// Functions that see every event of a cache, on the thread where it happens.
#[derive(Default)]
pub(crate) struct Subscribers {
    any: AtomicBool,
    all: RwLock<Vec<Subscriber>>,
}

impl Subscribers {
    pub(crate) fn add(&self, subscriber: Subscriber) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.push(subscriber);
        self.any.store(true, Ordering::Release);
    }

    /// Whether anybody listens.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Builds the event and tells everybody; free while nobody subscribed. Never call it under a
    /// lock of the engine: subscribers may call the cache.
    #[inline]
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.any() {
            self.tell_all(&event());
        }
    }

    #[cold]
    fn tell_all(&self, event: &Event) {
        for subscriber in self.all() {
            // A panic here would leave an invalidation half done.
            let call = AssertUnwindSafe(|| subscriber(event));
            let _ = catch_unwind(call);
        }
    }

    /// A copy, so that subscribers run outside of the lock and may subscribe others.
    fn all(&self) -> Vec<Subscriber> {
        self.all
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Subscribers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribers").finish_non_exhaustive()
    }
}

/// How many invalidations may wait for slow hooks; beyond it they are dropped and counted.
const QUEUE: usize = 1024;

type Hook = Box<dyn Fn(&Event) + Send>;

/// `on_invalidate` hooks: each runs on its own thread behind a bounded queue, so that a mutator
/// never waits for one.
#[derive(Default)]
pub(crate) struct Hooks {
    any: AtomicBool,
    queues: Mutex<Vec<SyncSender<Event>>>,
    dropped: AtomicU64,
}

impl Hooks {
    /// Starts a hook; it ends with the cache. Errs where the OS refuses a thread.
    pub(crate) fn add(&self, hook: Hook) -> std::io::Result<()> {
        let (sender, receiver) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("cached-hook".into())
            .spawn(move || run(&hook, &receiver))?;
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.push(sender);
        self.any.store(true, Ordering::Release);
        Ok(())
    }

    /// Queues an invalidation for every hook; a full queue drops it.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let event = event();
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        for queue in queues.iter() {
            if queue.try_send(event.clone()).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many events no hook saw because its queue was full.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn run(hook: &Hook, events: &Receiver<Event>) {
    for event in events {
        // A hook that panics loses that event, not the hook.
        let call = AssertUnwindSafe(|| hook(&event));
        let _ = catch_unwind(call);
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl Event {
    pub(crate) fn new(
        kind: EventKind,
        function: Option<&'static str>,
        key: impl Into<String>,
    ) -> Self {
        let key = key.into();
        Self {
            kind,
            function,
            key,
        }
    }
}

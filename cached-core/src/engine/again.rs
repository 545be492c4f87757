//! Invalidations that are repeated a while after their mutator was dropped, because its write may
//! still land.
//!
//! They are due by the clock of their cache. The system clock's timer only hands them on, to a
//! thread of their own: an invalidation runs subscribers and drops values, and whatever those wait
//! for may need the timer. A clock that a test moves runs them before it returns.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use super::armed::{Target, fire_and_owe};
use crate::event::report;
use crate::time::{Alarm, Clock};

/// Targets that wait to be invalidated once more.
struct Again {
    targets: Vec<Target>,
    clock: Clock,
    alarm: Mutex<Option<Alarm>>,
}

static PENDING: AtomicUsize = AtomicUsize::new(0);

/// Beyond so many pending repetitions none is added: the first invalidation stands alone then.
const MAX_PENDING: usize = 65_536;

/// Invalidates the targets once more, so many milliseconds from now.
pub(super) fn schedule(targets: Vec<Target>, millis: u64) {
    let Some(clock) = targets.first().map(|target| target.engine.clock.clone()) else {
        return;
    };
    if PENDING.fetch_add(1, Ordering::Relaxed) >= MAX_PENDING {
        PENDING.fetch_sub(1, Ordering::Relaxed);
        static REPORTED: AtomicBool = AtomicBool::new(false);
        if !REPORTED.swap(true, Ordering::Relaxed) {
            report("too many repeated invalidations are pending; some are left out");
        }
        return;
    }
    let deadline = clock.now().saturating_add(millis);
    let again = Arc::new(Again {
        targets,
        clock: clock.clone(),
        alarm: Mutex::default(),
    });
    let alarm = clock.alarm(deadline, Waker::from(Arc::clone(&again)));
    *lock(&again.alarm) = Some(alarm);
}

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        // The alarm holds this; letting go of it ends the circle.
        let alarm = lock(&self.alarm).take();
        drop(alarm);
        match self.clock {
            Clock::System => deliver(self),
            Clock::Manual(_) => self.fire(),
        }
    }
}

impl Again {
    fn fire(&self) {
        PENDING.fetch_sub(1, Ordering::Relaxed);
        fire_and_owe(&self.targets);
    }
}

#[derive(Default)]
struct Due {
    queue: VecDeque<Arc<Again>>,
    served: bool,
}

static DUE: Mutex<Option<Due>> = Mutex::new(None);

/// Hands it to the thread that serves what is due; one is started where there is none, and ends
/// when nothing is left.
fn deliver(again: Arc<Again>) {
    let mut due = lock(&DUE);
    let due = due.get_or_insert_default();
    due.queue.push_back(again);
    if !due.served {
        let served = std::thread::Builder::new()
            .name("cached-again".into())
            .spawn(serve);
        // Where the OS refuses a thread, the next one that is due tries again.
        due.served = served.is_ok();
    }
}

fn serve() {
    while let Some(again) = next() {
        again.fire();
    }
}

fn next() -> Option<Arc<Again>> {
    let mut due = lock(&DUE);
    let due = due.as_mut()?;
    let next = due.queue.pop_front();
    due.served = next.is_some();
    next
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

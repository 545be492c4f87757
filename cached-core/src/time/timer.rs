//! Alarms: who is to be woken when. One ordered set per clock, so that waiting works on any
//! runtime and on none.
//!
//! The system clock's set is watched by one thread that the first alarm starts and that ends when
//! the last one is gone.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Clock, Millis};
use crate::sync::wake;

/// A set of armed alarms, ordered by deadline.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    set: Mutex<Set>,
}

#[derive(Debug, Default)]
struct Set {
    armed: BTreeMap<(Millis, u64), Waker>,
    next: u64,
    watched: bool,
    /// When the watcher looks again at the latest.
    next_look: Millis,
}

impl Alarms {
    fn lock(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everything that is due. Wakers run after the lock is released.
    pub(super) fn fire(&self, now: Millis) {
        let due = {
            let mut set = self.lock();
            let later = set.armed.split_off(&(now.saturating_add(1), 0));
            std::mem::replace(&mut set.armed, later)
        };
        due.into_values().for_each(wake);
    }
}

/// An armed alarm; dropping it disarms it.
#[derive(Debug)]
pub(crate) struct Alarm {
    alarms: Arc<Alarms>,
    id: (Millis, u64),
}

impl Alarm {
    pub(super) fn set(alarms: &Arc<Alarms>, deadline: Millis, waker: Waker) -> Self {
        let mut set = alarms.lock();
        set.next += 1;
        let id = (deadline, set.next);
        set.armed.insert(id, waker);
        drop(set);
        Self {
            alarms: Arc::clone(alarms),
            id,
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // The waker may be the last owner of a task: drop it outside the lock.
        let waker = self.alarms.lock().armed.remove(&self.id);
        drop(waker);
    }
}

/// Alarms with a thread that watches them while there are any.
#[derive(Debug)]
pub(super) struct ThreadedAlarms {
    alarms: Arc<Alarms>,
    changed: Condvar,
    now: fn() -> Millis,
}

impl ThreadedAlarms {
    pub(super) fn new(now: fn() -> Millis) -> Arc<Self> {
        Arc::new(Self {
            alarms: Arc::default(),
            changed: Condvar::new(),
            now,
        })
    }

    pub(super) fn set(self: &Arc<Self>, deadline: Millis, waker: Waker) -> Alarm {
        let alarm = Alarm::set(&self.alarms, deadline, waker);
        let mut set = self.alarms.lock();
        if !set.watched {
            set.watched = self.spawn_watcher();
        }
        // Only a deadline before the watcher's next look is news to it. Most are not, and most
        // alarms are disarmed long before it looks.
        let sooner = deadline < set.next_look;
        drop(set);
        if sooner {
            self.changed.notify_one();
        }
        alarm
    }

    /// Whether a watcher could be started; without one the next alarm tries again.
    fn spawn_watcher(self: &Arc<Self>) -> bool {
        let this = Arc::clone(self);
        std::thread::Builder::new()
            .name("cached-timer".into())
            .spawn(move || this.watch())
            .is_ok()
    }

    fn watch(&self) {
        loop {
            self.alarms.fire((self.now)());
            let mut set = self.alarms.lock();
            let Some(&(deadline, _)) = set.armed.keys().next() else {
                set.watched = false;
                return;
            };
            set.next_look = deadline;
            let wait = deadline.saturating_sub((self.now)()).max(1);
            let _ = self.changed.wait_timeout(set, Duration::from_millis(wait));
        }
    }
}

/// Ready at its deadline.
#[derive(Debug)]
pub(crate) struct Sleep {
    clock: Clock,
    deadline: Millis,
    alarm: Option<Alarm>,
}

impl Sleep {
    pub(super) fn new(clock: Clock, deadline: Millis) -> Self {
        Self {
            clock,
            deadline,
            alarm: None,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Arm before looking at the time: a clock that moves in between fires the alarm.
        self.alarm = Some(self.clock.alarm(self.deadline, cx.waker().clone()));
        if self.clock.now() < self.deadline {
            return Poll::Pending;
        }
        self.alarm = None;
        Poll::Ready(())
    }
}

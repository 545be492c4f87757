//! What a server tells unasked: that a key has changed which somebody waits for, or has read and
//! keeps.
//!
//! Tracking is opt-in (`CLIENT TRACKING ON OPTIN`): only the reads that [`Waiters`] stand behind,
//! and those of the first of two tiers, are tracked, so that other hits cost the server no memory
//! and this process no messages.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;

use super::lost::Lost;
use super::scope::Scope;
use super::server::Company;
use crate::backend::port::Watchers;

/// Keys that can be waited for at a time; whoever comes beyond has to poll.
const MOST: usize = 10_000;

/// Who waits for which key. Outlives connections; a connection's end is the link's business.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<HashMap<String, Waited>>);

#[derive(Debug, Default)]
struct Waited {
    bell: Arc<Notify>,
    waiting: usize,
}

/// A place among the waiters of one key, given up on drop.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    waiters: &'a Waiters,
    key: String,
    bell: Arc<Notify>,
}

impl Waiters {
    /// A place for this (scoped) key, unless there are too many.
    pub(super) fn register(&self, key: String) -> Option<Ticket<'_>> {
        let mut keys = self.lock();
        if keys.len() >= MOST && !keys.contains_key(&key) {
            return None;
        }
        let waited = keys.entry(key.clone()).or_default();
        waited.waiting += 1;
        let bell = Arc::clone(&waited.bell);
        Some(Ticket {
            waiters: self,
            key,
            bell,
        })
    }

    /// How many keys are waited for.
    #[cfg(all(test, feature = "servers"))]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Reads an `invalidate` message: the keys that changed, or nil for all of them.
    fn invalidated(&self, data: &[Value]) {
        // A waker may run anything, so the bells are rung without the lock.
        let bells: Vec<_> = {
            let keys = self.lock();
            let bell = |waited: &Waited| Arc::clone(&waited.bell);
            match data.first() {
                Some(Value::Array(changed)) => {
                    let changed = changed.iter().filter_map(key_of);
                    changed.filter_map(|key| keys.get(key)).map(bell).collect()
                }
                // A flush, or a form that is not known yet: a look too many does no harm.
                _ => keys.values().map(bell).collect(),
            }
        };
        bells.iter().for_each(|bell| bell.notify_waiters());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Waited>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

impl Ticket<'_> {
    /// The key, as the server knows it.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Rings at the first change that is pushed after this call.
    pub(super) fn bell(&self) -> tokio::sync::futures::Notified<'_> {
        self.bell.notified()
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut keys = self.waiters.lock();
        // Another connection's tickets of the same key share the entry.
        if let Entry::Occupied(mut entry) = keys.entry(std::mem::take(&mut self.key)) {
            entry.get_mut().waiting -= 1;
            if entry.get().waiting == 0 {
                entry.remove();
            }
        }
    }
}

/// What the driver of one connection hands its messages to.
///
/// The driver owns it, so that its drop says that the connection is over, however it ended.
#[derive(Debug)]
pub(super) struct Pushes {
    pub(super) waiters: Arc<Waiters>,
    pub(super) watchers: Arc<Watchers>,
    pub(super) company: Company,
    pub(super) lost: Arc<Lost>,
}

impl Pushes {
    /// Of a connection that nothing is kept of.
    pub(super) fn unheard(lost: Arc<Lost>) -> Self {
        Self {
            waiters: Arc::default(),
            watchers: Arc::default(),
            company: Company::Alone,
            lost,
        }
    }

    /// Tells those who keep what they have read: see [`Waiters::invalidated`].
    fn tell_watchers(&self, data: &[Value]) {
        match data.first() {
            Some(Value::Array(changed)) => {
                let keys = changed.iter().filter_map(key_of);
                let plain = keys.filter_map(|key| Scope::plain(self.company, key));
                plain.for_each(|key| self.watchers.changed(key));
            }
            _ => self.watchers.missed(),
        }
    }
}

impl AsyncPushSender for Pushes {
    fn send(&self, message: PushInfo) -> Result<(), SendError> {
        match message.kind {
            PushKind::Invalidate => {
                self.waiters.invalidated(&message.data);
                self.tell_watchers(&message.data);
            }
            PushKind::Disconnection => self.lost.declare(),
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Pushes {
    fn drop(&mut self) {
        self.lost.declare();
    }
}

//! The entries of one function on a cache that is shared between processes.

use std::sync::Arc;

use super::PlainEntry;
use crate::codec::{Kind, Opened, Unreadable};
use crate::engine::remote::{Incoming, Remote};
use crate::engine::{Engine, Hidden};
use crate::entry::{Parted, Payload};
use crate::event::{Counter, EventKind, count};
use crate::key::Key;
use crate::time::Ttl;

/// An entry with the backend it is in.
pub(super) struct SharedEntry<'e, R> {
    entry: &'e PlainEntry<R>,
    engine: Arc<Engine>,
    remote: Arc<Remote>,
    key: Key,
    tags: Vec<Box<str>>,
}

impl<R> PlainEntry<R> {
    /// The entry on a backend that other processes use too; `None` in memory.
    pub(super) fn shared(&self) -> Option<SharedEntry<'_, R>> {
        let engine = self.engine()?;
        let remote = engine.remote().filter(|_| engine.shares(&*self.shape))?;
        let remote = Arc::clone(remote);
        let (engine, key) = self.place()?;
        Some(SharedEntry {
            tags: self.tags(&key),
            entry: self,
            engine,
            remote,
            key,
        })
    }
}

impl<R> SharedEntry<'_, R> {
    pub(super) async fn read(self) -> Option<R> {
        let (schema, hidden) = (self.entry.site.policy.schema, Hidden::here());
        if hidden.key(&self.key) {
            return None;
        }
        let read = |opened: &Opened<'_>| {
            if hidden.entry(opened.stamps().map(|stamp| stamp.id)) {
                return Err(Unreadable::Foreign);
            }
            self.entry.shape.decode(opened, &self.remote.codec, schema)
        };
        let (site, shape) = (self.entry.site, &*self.entry.shape);
        let oldest = self.engine.readable(site, self.entry.ttl)?;
        let keep = hidden
            .nothing()
            .then(|| self.engine.keep_of(site))
            .flatten();
        if keep.is_some()
            && hidden.sees_near()
            && let Some(near) = self.engine.near(&self.key, site, shape, oldest.0)
        {
            self.tell_hit();
            return Some(near);
        }
        // A fault of the backend is a miss here as everywhere.
        let found = self
            .remote
            .get_no_older(&self.key, keep, oldest, read)
            .await
            .ok()
            .flatten()?;
        self.tell_hit();
        Some(self.engine.keep_found(&self.key, shape, found))
    }

    /// As in memory.
    fn tell_hit(&self) {
        let site = self.entry.site;
        count(site.number(), Counter::Hit);
        self.engine.tell(EventKind::Hit, Some(site), &self.key);
    }

    pub(super) async fn write(self, returned: R) -> bool {
        let Some(incoming) = self.incoming(returned) else {
            return false;
        };
        self.engine.detach(&self.key);
        let written = self.remote.set(&self.key, incoming).await;
        self.engine.detach(&self.key);
        if written.is_ok() {
            self.engine
                .tell(EventKind::Written, Some(self.entry.site), &self.key);
        }
        written.is_ok()
    }

    fn incoming(&self, returned: R) -> Option<Incoming<'_>> {
        let site = self.entry.site;
        let (encoded, ttl): (_, Ttl) = match self.entry.shape.part(returned) {
            Parted::Failed(..) => return None,
            Parted::Value(Payload::Absent) => (None, site.policy.ttl_none?),
            Parted::Value(Payload::Value(value)) => {
                let shape = &self.entry.shape;
                let encoded = shape.encode(&value, &self.remote.codec, site.policy.schema);
                (Some(encoded.ok()?), self.entry.ttl)
            }
        };
        let lifetime = ttl.resolve(self.engine.default_ttl()).ok()?;
        (!lifetime.is_zero()).then_some(Incoming {
            encoded,
            lifetime,
            site: Some(site),
            tags: &self.tags,
        })
    }

    pub(super) async fn make_stale(self) -> bool {
        let was_live = self.remote.expire(&self.key).await;
        self.engine
            .tell(EventKind::Expired, Some(self.entry.site), &self.key);
        was_live.unwrap_or(false)
    }

    pub(super) async fn holds(self) -> bool {
        let found = self.remote.get(&self.key, None, |opened| Ok(opened.kind()));
        let found = found.await.ok().flatten();
        found.is_some_and(|found| matches!(found.value, Kind::Value | Kind::Absent))
    }
}

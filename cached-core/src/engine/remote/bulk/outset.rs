//! The first question of a batch, for all of its items.
//!
//! A call is large, and a miss has a state of its own, a place among the flights and a frame; a hit
//! needs none of them, and most items of most batches are hits. So where nothing surrounds the batch
//! its items are no more than places until the backend was asked, and what it has is taken at once.
//! An item that it does not have becomes a call again, and is decided upon like any other, with this
//! answer as its first.

use std::sync::Arc;

use super::{Answer, Bulk, complete, look};
use crate::engine::call::{Call, Missed};
use crate::engine::remote::look::Seen;
use crate::engine::remote::place::{Needs, Place};
use crate::engine::remote::{Keep, Remote};
use crate::engine::{Engine, context, home};
use crate::entry::Shape;
use crate::event::{Counter, EventKind, count};
use crate::key::{Edition, Key};
use crate::registry::Site;
use crate::time::Ttl;

/// Where the items of a batch are, before anything is known of them.
pub(in crate::engine) struct Outset {
    remote: Arc<Remote>,
    engine: Arc<Engine>,
    site: &'static Site,
    /// What an entry of the function depends on that carries no tags.
    needs: Needs,
    keep: Option<Keep>,
    items: Vec<Item>,
}

struct Item {
    at: usize,
    ttl: Ttl,
    edition: Edition,
    /// How much of the place's name stands before the text of the key.
    before: usize,
    tags: Vec<Box<str>>,
    place: Place,
}

/// An item that is to be decided upon: where it is, and what the backend said of it.
pub(in crate::engine) struct Left<'c> {
    at: usize,
    missed: Missed<'c>,
    place: Option<Place>,
    answer: Option<Answer>,
}

impl Outset {
    /// For a batch with this call among so many; `None` if nothing is to be asked, or each item is to
    /// be decided upon first.
    pub(in crate::engine) fn of<S: Shape>(
        call: &Call<'_>,
        shape: &S,
        items: usize,
    ) -> Option<Self> {
        let site = call.site;
        let is_local = || home::usual(site).is_some_and(|engine| engine.is_local());
        if !context::is_plain() || !call.names_its_cache() && is_local() {
            return None;
        }
        let engine = call.resolve()?;
        let remote = engine.remote().filter(|_| shape.travels())?;
        let plain = call.served
            && !shape.is_disguised()
            && engine.identity.is_none()
            && !engine.overrides.turn_off(site)
            && !site.has_namesake();
        plain.then(|| Self {
            remote: Arc::clone(remote),
            needs: remote.needs(Some(site), &[]),
            keep: engine.keep_of(site),
            items: Vec::with_capacity(items),
            engine: Arc::clone(&engine),
            site,
        })
    }

    pub(in crate::engine) fn remote(&self) -> &Arc<Remote> {
        &self.remote
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether a value may be in this process.
    pub(in crate::engine) fn is_near(&self) -> bool {
        self.keep.is_some()
    }

    /// Takes an item, and its tags; `false` if it has no key, or its name does not tell it.
    pub(in crate::engine) fn push(
        &mut self,
        at: usize,
        call: &Call<'_>,
        tags: &mut Vec<Box<str>>,
    ) -> bool {
        let Ok(key) = call.key.key() else {
            return false;
        };
        let place = match tags.is_empty() {
            true => self.remote.place_with(key, Arc::clone(&self.needs)),
            false => self.remote.place(key, Some(self.site), tags),
        };
        let Some(before) = place.name.as_bytes().strip_suffix(key.as_bytes()) else {
            return false;
        };
        let before = before.len();
        self.items.push(Item {
            at,
            ttl: call.ttl,
            edition: key.edition(),
            before,
            tags: std::mem::take(tags),
            place: place.kept(self.keep),
        });
        true
    }

    /// Takes the values that the backend has; what is left.
    pub(in crate::engine) async fn take<'c, S: Shape, E>(
        mut self,
        shape: &S,
        mut found: impl FnMut(usize, S::Return) -> Result<(), E>,
    ) -> Result<Vec<Left<'c>>, E> {
        let mut items = std::mem::take(&mut self.items);
        let places: Vec<&Place> = items.iter().map(|item| &item.place).collect();
        let mut answers = look(&self.remote, &places).await;
        let mut missed = Vec::with_capacity(items.len());
        for (item, answer) in items.iter().zip(&answers) {
            let value = self.hit(item, answer, shape);
            missed.push(value.is_none());
            value.map_or(Ok(()), |value| found(item.at, value))?;
        }
        // Only what is left is moved, for it is large.
        let (mut item, mut answer) = (missed.iter(), missed.iter());
        items.retain(|_| item.next() == Some(&true));
        answers.retain(|_| answer.next() == Some(&true));
        let places: Vec<&Place> = items.iter().map(|item| &item.place).collect();
        complete(&self.remote, &places, &mut answers).await;
        let mut left = Vec::with_capacity(items.len());
        for (item, answer) in items.into_iter().zip(answers) {
            match self.hit(&item, &answer, shape) {
                Some(value) => found(item.at, value)?,
                None => left.push(self.left(item, answer)),
            }
        }
        Ok(left)
    }

    /// The value that the backend has, as a hit.
    fn hit<S: Shape + ?Sized>(
        &self,
        item: &Item,
        Answer(raw): &Answer,
        shape: &S,
    ) -> Option<S::Return> {
        let (raw, engine) = (raw.as_ref()?, &self.engine);
        let call = (self.site, item.ttl);
        // What cannot be read is counted when the item is decided upon.
        let Seen::Hit(value) = raw.read_for(call, engine, &self.remote, shape, |_| {}) else {
            return None;
        };
        self.remote.odds.learn(self.site.number(), true);
        count(self.site.number(), Counter::Hit);
        if raw.load.is_none() && !engine.subscribers.any() {
            return Some(value);
        }
        let key = item.key();
        engine.tell(EventKind::Hit, Some(self.site), &key);
        Some(engine.keep(&key, shape, (&item.place, raw), value))
    }

    /// An item as a call again.
    fn left<'c>(&self, item: Item, answer: Answer) -> Left<'c> {
        let call = Call::with_key(self.site, Ok(item.key()));
        Left {
            at: item.at,
            missed: Missed {
                call: call.ttl(item.ttl),
                engine: Some(Arc::clone(&self.engine)),
                tags: item.tags,
            },
            place: Some(item.place),
            answer: Some(answer),
        }
    }
}

impl Item {
    /// The key, which is the end of its name.
    fn key(&self) -> Key {
        Key::restored(&self.place.name[self.before..], self.edition)
    }
}

impl<'c> Left<'c> {
    /// An item of which nothing was asked.
    pub(in crate::engine) fn unasked(remote: &Remote, (at, missed): (usize, Missed<'c>)) -> Self {
        Self {
            at,
            place: missed.place(remote),
            missed,
            answer: None,
        }
    }
}

impl Bulk {
    /// What is left of a batch, in the order of the call.
    pub(in crate::engine) fn of(
        remote: Arc<Remote>,
        mut left: Vec<Left<'_>>,
    ) -> (Vec<(usize, Missed<'_>)>, Self) {
        left.sort_unstable_by_key(|left| left.at);
        let mut bulk = Self {
            remote,
            places: Vec::with_capacity(left.len()),
            looks: vec![0; left.len()],
            answers: Vec::with_capacity(left.len()),
        };
        let missed = left.into_iter().map(|left| {
            bulk.places.push(left.place.map(Arc::new));
            bulk.answers.push(left.answer);
            (left.at, left.missed)
        });
        (missed.collect(), bulk)
    }
}

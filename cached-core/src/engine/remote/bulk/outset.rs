//! The first question of a batch, for all of its items.
//!
//! A miss has a state of its own, a place among the flights and a frame; a hit needs none of them,
//! and most items of most batches are hits. So where nothing surrounds the call the backend is asked
//! before anything is joined or led, and what it has is taken at once. An item that it does not have
//! is decided upon like any other, with this answer as its first.

use std::sync::Arc;

use super::{Answer, Bulk, ask};
use crate::engine::call::Missed;
use crate::engine::remote::Remote;
use crate::engine::remote::look::{Raw, Seen};
use crate::engine::remote::place::{Needs, Place};
use crate::engine::{Engine, context};
use crate::entry::Shape;

/// Where the items of a batch are, before anything is known of them.
pub(in crate::engine) struct Outset {
    remote: Arc<Remote>,
    engine: Arc<Engine>,
    places: Vec<Option<Place>>,
    /// Whether what is there may be taken as it is.
    plain: bool,
}

impl Outset {
    /// `None` if the values are kept in this process.
    pub(in crate::engine) fn of<S: Shape>(
        missed: &[(usize, Missed<'_>)],
        shape: &S,
    ) -> Option<Self> {
        let (_, first) = missed.first()?;
        let (engine, remote) = (first.engine.clone()?, first.remote_for(shape)?);
        let site = first.call.site;
        let plain = context::is_plain()
            && first.call.served
            && !shape.is_disguised()
            && !site.has_namesake()
            && !engine.overrides.turn_off(site);
        let needs = remote.needs(Some(site), &[]);
        let keep = engine.keep_of(site);
        let place = |(_, missed): &(usize, Missed<'_>)| {
            Some(missed.place_among(&remote, &needs)?.kept(keep))
        };
        Some(Self {
            places: missed.iter().map(place).collect(),
            plain,
            engine,
            remote,
        })
    }

    /// What the backend says of each item; nothing where the question has to wait.
    pub(in crate::engine) async fn ask(&self) -> Vec<Option<Answer>> {
        let places: Vec<&Place> = self.places.iter().flatten().collect();
        if !self.plain || places.len() < self.places.len() {
            return self.places.iter().map(|_| None).collect();
        }
        ask(&self.remote, &places)
            .await
            .into_iter()
            .map(Some)
            .collect()
    }

    /// Takes the values that are there; what is left, and where that is.
    pub(in crate::engine) fn take<'c, S: Shape, E>(
        self,
        mut missed: Vec<(usize, Missed<'c>)>,
        answers: Vec<Option<Answer>>,
        shape: &S,
        mut found: impl FnMut(usize, S::Return) -> Result<(), E>,
    ) -> Result<(Vec<(usize, Missed<'c>)>, Bulk), E> {
        let mut bulk = Bulk {
            remote: Arc::clone(&self.remote),
            places: Vec::new(),
            looks: Vec::new(),
            answers: Vec::new(),
        };
        let mut left = Vec::with_capacity(missed.len());
        let asked = self.places.into_iter().zip(answers);
        for ((at, missed), (place, answer)) in missed.iter().zip(asked) {
            let there = place.as_ref().zip(answer.as_ref());
            let there = there.and_then(|(place, answer)| Some((place, answer.0.as_ref()?)));
            let value = there.and_then(|at| missed.take(&self.engine, &self.remote, at, shape));
            left.push(value.is_none());
            match value {
                Some(value) => found(*at, value)?,
                None => bulk.push(place.map(Arc::new), answer),
            }
        }
        // A call is large: where it is found it stays until all go.
        let mut left = left.into_iter();
        missed.retain(|_| left.next().unwrap_or(true));
        Ok((missed, bulk))
    }
}

impl Missed<'_> {
    /// Where it is, with what entries of its function depend on that carry no tags.
    fn place_among(&self, remote: &Remote, needs: &Needs) -> Option<Place> {
        if !self.tags.is_empty() {
            return self.place(remote);
        }
        let key = self.call.key.key().ok()?;
        Some(remote.place_with(key, Arc::clone(needs)))
    }

    /// The value that the backend has, as a hit.
    fn take<S: Shape + ?Sized>(
        &self,
        engine: &Engine,
        remote: &Remote,
        (place, raw): (&Place, &Raw),
        shape: &S,
    ) -> Option<S::Return> {
        // What cannot be read is counted when the item is decided upon.
        let Seen::Hit(value) = raw.read_for(&self.call, engine, remote, shape, |_| {}) else {
            return None;
        };
        remote.odds.learn(self.call.site.number(), true);
        let key = self.call.key.key().ok()?;
        self.call.tell_hit(engine, key);
        Some(engine.keep(key, shape, (place, raw), value))
    }
}

//! Asking the backend for one key, and what its cell comes to for this reader.

use std::collections::HashMap;
use std::sync::Arc;

use super::Remote;
use super::l1::Load;
use super::name::{Meaning, StampId};
use super::place::Place;
use super::stamps::{as_stamp, stamp_of};
use crate::cell::{Cell, Token};
use crate::codec::{Kind, Opened, Stamp, Unreadable};
use crate::error::Error;
use crate::time::{Lifetime, Millis};

/// What stamps were there, and which were not.
type Tokens = [(StampId, Option<Token>)];

/// What was under the names of a [`Place`], and what time it was there.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(super) cell: Option<Cell>,
    /// Why the cell is no entry of its key, if it is none: checked once, when it comes.
    flaw: Option<Flaw>,
    /// The stamps of the place in their order.
    pub(super) stamps: Arc<Tokens>,
    /// Those that the entry carries beside them.
    more: Vec<(StampId, Option<Token>)>,
    now: Millis,
    /// The read, if what it found may be kept in this process.
    pub(super) load: Option<Load>,
    /// Whether changes of all that was read are told.
    pub(super) told: bool,
}

/// Why a cell is nobody's entry.
#[derive(Debug)]
enum Flaw {
    Bytes(Unreadable),
    /// A write of this process that was overtaken before it landed: it is about to be taken back.
    Stray,
}

/// What a cell comes to.
#[derive(Debug)]
pub(super) enum Seen<R> {
    Hit(R),
    Absent,
    /// Somebody computes; when that began and how long it took before, in milliseconds.
    Leased(Token, Expected),
    /// A cell that says nothing to this reader: outdated, of another type, damaged. Whoever names
    /// its token may replace it.
    Unusable(Token),
    /// Bytes of something else; nobody can name them.
    Garbage,
}

/// When a computation under way is likely to end, on the backend's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    pub(super) end: Millis,
    pub(super) now: Millis,
}

impl Remote {
    fn flaw(&self, cell: Option<&Cell>, place: &Place) -> Option<Flaw> {
        match self.codec.seal().open(cell?, place.hash) {
            Err(reason) => Some(Flaw::Bytes(reason)),
            Ok(opened) if opened.kind() == Kind::Lease => None,
            Ok(_) => {
                let token = cell.and_then(Cell::token)?;
                self.overtaken.contains(token).then_some(Flaw::Stray)
            }
        }
    }

    /// Reads the cell and its stamps: in one round trip, or two where the entry carries stamps
    /// that the place does not name.
    pub(super) async fn look(self: &Arc<Self>, place: &Place) -> Result<Raw, Error> {
        let mut raw = self.look_once(place).await?;
        self.complete(&mut raw, place).await?;
        Ok(raw)
    }

    async fn look_once(self: &Arc<Self>, place: &Place) -> Result<Raw, Error> {
        let now = self.now().await?;
        let load = place.keep.map(|keep| self.l1.begin(keep));
        let mut names = Vec::with_capacity(1 + place.stamps.len());
        names.push(place.name.as_str());
        names.extend(place.stamps.iter().map(|(_, name)| name.as_str()));
        let read = self.read_for(&names, load.is_some()).await?;
        let mut cells = read.cells.into_iter();
        let cell = cells.next().flatten();
        let ids = place.stamps.iter().map(|(id, _)| *id);
        Ok(Raw {
            flaw: self.flaw(cell.as_ref(), place),
            cell,
            stamps: ids.zip(cells.map(as_stamp)).collect(),
            more: Vec::new(),
            now,
            load,
            told: read.told,
        })
    }

    /// The stamps of a place, whose cell was asked for beside them.
    pub(super) async fn look_beside(
        self: &Arc<Self>,
        place: &Place,
        now: Millis,
    ) -> Result<Raw, Error> {
        let tokens = self.read_stamps(&place.stamps).await?;
        let ids = place.stamps.iter().map(|(id, _)| *id);
        Ok(Raw {
            stamps: ids.zip(tokens).collect(),
            ..Raw::unseen(Vec::new(), now)
        })
    }

    /// What is at several places, in one round trip: what carries stamps that its place does not
    /// name is not [complete](Self::complete_all). Stamps that several of them depend on are read
    /// once, so that all are judged by the same.
    pub(super) async fn look_at_all(
        self: &Arc<Self>,
        places: &[&Place],
    ) -> Result<Vec<Raw>, Error> {
        let now = self.now().await?;
        // All of them are kept, or none.
        let keep = places.first().and_then(|place| place.keep);
        let load = keep.map(|keep| self.l1.begin(keep));
        // Neighbours mostly depend on the same.
        let runs: Vec<&[&Place]> = places.chunk_by(Place::needs_the_same).collect();
        let stamps = runs.iter().flat_map(|run| run[0].stamps.iter());
        let mut stamps: Vec<(StampId, &str)> =
            stamps.map(|(id, name)| (*id, name.as_str())).collect();
        stamps.sort_unstable_by_key(|(id, _)| *id);
        stamps.dedup_by_key(|(id, _)| *id);
        let mut names: Vec<&str> = Vec::with_capacity(stamps.len() + places.len());
        names.extend(stamps.iter().map(|(_, name)| *name));
        names.extend(places.iter().map(|place| place.name.as_str()));
        let read = self.read_for(&names, load.is_some()).await?;
        let mut cells = read.cells.into_iter();
        let tokens = stamps.iter().zip(cells.by_ref().map(as_stamp));
        let tokens: Vec<(StampId, Option<Token>)> = tokens.map(|((id, _), t)| (*id, t)).collect();
        let token = |(id, _): &(StampId, String)| {
            let at = tokens.binary_search_by_key(id, |(known, _)| *known);
            (*id, at.ok().and_then(|at| tokens[at].1))
        };
        let mut raws = Vec::with_capacity(places.len());
        for run in runs {
            let stamps: Arc<Tokens> = run[0].stamps.iter().map(token).collect();
            let cells = run.iter().zip(cells.by_ref());
            raws.extend(cells.map(|(place, cell)| Raw {
                flaw: self.flaw(cell.as_ref(), place),
                cell,
                stamps: Arc::clone(&stamps),
                more: Vec::new(),
                now,
                load,
                told: read.told,
            }));
        }
        Ok(raws)
    }

    /// [`complete`](Self::complete) for several places.
    pub(super) async fn complete_all(
        self: &Arc<Self>,
        raws: &mut [(&mut Raw, &Place)],
    ) -> Result<(), Error> {
        let missing: Vec<Vec<StampId>> = raws.iter().map(|(raw, _)| raw.missing()).collect();
        let mut ids = missing.concat();
        ids.sort_unstable();
        ids.dedup();
        let watched = raws.iter().any(|(raw, _)| raw.load.is_some());
        let (stamps, told) = self.read_missing(ids, watched).await?;
        let stamps: HashMap<StampId, Option<Token>> = stamps.into_iter().collect();
        for ((raw, place), missing) in raws.iter_mut().zip(missing) {
            self.guesses.learn(place.guess, &missing);
            raw.told &= told || missing.is_empty();
            let token = |id| (id, stamps.get(&id).copied().flatten());
            raw.more.extend(missing.into_iter().map(token));
        }
        Ok(())
    }

    /// Reads the stamps that an entry carries beside those its reader knows.
    pub(super) async fn complete(
        self: &Arc<Self>,
        raw: &mut Raw,
        place: &Place,
    ) -> Result<(), Error> {
        let missing = raw.missing();
        self.guesses.learn(place.guess, &missing);
        let (stamps, told) = self.read_missing(missing, raw.load.is_some()).await?;
        raw.told &= told;
        raw.more.extend(stamps);
        Ok(())
    }

    /// These stamps, and whether their changes are told.
    async fn read_missing(
        self: &Arc<Self>,
        ids: Vec<StampId>,
        watched: bool,
    ) -> Result<(Vec<(StampId, Option<Token>)>, bool), Error> {
        if ids.is_empty() {
            return Ok((Vec::new(), true));
        }
        let names: Vec<String> = ids.iter().map(|id| self.names.stamp(*id)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let read = self.read_for(&names, watched).await?;
        let tokens = read.cells.into_iter().map(as_stamp);
        Ok((ids.into_iter().zip(tokens).collect(), read.told))
    }
}

impl Raw {
    /// Nothing but these stamps.
    pub(super) fn unseen(stamps: Vec<(StampId, Token)>, now: Millis) -> Self {
        let stamps = stamps.into_iter();
        Self {
            cell: None,
            flaw: None,
            stamps: stamps.map(|(id, token)| (id, Some(token))).collect(),
            more: Vec::new(),
            now,
            load: None,
            told: false,
        }
    }

    /// Whether both saw the same stamps.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        self.stamps().eq(other.stamps())
    }

    /// What is known of each stamp.
    fn stamps(&self) -> impl Iterator<Item = &(StampId, Option<Token>)> {
        self.stamps.iter().chain(&self.more)
    }

    pub(super) fn now(&self) -> Millis {
        self.now
    }

    /// What the cell comes to for a reader that takes what is no older than `ages` says of its
    /// kind; `read` decodes a value.
    pub(super) fn judge<R>(
        &self,
        ages: impl Fn(Kind) -> Lifetime,
        read: impl FnOnce(&Opened<'_>) -> Result<R, Unreadable>,
        unreadable: impl FnOnce(&Unreadable),
    ) -> Seen<R> {
        let Some(cell) = &self.cell else {
            return Seen::Absent;
        };
        let Some(token) = cell.token() else {
            unreadable(&Unreadable::Foreign);
            return Seen::Garbage;
        };
        let Some(opened) = self.opened() else {
            if let Some(Flaw::Bytes(reason)) = &self.flaw {
                unreadable(reason);
            }
            return Seen::Unusable(token);
        };
        if opened.kind() == Kind::Lease {
            // What that computation comes to will count for nothing: nobody waits for it.
            return match self.is_outdated(&opened) {
                true => Seen::Unusable(token),
                false => Seen::Leased(token, self.expected(&opened)),
            };
        }
        if !self.is_fresh(&opened, ages(opened.kind())) {
            return Seen::Unusable(token);
        }
        match read(&opened) {
            Ok(value) => Seen::Hit(value),
            Err(reason) => {
                unreadable(&reason);
                Seen::Unusable(token)
            }
        }
    }

    /// What the cell comes to for a reader that takes any age the writer allowed.
    pub(super) fn live<R>(
        &self,
        read: impl FnOnce(&Opened<'_>) -> Result<R, Unreadable>,
    ) -> Seen<R> {
        self.judge(|_| Lifetime::FOREVER, read, |_| {})
    }

    fn expected(&self, opened: &Opened<'_>) -> Expected {
        let cost = Millis::from(opened.compute_us() / 1000);
        Expected {
            end: opened.times().created.saturating_add(cost),
            now: self.now,
        }
    }

    /// The stamps that the entry carries and that were not asked for.
    fn missing(&self) -> Vec<StampId> {
        let opened = self.opened();
        // A lease is judged by the stamps that its reader knows.
        let opened = opened.filter(|opened| opened.kind() != Kind::Lease);
        let stamps = opened.iter().flat_map(Opened::stamps).enumerate();
        let missing = stamps.filter(|(at, stamp)| self.known(*at, stamp.id).is_none());
        missing.map(|(_, stamp)| stamp.id).collect()
    }

    /// How old the entry is, and how long it may still be served.
    pub(super) fn times(&self) -> Option<(Millis, Millis)> {
        let times = self.opened()?.times();
        let age = self.now.saturating_sub(times.created);
        Some((age, times.soft.min(times.hard).saturating_sub(self.now)))
    }

    /// The stamps that the entry depends on, as they are in it, and the entry itself where its name
    /// does not tell its key.
    pub(super) fn depends_on(&self, meaning: &Meaning) -> Option<Vec<(StampId, u64)>> {
        let opened = self.opened()?;
        let odd = match *meaning {
            Meaning::Odd(id) => Some((id, stamp_of(&self.cell.as_ref()?.token()?))),
            _ => None,
        };
        let stamps = opened.stamps().map(|stamp| (stamp.id, stamp.value));
        Some(stamps.chain(odd).collect())
    }

    /// What the entry depends on.
    pub(super) fn stamp_ids(&self) -> Vec<StampId> {
        let opened = self.opened();
        let stamps = opened.iter().flat_map(Opened::stamps);
        stamps.map(|stamp| stamp.id).collect()
    }

    /// The entry that is there, if it is intact.
    pub(super) fn opened(&self) -> Option<Opened<'_>> {
        let cell = self.cell.as_ref().filter(|_| self.flaw.is_none())?;
        Opened::unchecked(cell).ok()
    }

    /// The same with the cell that was found by other means.
    pub(super) fn with_cell(self, cell: Cell, remote: &Remote, place: &Place) -> Self {
        Self {
            flaw: remote.flaw(Some(&cell), place),
            cell: Some(cell),
            ..self
        }
    }

    /// How long it took to compute what is there, in microseconds; 0 if that is not known.
    pub(super) fn cost(&self) -> u32 {
        let opened = self.opened();
        opened.map_or(0, |opened| opened.compute_us())
    }

    fn is_fresh(&self, opened: &Opened<'_>, lifetime: Lifetime) -> bool {
        let times = opened.times();
        let young = self.now < times.soft
            && self.now < times.hard
            && self.now.saturating_sub(times.created) < lifetime.0;
        let mut stamps = opened.stamps().enumerate();
        young && stamps.all(|stamp| self.is_current(stamp) == Some(true))
    }

    /// Whether a stamp that is known here has changed since.
    fn is_outdated(&self, opened: &Opened<'_>) -> bool {
        let mut stamps = opened.stamps().enumerate();
        stamps.any(|stamp| self.is_current(stamp) == Some(false))
    }

    /// Whether the entry's stamp with this number is what it was; `None`: it was not asked for.
    fn is_current(&self, (at, Stamp { id, value }): (usize, Stamp)) -> Option<bool> {
        let token = self.known(at, id)?;
        Some(token.as_ref().map(stamp_of) == Some(value))
    }

    /// What is known of a stamp that is the entry's with this number.
    fn known(&self, at: usize, id: StampId) -> Option<&Option<Token>> {
        let is_it = |(known, _): &&(StampId, Option<Token>)| *known == id;
        // Most carry theirs in the order in which they are asked for.
        let there = self.stamps.get(at).filter(is_it);
        let known = there.or_else(|| self.stamps().find(is_it));
        known.map(|(_, token)| token)
    }

    /// The stamps that are there. Of those that are not, whoever is fastest decides.
    pub(super) fn present(&self) -> Vec<Stamp> {
        let present = self.stamps().filter_map(|(id, token)| {
            let value = stamp_of(token.as_ref()?);
            Some(Stamp { id: *id, value })
        });
        present.collect()
    }
}

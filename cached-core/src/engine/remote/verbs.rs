//! The explicit operations on a shared backend: what the low-level handle does to one key.
//!
//! A write replaces the cell, so it destroys any lease, as an invalidation does. A change (`incr`,
//! `touch`, `expire`) is a read followed by a fill that names the token it read, tried again where
//! somebody else was faster: within this process [in turn](super::turns).

use std::sync::Arc;
use std::time::Duration;

use super::call::by_kind;
use super::claim::Captured;
use super::guess::Guesses;
use super::landing::{Landing, named};
use super::look::{Raw, Seen};
use super::name::StampId;
use super::place::{Needs, Place};
use super::settle::{Sealing, stamps_of, times_from, ttl_of};
use super::{Keep, Remote};
use crate::backend::port::Acquired;
use crate::cell::Cell;
use crate::codec::{Encoded, Kind, Opened, Stamp, Times, Unreadable};
use crate::error::{Error, ErrorKind};
use crate::key::{Edition, Key};
use crate::registry::Site;
use crate::time::{Clock, Lifetime, Millis};

/// How often a change is tried again before the key counts as contended.
const TRIES: usize = 64;

/// A value that was there, and where.
pub(crate) struct Found<R> {
    pub(crate) value: R,
    pub(super) place: Place,
    pub(super) raw: Raw,
}

/// Where the keys of one question are, for a reader who does not know whose entries they are.
pub(crate) struct Reader<'r> {
    remote: &'r Remote,
    /// Whether what is read is wanted for this process.
    keep: Option<Keep>,
    /// What entries like the last one depend on.
    last: Option<(Option<StampId>, Needs)>,
}

impl Reader<'_> {
    pub(crate) fn place(&mut self, key: &Key) -> Place {
        self.place_of_text(key.text(), key.edition())
    }

    /// The same by the text and edition of the key.
    pub(crate) fn place_of_text(&mut self, text: &str, edition: Edition) -> Place {
        let guess = Guesses::at(text);
        let guessed = self.remote.guesses.of(guess);
        let needs = match &self.last {
            Some((id, needs)) if *id == guessed => Arc::clone(needs),
            _ => self.remote.needs_of(guessed),
        };
        self.last = Some((guessed, Arc::clone(&needs)));
        Place {
            guess: Some(guess),
            ..self
                .remote
                .place_of_text(text, edition, needs)
                .kept(self.keep)
        }
    }
}

/// A value on its way in.
#[derive(Debug, Clone)]
pub(crate) struct Incoming<'t> {
    /// `None`: the fact that there is none.
    pub(crate) encoded: Option<Encoded>,
    pub(crate) lifetime: Lifetime,
    /// The function whose entry it is.
    pub(crate) site: Option<&'static Site>,
    pub(crate) tags: &'t [Box<str>],
}

/// What [`Remote::change`] makes of a cell.
pub(crate) enum Change<R> {
    /// Nothing.
    Leave(R),
    /// Another cell, to live so long.
    Put(Cell, Option<Duration>, R),
}

impl Remote {
    /// Who reads keys. `keep` says whether what they hold is wanted for this process.
    pub(crate) fn reader(&self, keep: Option<Keep>) -> Reader<'_> {
        Reader {
            remote: self,
            keep,
            last: None,
        }
    }

    /// The value under a key, if it is live and of the type that `read` reads. `keep` says whether
    /// it is wanted for this process.
    pub(crate) async fn get<R>(
        self: &Arc<Self>,
        key: &Key,
        keep: Option<Keep>,
        read: impl FnOnce(&Opened<'_>) -> Result<R, Unreadable>,
    ) -> Result<Option<Found<R>>, Error> {
        let any = (Lifetime::FOREVER, Lifetime::FOREVER);
        self.get_no_older(key, keep, any, read).await
    }

    /// The same for a reader that takes a value, and the memory that there is none, no older than
    /// `oldest` says.
    pub(crate) async fn get_no_older<R>(
        self: &Arc<Self>,
        key: &Key,
        keep: Option<Keep>,
        oldest: (Lifetime, Lifetime),
        read: impl FnOnce(&Opened<'_>) -> Result<R, Unreadable>,
    ) -> Result<Option<Found<R>>, Error> {
        let place = self.reader(keep).place(key);
        let raw = self.look(&place).await?;
        Ok(match raw.judge(by_kind(oldest), read, |_| {}) {
            Seen::Hit(value) => Some(Found { value, place, raw }),
            _ => None,
        })
    }

    /// The values at several places and what was there, in one round trip where they carry no stamps
    /// beside those that were asked for.
    pub(crate) async fn get_many<R>(
        self: &Arc<Self>,
        places: &[Place],
        read: impl Fn(&Opened<'_>) -> Result<R, Unreadable>,
    ) -> Result<(Vec<Option<R>>, Vec<Raw>), Error> {
        if places.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let at: Vec<&Place> = places.iter().collect();
        let mut raws = self.look_at_all(&at).await?;
        let value = |raw: &Raw| match raw.live(&read) {
            Seen::Hit(value) => Some(value),
            _ => None,
        };
        // Most carry no others, and are opened once.
        let mut values: Vec<Option<R>> = raws.iter().map(value).collect();
        let looked = values.iter_mut().zip(raws.iter_mut().zip(at));
        let unread = looked.filter(|(value, (raw, _))| value.is_none() && raw.cell.is_some());
        let (found, mut unread): (Vec<_>, Vec<_>) = unread.unzip();
        self.complete_all(&mut unread).await?;
        for (found, (raw, _)) in found.into_iter().zip(unread) {
            *found = value(raw);
        }
        Ok((values, raws))
    }

    /// Whether a live value is under the key.
    pub(crate) async fn contains(self: &Arc<Self>, key: &Key) -> Result<bool, Error> {
        let found = self.get(key, None, |opened| Ok(opened.kind() == Kind::Value));
        Ok(found.await?.is_some_and(|found| found.value))
    }

    /// Replaces whatever is there.
    pub(crate) async fn set(self: &Arc<Self>, key: &Key, new: Incoming<'_>) -> Result<(), Error> {
        let place = self.place(key, new.site, new.tags);
        let captured = self.capture_now(&place).await?;
        let cell = self.cell_of(&place, &captured, &new).await?;
        let ttl = ttl_of(new.lifetime);
        let _told = self.telling([place.name.as_str()]);
        self.write(&place, cell, ttl).await
    }

    /// Puts a cell there, whatever is there.
    pub(super) async fn write(
        self: &Arc<Self>,
        place: &Place,
        cell: Cell,
        ttl: Option<Duration>,
    ) -> Result<(), Error> {
        let (remote, name) = (Arc::clone(self), place.name.to_string());
        let put = named([(place, &cell)]);
        let write = async move {
            remote.overtake([name.as_str()]);
            remote.backend.write(&name, &cell, ttl).await
        };
        let writing = Landing::of_values(self, put, write);
        self.ask(self.limits.operation, writing).await
    }

    /// Puts a value where no live one is. Whether it was put.
    pub(crate) async fn add(self: &Arc<Self>, key: &Key, new: Incoming<'_>) -> Result<bool, Error> {
        let place = self.place(key, new.site, new.tags);
        let captured = self.capture_now(&place).await?;
        let cell = self.cell_of(&place, &captured, &new).await?;
        let ttl = ttl_of(new.lifetime);
        self.change(&place, |seen, _| match seen {
            Seen::Hit(Kind::Value) => Change::Leave(false),
            _ => Change::Put(cell.clone(), ttl, true),
        })
        .await
    }

    /// The present stamps of a place, whatever is there.
    pub(super) async fn capture_now(self: &Arc<Self>, place: &Place) -> Result<Captured, Error> {
        self.owes_none_of([&place.name])?;
        let raw = self.look_beside(place, self.now().await?).await?;
        self.capture(place, &raw).await
    }

    async fn cell_of(
        self: &Arc<Self>,
        place: &Place,
        captured: &Captured,
        new: &Incoming<'_>,
    ) -> Result<Cell, Error> {
        let now = self.now().await?;
        let sealing = Sealing {
            times: times_from(now, new.lifetime),
            stamps: &stamps_of(captured),
            compute_us: 0,
        };
        self.seal_value(place, &sealing, new.encoded.as_ref())
    }

    /// Removes what is there. Whether a live value was.
    pub(crate) async fn delete(self: &Arc<Self>, key: &Key) -> Result<bool, Error> {
        let was_there = self.contains(key).await;
        self.invalidate(vec![self.key_name(key)]).await?;
        was_there
    }

    /// Gives a live value a new lifetime from now. Whether there was one.
    pub(crate) async fn touch(
        self: &Arc<Self>,
        key: &Key,
        lifetime: Lifetime,
    ) -> Result<bool, Error> {
        let times = |now, _| (times_from(now, lifetime), ttl_of(lifetime));
        self.retime(key, times).await
    }

    /// Makes a live value stale. Whether there was one.
    pub(crate) async fn expire(self: &Arc<Self>, key: &Key) -> Result<bool, Error> {
        self.retime(key, |now, times| {
            let left = ttl_of(Lifetime(left(times.hard, now)));
            (Times { soft: now, ..times }, left)
        })
        .await
    }

    async fn retime(
        self: &Arc<Self>,
        key: &Key,
        times: impl Fn(Millis, Times) -> (Times, Option<Duration>),
    ) -> Result<bool, Error> {
        let place = self.place(key, None, &[]);
        self.change(&place, |seen, raw| {
            let retimed = matches!(seen, Seen::Hit(Kind::Value))
                .then(|| raw.cell.as_ref().zip(raw.opened()))
                .flatten()
                .and_then(|(cell, opened)| {
                    let (times, ttl) = times(raw.now(), opened.times());
                    Some((self.codec.seal().with_times(cell, place.hash, times)?, ttl))
                });
            match retimed {
                Some((cell, ttl)) => Change::Put(cell, ttl, true),
                None => Change::Leave(false),
            }
        })
        .await
    }

    /// Adds to a counter in one step. `read` reads one, `write` encodes one; what `read` gives is
    /// `None` for another type.
    pub(crate) async fn update<R>(
        self: &Arc<Self>,
        key: &Key,
        read: impl Fn(&Opened<'_>) -> Option<i64>,
        step: impl Fn(Option<Option<i64>>) -> Result<(Encoded, R), Error>,
    ) -> Result<R, Error> {
        let place = self.place(key, None, &[]);
        let captured = self.capture_now(&place).await?;
        let now = self.now().await?;
        self.change(&place, |seen, raw| {
            let old = matches!(seen, Seen::Hit(Kind::Value))
                .then(|| raw.opened())
                .flatten();
            let (encoded, answer) = match step(old.as_ref().map(&read)) {
                Ok(stepped) => stepped,
                Err(error) => return Change::Leave(Err(error)),
            };
            // An entry that was there keeps what it depends on, and its age.
            let kept = old.map(|old| (old.times(), old.stamps().collect()));
            let (times, stamps): (_, Vec<Stamp>) =
                kept.unwrap_or_else(|| (times_from(now, Lifetime::FOREVER), stamps_of(&captured)));
            let ttl = ttl_of(Lifetime(left(times.hard, raw.now())));
            let sealing = Sealing {
                times,
                stamps: &stamps,
                compute_us: 0,
            };
            match self.seal_value(&place, &sealing, Some(&encoded)) {
                Ok(cell) => Change::Put(cell, ttl, Ok(answer)),
                Err(error) => Change::Leave(Err(error)),
            }
        })
        .await?
    }

    /// Reads the cell, decides, and writes if nobody else did meanwhile; again if somebody did.
    async fn change<R>(
        self: &Arc<Self>,
        place: &Place,
        decide: impl Fn(&Seen<Kind>, &Raw) -> Change<R>,
    ) -> Result<R, Error> {
        let mut turn = None;
        for attempt in 0..TRIES {
            if attempt > 0 && turn.is_none() {
                turn = Some(self.turns.of(place).await);
            }
            Clock::System.sleep_until(later(attempt)).await;
            let raw = self.look(place).await?;
            let seen = raw.live(|opened| Ok(opened.kind()));
            let (cell, ttl, answer) = match decide(&seen, &raw) {
                Change::Leave(answer) => return Ok(answer),
                Change::Put(cell, ttl, answer) => (cell, ttl, answer),
            };
            if self.put(place, &raw, cell, ttl).await? {
                // Not before: what it replaced may be such a write, that has landed.
                self.overtake([place.name.as_str()]);
                return Ok(answer);
            }
        }
        let message = "other processes changed the value at every try; spread it over several keys";
        Err(Error::new(ErrorKind::Contended, message))
    }

    /// Writes if the cell is still the one that was read.
    async fn put(
        self: &Arc<Self>,
        place: &Place,
        raw: &Raw,
        cell: Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        let _told = self.telling([place.name.as_str()]);
        let limit = self.limits.operation;
        match raw.cell.as_ref().map(Cell::token) {
            None => {
                let (backend, name) = (Arc::clone(&self.backend), place.name.to_string());
                let put = named([(place, &cell)]);
                let acquire = async move { backend.acquire(&name, &cell, ttl).await };
                let acquiring = Landing::of_values(self, put, acquire);
                Ok(self.ask(limit, acquiring).await? == Acquired::Granted)
            }
            Some(Some(token)) => {
                let operation = self.backend.fill(&place.name, token, &cell, ttl);
                self.ask(limit, operation).await
            }
            // Nobody can name it; it is no cell of ours, so nothing is lost.
            Some(None) => {
                self.write(place, cell, ttl).await?;
                Ok(true)
            }
        }
    }

    /// How long a cell still has to live; `None`: forever.
    pub(super) fn remaining(&self, cell: &Cell, place: &Place, now: Millis) -> Option<Duration> {
        let hard = self.codec.seal().open(cell, place.hash).ok()?.times().hard;
        ttl_of(Lifetime(left(hard, now)))
    }
}

/// When to try again after so many tries in vain: at once at first, then later and at random, so
/// that writers who meet do not meet again and again.
fn later(attempt: usize) -> Millis {
    let most = 1 << attempt.saturating_sub(2).min(5);
    let pause = match attempt {
        0..=2 => 0,
        _ => crate::tag::fresh_stamp() % most,
    };
    Clock::System.now() + pause
}

/// The time between now and `hard`, at least a millisecond; forever stays forever.
fn left(hard: Millis, now: Millis) -> Millis {
    if hard == Millis::MAX {
        Millis::MAX
    } else {
        hard.saturating_sub(now).max(1)
    }
}

//! Locks between processes, by the name that they give them.
//!
//! A lock is a cell with its holder's token, put there by `acquire` where none is, renewed and
//! released by that token. Its time to live ends it where the holder does not. The numbers that
//! resources tell holders apart by are in [`fencing`]; who holds a lock, and for how long, is in
//! [`held`].
//!
//! # Until when
//!
//! A holder counts the time from before it sent the request, and ends a little early. The backend
//! counts from when the request came, so a holder that looks at its clock before it acts knows that
//! the lease has ended before anybody else can have the next one. A holder that does not look, or
//! that is stopped between the look and the act, is what the fencing number is for.
//!
//! # What is not known
//!
//! An error of the backend leaves open whether the cell was put there. Nothing is held then: what
//! may be there is released in the background, and ends with its time to live if that fails. The
//! same is done when the future is dropped, and once more when what it had asked for is done.

mod fencing;
mod held;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use held::Held;

use super::Remote;
use super::guard::{both, first};
use super::landing::Landing;
use super::pace::Pace;
use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};
use crate::error::{Error, ErrorKind};
use crate::key::Tenant;
use crate::time::{Clock, Millis};

/// How a lock is taken.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// It ends so long after it was taken or renewed.
    pub(crate) lease: Duration,
    /// It is renewed in the background for so long.
    pub(crate) renewed_for: Duration,
    /// Whoever finds it held waits so long.
    pub(crate) wait: Duration,
    /// What all of these are counted by.
    pub(crate) clock: Clock,
}

/// What a lock is called: by a tenant, if it is one's.
#[derive(Debug, Clone)]
pub(crate) struct LockName {
    pub(crate) tenant: Option<Tenant>,
    pub(crate) text: String,
}

/// The names of a lock's cells.
#[derive(Debug, Clone)]
struct Place {
    lock: String,
    fencing: String,
}

/// A lock that was asked for once.
enum Attempt {
    Held(Held),
    /// The token of whoever holds it.
    Found(Token),
}

/// What came of asking for both cells.
enum Answer {
    /// The lock is there, and this is the last fencing number.
    Granted(Option<Cell>),
    Found(Cell),
}

impl Terms {
    /// When a lease ends that was asked for at `sent`: early enough for a coarse clock, and for one
    /// that goes a little slower than the backend's.
    fn end(&self, sent: Millis) -> Millis {
        let lease = millis(self.lease);
        sent.saturating_add(lease - lease / 50)
            .saturating_sub(COARSE)
    }
}

/// A lock that ends before it is had is asked for again, so many times in all.
const TRIES: u32 = 3;
/// A clock may be a tick behind, and a time to live may be cut to whole milliseconds.
const COARSE: Millis = 10;

fn millis(time: Duration) -> Millis {
    Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX / 4)
}

impl Remote {
    /// Takes the lock if nobody holds it.
    pub(crate) async fn try_lock(
        self: &Arc<Self>,
        name: &LockName,
        terms: &Terms,
    ) -> Result<Option<Held>, Error> {
        match self.attempt(&self.place_of(name), terms).await? {
            Attempt::Held(held) => Ok(Some(held)),
            Attempt::Found(_) => Ok(None),
        }
    }

    /// Takes the lock, and waits for it if somebody holds it. `None`: for too long.
    pub(crate) async fn lock(
        self: &Arc<Self>,
        name: &LockName,
        terms: &Terms,
    ) -> Result<Option<Held>, Error> {
        let (place, clock) = (self.place_of(name), &terms.clock);
        let begun = clock.now();
        let deadline = begun.saturating_add(millis(terms.wait));
        let mut pace = Pace::new(begun, self.backend.capabilities().pushes);
        loop {
            let seen = match self.attempt(&place, terms).await? {
                Attempt::Held(held) => return Ok(Some(held)),
                Attempt::Found(seen) => seen,
            };
            let now = clock.now();
            if now >= deadline {
                return Ok(None);
            }
            let next = pace.next(now, crate::tag::fresh_stamp()).min(deadline);
            let told = self.backend.changed(&place.lock, seen);
            first(told, clock.sleep_until(next)).await;
        }
    }

    fn place_of(&self, name: &LockName) -> Place {
        let tenant = name.tenant.as_ref().map(Tenant::as_str);
        let [lock, fencing] = self.names.lock(tenant, &name.text);
        Place { lock, fencing }
    }

    async fn attempt(self: &Arc<Self>, place: &Place, terms: &Terms) -> Result<Attempt, Error> {
        for _ in 0..TRIES {
            let mut asked = Asked::new(self, place);
            let sent = terms.clock.now();
            let last = match self.ask_for(place, asked.token, terms.lease).await? {
                Answer::Granted(last) => last,
                Answer::Found(cell) => {
                    asked.over = true;
                    return foreign(&place.lock, cell.token()).map(Attempt::Found);
                }
            };
            let until = terms.end(sent);
            let numbered = self.number(place, asked.token, last, || terms.clock.now() < until);
            if let Some(number) = numbered.await? {
                asked.over = true;
                let held = Held::new(self, &place.lock, asked.token, number, until, terms);
                return Ok(Attempt::Held(held));
            }
        }
        let message = format!(
            "the lock was lost before its fencing number was given, {TRIES} times; its lease is too \
             short for this backend"
        );
        Err(Error::new(ErrorKind::Timeout, message))
    }

    /// Asks for the lock, and for the last fencing number beside it: one that is older than the
    /// lock is noticed when the next one is put in its place.
    async fn ask_for(
        self: &Arc<Self>,
        place: &Place,
        token: Token,
        lease: Duration,
    ) -> Result<Answer, Error> {
        if self.backend.capabilities().dear_writes {
            let [lock, last] = self.both_cells(place).await?;
            if let Some(lock) = lock.filter(|lock| !self.is_released(lock)) {
                return Ok(Answer::Found(lock));
            }
            let taking = self.taking(place, token, lease);
            let taken = self.ask(self.limits.operation, taking).await?;
            return Ok(taken.map_or(Answer::Granted(last), Answer::Found));
        }
        let reading = [place.fencing.as_str()];
        // As one operation: a breaker that is half open lets one pass.
        let asking = async {
            let taking = self.taking(place, token, lease);
            let (taken, last) = both(taking, self.backend.read(&reading)).await;
            Ok((taken?, last?))
        };
        let (taken, last) = self.ask(self.limits.operation, asking).await?;
        let last = last.into_iter().next().flatten();
        Ok(taken.map_or(Answer::Granted(last), Answer::Found))
    }

    /// [`take_lock`](Self::take_lock), which goes on where its caller does not.
    fn taking(
        self: &Arc<Self>,
        place: &Place,
        token: Token,
        lease: Duration,
    ) -> Landing<Option<Cell>> {
        let (remote, place) = (Arc::clone(self), place.clone());
        let locks = vec![(place.lock.clone(), token)];
        Landing::new(self, locks, async move {
            remote.take_lock(&place, token, lease).await
        })
    }

    /// Puts the lock there, where nothing is or what this process has already given back. What is
    /// there instead otherwise.
    async fn take_lock(
        &self,
        place: &Place,
        token: Token,
        lease: Duration,
    ) -> Result<Option<Cell>, Error> {
        let cell = Cell::from_bytes(Cell::begin(Cell::LOCK, token, 0));
        let mut there = None;
        // The release of what is there may come in between, and the key is free then.
        for _ in 0..TRIES {
            let acquiring = self.backend.acquire(&place.lock, &cell, Some(lease));
            let Acquired::Found(found) = acquiring.await? else {
                return Ok(None);
            };
            if found.token() == Some(token) {
                return Ok(None);
            }
            let Some(over) = found.token().filter(|_| self.is_released(&found)) else {
                return Ok(Some(found));
            };
            let filling = self.backend.fill(&place.lock, over, &cell, Some(lease));
            if filling.await? {
                return Ok(None);
            }
            there = Some(found);
        }
        Ok(there)
    }

    /// The cells of the lock and of its number.
    async fn both_cells(self: &Arc<Self>, place: &Place) -> Result<[Option<Cell>; 2], Error> {
        let names = [place.lock.as_str(), place.fencing.as_str()];
        let mut cells = self.read(&names).await?.into_iter();
        Ok([cells.next().flatten(), cells.next().flatten()])
    }

    fn is_released(&self, lock: &Cell) -> bool {
        lock.token()
            .is_some_and(|token| self.released.contains(token))
    }
}

/// The token under a name of ours; only what others wrote there has none.
fn foreign(name: &str, token: Option<Token>) -> Result<Token, Error> {
    token.ok_or_else(|| {
        let message = format!(
            "what is under `{name}` was not written by this library; remove it, and the lock works \
             again"
        );
        Error::new(ErrorKind::Protocol, message)
    })
}

/// A lock that may have been put there; released where nobody comes to hold it.
struct Asked<'r> {
    remote: &'r Arc<Remote>,
    place: &'r Place,
    token: Token,
    over: bool,
}

impl<'r> Asked<'r> {
    fn new(remote: &'r Arc<Remote>, place: &'r Place) -> Self {
        Self {
            remote,
            place,
            token: Token::random(),
            over: false,
        }
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.remote
                .release_later(self.place.lock.clone(), self.token);
        }
    }
}

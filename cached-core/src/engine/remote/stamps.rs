//! The stamps that a computation depends on: captured before it begins, compared when it ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;

use super::Remote;
use super::claim::Captured;
use super::guard::both;
use super::look::Raw;
use super::name::StampId;
use super::place::{Dependency, Place};
use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};
use crate::error::Error;
use crate::time::Clock;

/// One capture in so many lets the stamp live on, if nothing did [lately](super::renewals).
const RENEWAL: u64 = 64;

pub(super) fn as_stamp(cell: Option<Cell>) -> Option<Token> {
    cell.and_then(|cell| cell.as_stamp())
}

/// What an entry remembers of a stamp's token.
pub(super) fn stamp_of(token: &Token) -> u64 {
    let (first, _) = token
        .as_bytes()
        .split_first_chunk()
        .unwrap_or((&[0; 8], &[]));
    u64::from_le_bytes(*first)
}

impl Remote {
    /// The present stamps of these, in their order.
    pub(super) async fn read_stamps(
        self: &Arc<Self>,
        stamps: &[(StampId, String)],
    ) -> Result<Vec<Option<Token>>, Error> {
        let names: Vec<&str> = stamps.iter().map(|(_, name)| name.as_str()).collect();
        Ok(self.read(&names).await?.into_iter().map(as_stamp).collect())
    }

    /// The stamps of a place, created where they are missing.
    pub(super) async fn capture(
        self: &Arc<Self>,
        place: &Place,
        raw: &Raw,
    ) -> Result<Captured, Error> {
        let stamps = place.dependencies().zip(&*raw.stamps);
        let capturing = stamps.map(|(stamp, (_, seen))| async move {
            match seen {
                Some(token) => {
                    self.keep_stamp(stamp, *token);
                    Ok((stamp.id, *token))
                }
                None => Ok((stamp.id, self.create_stamp(stamp).await?)),
            }
        });
        let captured = join_all(capturing).await;
        let captured = captured.into_iter().collect::<Result<Captured, Error>>()?;
        self.last_seen.note(place, &captured);
        Ok(captured)
    }

    /// Lets a stamp live on. One capture in many does: a stamp that is captured often is renewed
    /// surely, and of one that is not, few entries are lost.
    pub(super) fn keep_stamp(self: &Arc<Self>, stamp: Dependency<'_>, token: Token) {
        let Some(ttl) = stamp.ttl else { return };
        let drawn = crate::tag::fresh_stamp().is_multiple_of(RENEWAL);
        if !drawn || !self.renewals.is_due(token, Clock::System.now()) {
            return;
        }
        let (remote, name) = (Arc::clone(self), stamp.name.to_owned());
        self.runtime.spawn(async move {
            let operation = remote.backend.renew(&name, token, ttl);
            let _ = remote.ask(remote.limits.operation, operation).await;
        });
    }

    async fn create_stamp(&self, stamp: Dependency<'_>) -> Result<Token, Error> {
        let token = Token::random();
        let cell = Cell::stamp(token);
        let operation = self.backend.acquire(stamp.name, &cell, stamp.ttl);
        match self.ask(self.limits.operation, operation).await? {
            Acquired::Granted => Ok(self.made_stamp(token)),
            Acquired::Found(cell) => match cell.as_stamp() {
                Some(token) => Ok(token),
                None => self.replace_stamp(stamp, token).await,
            },
        }
    }

    /// Something else stands where the stamp should be.
    pub(super) async fn replace_stamp(
        &self,
        stamp: Dependency<'_>,
        token: Token,
    ) -> Result<Token, Error> {
        let cell = Cell::stamp(token);
        let operation = self.backend.write(stamp.name, &cell, stamp.ttl);
        self.ask(self.limits.operation, operation).await?;
        Ok(self.made_stamp(token))
    }

    /// Takes note that this stamp need not be renewed for a while.
    pub(super) fn made_stamp(&self, token: Token) -> Token {
        self.renewals.note(token, Clock::System.now());
        token
    }

    /// Whether all stamps are what they were when they were captured.
    async fn are_current(self: &Arc<Self>, place: &Place, captured: &Captured) -> bool {
        match self.read_stamps(&place.stamps).await {
            Ok(tokens) => {
                let now = place.stamps.iter().map(|(id, _)| *id).zip(tokens);
                now.eq(captured.iter().map(|(id, token)| (*id, Some(*token))))
            }
            Err(_) => false,
        }
    }

    /// Runs an operation beside a check of stamps that is sent after it.
    pub(super) async fn beside<T>(
        self: &Arc<Self>,
        operation: impl Future<Output = T>,
        place: &Place,
        captured: &Captured,
    ) -> (T, bool) {
        both(operation, self.are_current(place, captured)).await
    }
}

/// The stamps of functions and of the namespace, as they were at the last write: what a lease names
/// that is sent before anybody has looked. Not those of tags, of which there is no end.
#[derive(Debug, Default)]
pub(super) struct LastSeen(Mutex<HashMap<StampId, Token>>);

impl LastSeen {
    /// Those of a place, if all of them are known.
    pub(super) fn of(&self, place: &Place) -> Option<Vec<(StampId, Token)>> {
        let seen = self.lock();
        let stamps = place.stamps.iter();
        stamps.map(|(id, _)| Some((*id, *seen.get(id)?))).collect()
    }

    /// Takes note of the stamps of a place.
    pub(super) fn note(&self, place: &Place, stamps: &[(StampId, Token)]) {
        if place.tags == 0 {
            self.lock().extend(stamps.iter().copied());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StampId, Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

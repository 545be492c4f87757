//! Ending many computations at once: one round trip for their fills, and one beside it for the
//! stamps that joiners depend on.
//!
//! Every flight leaves the table before any fill is sent, so that the argument for a single fill
//! (`remote`, "Why joiners are never given an old value") holds of each. A fill without an answer
//! leaves its item unknown, whose joiners ask again, and no other.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::{Captured, Closing, End, Hold, Place, Remote, ttl_of};
use crate::backend::port::Put;
use crate::cell::{Cell, Token};
use crate::engine::lease::Lease;
use crate::engine::remote::call::Caller;
use crate::engine::remote::guard::both;
use crate::engine::remote::name::StampId;
use crate::entry::{Payload, Shape};
use crate::error::Error;
use crate::event::Outcome;

/// A computation that ended in peace.
pub(in crate::engine::remote) struct Settling<'s> {
    pub(in crate::engine::remote) lease: Lease,
    pub(in crate::engine::remote) place: &'s Arc<Place>,
    pub(in crate::engine::remote) caller: Caller,
    pub(in crate::engine::remote) payload: &'s Payload,
}

/// One of several that are to be filled.
struct Filling<'f> {
    at: usize,
    closing: &'f Closing,
    place: &'f Arc<Place>,
    captured: &'f Captured,
    cell: Cell,
}

impl Remote {
    /// Stores what was computed, and tells the joiners; `cost` is in microseconds. Dropping this
    /// tells them to start over.
    pub(in crate::engine::remote) async fn settle_all<S: Shape>(
        self: &Arc<Self>,
        shape: &S,
        mut settling: Vec<Settling<'_>>,
        cost: u32,
    ) -> Vec<Outcome> {
        let closings = settling.iter_mut().map(|one| {
            let closing = one.lease.closing(shape, one.caller, one.payload, cost);
            closing.map(|closing| (closing, one.place))
        });
        let mut closings: Vec<Option<(Closing, &Arc<Place>)>> = closings.collect();
        let fillings = self.fillings(&closings).await;
        let mut ends: Vec<Option<End>> = closings.iter().map(|_| None).collect();
        let together = fillings
            .iter()
            .map(|filling| filling.at)
            .collect::<Vec<_>>();
        let others = (0..closings.len()).filter(|at| together.binary_search(at).is_err());
        let each = others.filter_map(|at| {
            let (closing, place) = closings[at].as_ref()?;
            Some(async move { (at, closing.end(place).await) })
        });
        let (filled, ended) = both(self.fill_all(&fillings), join_all(each)).await;
        for (at, end) in together.into_iter().zip(filled).chain(ended) {
            ends[at] = Some(end);
        }
        for (closing, _) in closings.iter_mut().flatten() {
            closing.filling = None;
        }
        let concluded = settling.iter_mut().zip(closings.iter().zip(ends));
        let conclude = |(one, (closing, end)): (&mut Settling<'_>, (&Option<_>, _))| {
            let ended: Option<(&(Closing, _), End)> = closing.as_ref().zip(end);
            ended.map_or(Outcome::NotStored, |((closing, _), end)| {
                one.lease.conclude_shared(closing, &end, one.payload)
            })
        };
        concluded.map(conclude).collect()
    }

    /// Those that only their cell is to be filled of, in order.
    async fn fillings<'f>(
        self: &Arc<Self>,
        closings: &'f [Option<(Closing, &'f Arc<Place>)>],
    ) -> Vec<Filling<'f>> {
        let Ok(now) = self.now().await else {
            return Vec::new();
        };
        let filling = |(at, closing): (usize, &'f Option<(Closing, &'f Arc<Place>)>)| {
            let (closing, place) = closing.as_ref()?;
            let (Hold::Lease(captured) | Hold::Value(captured)) = &closing.hold else {
                return None;
            };
            let value = closing.value.as_ref().filter(|_| closing.standing)?;
            let cell = self.seal_at(now, place, captured, value).ok()?;
            Some(Filling {
                at,
                closing,
                place,
                captured,
                cell,
            })
        };
        closings.iter().enumerate().filter_map(filling).collect()
    }

    async fn fill_all(self: &Arc<Self>, fillings: &[Filling<'_>]) -> Vec<End> {
        if fillings.is_empty() {
            return Vec::new();
        }
        let fills = fillings.iter().map(|filling| {
            let lifetime = filling.closing.value.as_ref().map(|value| value.lifetime);
            let put = Put {
                key: &filling.place.name,
                cell: &filling.cell,
                ttl: lifetime.and_then(ttl_of),
            };
            (filling.closing.token, put)
        });
        let fills: Vec<(Token, Put<'_>)> = fills.collect();
        let _told = self.telling(fills.iter().map(|(_, put)| put.key));
        let filling = self.fill_many(&fills);
        // Sent after the fills, and after the last joiner attached.
        let (filled, current) = both(filling, self.stamps_for_joiners(fillings)).await;
        let end = |(filling, filled): (&Filling<'_>, _)| match filled {
            Ok(true) => End::Stored(!filling.closing.waiters || filling.is_current(&current)),
            Ok(false) => End::Refused,
            Err(_) => End::Unknown,
        };
        fillings.iter().zip(filled).map(end).collect()
    }

    /// The present stamps of those that somebody waits for.
    async fn stamps_for_joiners(
        self: &Arc<Self>,
        fillings: &[Filling<'_>],
    ) -> Result<HashMap<StampId, Option<Token>>, Error> {
        let joined = fillings.iter().filter(|filling| filling.closing.waiters);
        let stamps = joined.flat_map(|filling| filling.place.stamps.iter().cloned());
        let distinct: HashMap<StampId, String> = stamps.collect();
        if distinct.is_empty() {
            return Ok(HashMap::new());
        }
        let stamps: Vec<(StampId, String)> = distinct.into_iter().collect();
        let tokens = self.read_stamps(&stamps).await?;
        Ok(stamps.into_iter().map(|(id, _)| id).zip(tokens).collect())
    }
}

impl Filling<'_> {
    /// Whether all stamps are what they were when they were captured.
    fn is_current(&self, now: &Result<HashMap<StampId, Option<Token>>, Error>) -> bool {
        now.as_ref().is_ok_and(|now| {
            let mut captured = self.captured.iter();
            captured.all(|(id, token)| now.get(id).copied().flatten() == Some(*token))
        })
    }
}

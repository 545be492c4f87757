//! A value as it is stored: what its envelope says, and for how long.

use super::{Captured, Value};
use crate::cell::{Cell, Token};
use crate::codec::{Body, Encoded, Meta, Stamp, Times, Unencodable};
use crate::engine::remote::Remote;
use crate::engine::remote::place::Place;
use crate::engine::remote::stamps::stamp_of;
use crate::entry::{Payload, Shape};
use crate::error::{Error, ErrorKind};
use crate::event::{Counter, count};
use crate::registry::{Notice, Site};
use crate::time::{Lifetime, Millis};

/// What an envelope says beside its value.
pub(in crate::engine::remote) struct Sealing<'s> {
    pub(in crate::engine::remote) times: Times,
    pub(in crate::engine::remote) stamps: &'s [Stamp],
    pub(in crate::engine::remote) compute_us: u32,
}

impl Remote {
    pub(super) fn seal_at(
        &self,
        now: Millis,
        place: &Place,
        captured: &Captured,
        value: &Value,
    ) -> Result<Cell, Error> {
        let sealing = Sealing {
            times: times_from(now, value.lifetime),
            stamps: &stamps_of(captured),
            compute_us: value.cost,
        };
        self.seal_value(place, &sealing, value.encoded.as_ref())
    }

    /// A value, or the fact that there is none, as it is stored.
    pub(in crate::engine::remote) fn seal_value(
        &self,
        place: &Place,
        sealing: &Sealing<'_>,
        encoded: Option<&Encoded>,
    ) -> Result<Cell, Error> {
        let meta = Meta {
            key_hash: place.hash,
            token: Token::random(),
            times: sealing.times,
            compute_us: sealing.compute_us,
            stamps: sealing.stamps,
        };
        let body = encoded.map_or(Body::Absent, Body::Value);
        let sealed = self.codec.seal().write(&meta, body);
        sealed.map_err(|error| Error::new(ErrorKind::TooLarge, error.to_string()))
    }
}

/// A lifetime that begins now.
pub(in crate::engine::remote) fn times_from(now: Millis, lifetime: Lifetime) -> Times {
    let expires = lifetime.deadline(now);
    Times {
        created: now,
        soft: expires,
        hard: expires,
    }
}

pub(in crate::engine::remote) fn stamps_of(captured: &Captured) -> Vec<Stamp> {
    let stamp = |(id, token): &(u64, Token)| Stamp {
        id: *id,
        value: stamp_of(token),
    };
    captured.iter().map(stamp).collect()
}

/// How long the backend keeps it; `None`: forever.
pub(in crate::engine::remote) fn ttl_of(lifetime: Lifetime) -> Option<std::time::Duration> {
    (lifetime != Lifetime::FOREVER).then(|| std::time::Duration::from_millis(lifetime.0))
}

/// The bytes of a payload, or none for the memory that there is no value; `None` if it cannot be
/// encoded, which is reported.
pub(super) fn encode<S: Shape + ?Sized>(
    shape: &S,
    remote: &Remote,
    site: &'static Site,
    payload: &Payload,
) -> Option<Option<Encoded>> {
    let Payload::Value(stored) = payload else {
        return Some(None);
    };
    match shape.encode(stored, &remote.codec, site.policy.schema) {
        Ok(encoded) => Some(Some(encoded)),
        Err(error) => {
            report(site, &error);
            None
        }
    }
}

fn report(site: &'static Site, error: &Unencodable) {
    count(site.number(), Counter::Unencodable);
    site.notice(Notice::Unencodable, || format!("{error}; it is not stored"));
}

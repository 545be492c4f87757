//! The explicit operations on many keys at once: one round trip to each server for each step, however
//! many keys.
//!
//! ```text
//! set_many      the namespace's stamp; the cells
//! warm          the namespace's stamp; the cells where nothing is; those in the place of what is of
//!               no use to anybody
//! delete_many   what is there; its removal
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Remote;
use super::claim::Captured;
use super::landing::{Landing, Named, named};
use super::look::{Raw, Seen};
use super::place::Place;
use super::settle::{Sealing, stamps_of, times_from, ttl_of};
use crate::backend::port::{Acquired, Put};
use crate::cell::{Cell, Token};
use crate::codec::{Encoded, Kind, Opened, Unreadable};
use crate::error::Error;
use crate::key::Key;
use crate::time::{Lifetime, Millis};

impl Remote {
    /// Replaces whatever is under the keys; of values for one key the last counts.
    pub(crate) async fn set_many(
        self: &Arc<Self>,
        values: &[(Key, Encoded)],
        lifetime: Lifetime,
    ) -> Result<(), Error> {
        let Some(sealed) = self.seal_all(values, lifetime).await? else {
            return Ok(());
        };
        let limit = self.limit_for_writes(sealed.cells.len());
        let _told = self.telling(sealed.names());
        let (remote, all) = (Arc::clone(self), Arc::clone(&sealed));
        let write = async move {
            remote.overtake(all.names());
            remote.backend.write_many(&all.puts(lifetime)).await
        };
        let writing = Landing::of_values(self, sealed.named(), write);
        self.ask(limit, writing).await
    }

    /// Puts values where nothing is, and nobody computes; of those for one key the last. How many
    /// were put.
    pub(crate) async fn warm(
        self: &Arc<Self>,
        values: &[(Key, Encoded)],
        lifetime: Lifetime,
    ) -> Result<usize, Error> {
        let Some(sealed) = self.seal_all(values, lifetime).await? else {
            return Ok(0);
        };
        let limit = self.limit_for_writes(sealed.cells.len());
        let _told = self.telling(sealed.names());
        let (backend, all) = (Arc::clone(&self.backend), Arc::clone(&sealed));
        let acquire = async move { backend.acquire_many(&all.puts(lifetime)).await };
        let acquiring = Landing::of_values(self, sealed.named(), acquire);
        let acquired = self.ask(limit, acquiring).await?;
        let putting = sealed.puts(lifetime);
        let fingerprint = values.first().map_or(0, |(_, encoded)| encoded.fingerprint);
        // What is there may be of no use to anybody: outdated, or of another type.
        let (mut places, mut raws, mut putting_over) = (Vec::new(), Vec::new(), Vec::new());
        for ((place, put), acquired) in sealed.places().zip(putting).zip(acquired) {
            match acquired {
                Acquired::Granted => _ = self.overtake([put.key]),
                Acquired::Found(cell) => {
                    let raw = Raw::unseen(sealed.captured.to_vec(), sealed.now);
                    raws.push(raw.with_cell(cell, self, place));
                    places.push(place);
                    putting_over.push(put);
                }
            }
        }
        let mut found: Vec<_> = raws.iter_mut().zip(places).collect();
        self.complete_all(&mut found).await?;
        let fills = raws.iter().zip(putting_over);
        let fills = fills.filter_map(|(raw, put)| {
            let of_its_type = |opened: &Opened<'_>| match opened.kind() {
                Kind::Value if opened.fingerprint() != fingerprint => Err(Unreadable::OtherType),
                _ => Ok(()),
            };
            match raw.live(of_its_type) {
                Seen::Unusable(token) => Some((token, put)),
                _ => None,
            }
        });
        let fills: Vec<(Token, Put<'_>)> = fills.collect();
        let put = sealed.cells.len() - raws.len();
        if fills.is_empty() {
            return Ok(put);
        }
        let filled = self.fill_many(&fills).await.into_iter();
        let filled = filled.collect::<Result<Vec<bool>, Error>>()?;
        Ok(put + filled.into_iter().filter(|filled| *filled).count())
    }

    /// The values as they go in; `None` if there are none. All of them depend on the namespace
    /// alone.
    async fn seal_all(
        self: &Arc<Self>,
        values: &[(Key, Encoded)],
        lifetime: Lifetime,
    ) -> Result<Option<Arc<SealedMany>>, Error> {
        let Some((first, _)) = values.first() else {
            return Ok(None);
        };
        self.owes_none_of(values.iter().map(|(key, _)| self.names.key(key)))?;
        let captured = self.capture_now(&self.place(first, None, &[])).await?;
        let now = self.now().await?;
        let sealing = Sealing {
            times: times_from(now, lifetime),
            stamps: &stamps_of(&captured),
            compute_us: 0,
        };
        let needs = self.needs(None, &[]);
        let sealed = values.iter().map(|(key, encoded)| {
            let place = self.place_with(key, Arc::clone(&needs));
            let cell = self.seal_value(&place, &sealing, Some(encoded))?;
            Ok((place.name.to_string(), (place, cell)))
        });
        Ok(Some(Arc::new(SealedMany {
            cells: sealed.collect::<Result<_, Error>>()?,
            captured,
            now,
        })))
    }

    /// Removes what is under the keys. How many of them held a live value.
    pub(crate) async fn delete_many(self: &Arc<Self>, keys: &[Key]) -> Result<usize, Error> {
        let keys: HashSet<&Key> = keys.iter().collect();
        if keys.is_empty() {
            return Ok(0);
        }
        let is_value = |opened: &Opened<'_>| Ok(opened.kind() == Kind::Value);
        let mut reader = self.reader(None);
        let places: Vec<Place> = keys.iter().map(|key| reader.place(key)).collect();
        let found = self.get_many(&places, is_value).await;
        let names = places
            .into_iter()
            .map(|place| place.name.into_string())
            .collect();
        self.invalidate(names).await?;
        let (found, _) = found?;
        Ok(found
            .into_iter()
            .flatten()
            .filter(|is_value| *is_value)
            .count())
    }
}

/// Values on their way in, by name, and what they depend on.
struct SealedMany {
    cells: HashMap<String, (Place, Cell)>,
    captured: Captured,
    now: Millis,
}

impl SealedMany {
    fn puts(&self, lifetime: Lifetime) -> Vec<Put<'_>> {
        let ttl = ttl_of(lifetime);
        let cells = self.cells.iter();
        cells
            .map(|(key, (_, cell))| Put { key, cell, ttl })
            .collect()
    }

    fn named(&self) -> Named {
        named(self.cells.values().map(|(place, cell)| (place, cell)))
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.cells.values().map(|(place, _)| place)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.cells.keys().map(String::as_str)
    }
}

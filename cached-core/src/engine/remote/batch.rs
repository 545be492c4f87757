//! The explicit operations on many keys at once: one round trip for each step, however many keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Remote;
use super::place::Place;
use super::settle::{Sealing, stamps_of, times_from, ttl_of};
use crate::backend::port::{Acquired, Put};
use crate::cell::Cell;
use crate::codec::{Encoded, Kind, Opened};
use crate::error::Error;
use crate::key::Key;
use crate::time::Lifetime;

impl Remote {
    /// Replaces whatever is under the keys; of values for one key the last counts.
    pub(crate) async fn set_many(
        self: &Arc<Self>,
        values: &[(Key, Encoded)],
        lifetime: Lifetime,
    ) -> Result<(), Error> {
        let cells: HashMap<String, Cell> = self.cells_of(values, lifetime).await?.collect();
        if cells.is_empty() {
            return Ok(());
        }
        let writing = puts(&cells, lifetime);
        let _told = self.telling(cells.keys().map(String::as_str));
        let writing = self.backend.write_many(&writing);
        self.ask(self.limits.operation, writing).await
    }

    /// Puts values where nothing is; of those for one key the last. How many were put.
    pub(crate) async fn warm(
        self: &Arc<Self>,
        values: &[(Key, Encoded)],
        lifetime: Lifetime,
    ) -> Result<usize, Error> {
        let cells: HashMap<String, Cell> = self.cells_of(values, lifetime).await?.collect();
        if cells.is_empty() {
            return Ok(0);
        }
        let putting = puts(&cells, lifetime);
        let _told = self.telling(cells.keys().map(String::as_str));
        let putting = self.backend.acquire_many(&putting);
        let acquired = self.ask(self.limits.operation, putting).await?;
        let put = acquired.iter().filter(|one| **one == Acquired::Granted);
        Ok(put.count())
    }

    /// The values as they go in, by name. All of them depend on the namespace alone.
    async fn cells_of(
        self: &Arc<Self>,
        values: &[(Key, Encoded)],
        lifetime: Lifetime,
    ) -> Result<impl Iterator<Item = (String, Cell)> + use<>, Error> {
        let Some((first, _)) = values.first() else {
            return Ok(Vec::new().into_iter());
        };
        let captured = self.capture_now(&self.place(first, None, &[])).await?;
        let sealing = Sealing {
            times: times_from(self.now().await?, lifetime),
            stamps: &stamps_of(&captured),
            compute_us: 0,
        };
        let needs = self.needs(None, &[]);
        let sealed = values.iter().map(|(key, encoded)| {
            let place = self.place_with(key, Arc::clone(&needs));
            let cell = self.seal_value(&place, &sealing, Some(encoded))?;
            Ok((place.name, cell))
        });
        let cells = sealed.collect::<Result<Vec<_>, Error>>()?;
        Ok(cells.into_iter())
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
        let names = places.into_iter().map(|place| place.name).collect();
        self.invalidate(names).await?;
        let (found, _) = found?;
        Ok(found
            .into_iter()
            .flatten()
            .filter(|is_value| *is_value)
            .count())
    }
}

fn puts(cells: &HashMap<String, Cell>, lifetime: Lifetime) -> Vec<Put<'_>> {
    let ttl = ttl_of(lifetime);
    let cells = cells.iter();
    cells.map(|(key, cell)| Put { key, cell, ttl }).collect()
}

//! The explicit operations on many keys at once: one round trip for each step, however many keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Remote;
use super::settle::{Sealing, stamps_of, times_from, ttl_of};
use crate::backend::port::Put;
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
        let Some((first, _)) = values.first() else {
            return Ok(());
        };
        // All of them depend on the namespace alone.
        let captured = self.capture_now(&self.place(first, None, &[])).await?;
        let sealing = Sealing {
            times: times_from(self.now().await?, lifetime),
            stamps: &stamps_of(&captured),
            compute_us: 0,
        };
        let sealed = values.iter().map(|(key, encoded)| {
            let place = self.place(key, None, &[]);
            let cell = self.seal_value(&place, &sealing, Some(encoded))?;
            Ok((place.name, cell))
        });
        let cells = sealed.collect::<Result<HashMap<String, Cell>, Error>>()?;
        let ttl = ttl_of(lifetime);
        let puts: Vec<Put<'_>> = cells
            .iter()
            .map(|(key, cell)| Put { key, cell, ttl })
            .collect();
        let writing = self.backend.write_many(&puts);
        self.ask(self.limits.operation, writing).await
    }

    /// Removes what is under the keys. How many of them held a live value.
    pub(crate) async fn delete_many(self: &Arc<Self>, keys: &[Key]) -> Result<usize, Error> {
        let distinct: HashSet<&Key> = keys.iter().collect();
        let keys: Vec<Key> = distinct.into_iter().cloned().collect();
        if keys.is_empty() {
            return Ok(0);
        }
        let is_value = |opened: &Opened<'_>| Ok(opened.kind() == Kind::Value);
        let found = self.get_many(&keys, is_value).await;
        let names = keys.iter().map(|key| self.names.key(key)).collect();
        self.invalidate(names).await?;
        Ok(found?.iter().filter(|found| **found == Some(true)).count())
    }
}

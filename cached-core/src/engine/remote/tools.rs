//! What tools and migrations ask of a shared backend: how long values live, which names there are,
//! and the same under another key.
//!
//! Names are listed page by page, each under a time limit of its own that is longer than that of
//! other operations. A name tells its key as [`name`](super::name) says: the text of one that was
//! too long, or has bytes that not every backend takes, is known by its beginning. Where the
//! question is what to destroy, such a key counts as matching: a miss too many does no harm.

use std::sync::Arc;

use super::Remote;
use super::look::Seen;
use super::settle::{Sealing, ttl_of};
use crate::backend::port::Page;
use crate::codec::{Encoded, Kind, Opened, Stamp};
use crate::engine::Whose;
use crate::error::Error;
use crate::key::Key;
use crate::key::pattern::Pattern;
use crate::time::{Lifetime, Millis, Ttl};

impl Remote {
    /// How long a live value still has; `None` if there is none.
    pub(crate) async fn ttl(self: &Arc<Self>, key: &Key) -> Result<Option<Ttl>, Error> {
        let place = self.place(key, None, &[]);
        let raw = self.look(&place).await?;
        let read = |opened: &Opened<'_>| Ok((opened.kind(), opened.times()));
        Ok(match raw.live(read) {
            Seen::Hit((Kind::Value, times)) => Some(match times.soft.min(times.hard) {
                Millis::MAX => Ttl::FOREVER,
                end => Ttl::from_millis(end.saturating_sub(raw.now())),
            }),
            _ => None,
        })
    }

    /// Moves a live value to another key, with what it depends on and the time it has left. Whether
    /// there was one.
    pub(crate) async fn relocate(self: &Arc<Self>, from: &Key, to: &Key) -> Result<bool, Error> {
        let place = self.place(from, None, &[]);
        let raw = self.look(&place).await?;
        let Seen::Hit(Kind::Value) = raw.live(|opened| Ok(opened.kind())) else {
            return Ok(false);
        };
        let Some(opened) = raw.opened() else {
            return Ok(false);
        };
        if from == to {
            return Ok(true);
        }
        let stamps: Vec<Stamp> = opened.stamps().collect();
        let sealing = Sealing {
            times: opened.times(),
            stamps: &stamps,
            compute_us: opened.compute_us(),
        };
        let encoded = Encoded {
            format: opened.format(),
            compressed: opened.is_compressed(),
            fingerprint: opened.fingerprint(),
            bytes: opened.payload().to_vec(),
        };
        let target = self.place(to, None, &[]);
        let cell = self.seal_value(&target, &sealing, Some(&encoded))?;
        let left = opened.times().hard.saturating_sub(raw.now()).max(1);
        let ttl = match opened.times().hard {
            Millis::MAX => None,
            _ => ttl_of(Lifetime(left)),
        };
        let _told = self.telling([target.name.as_str()]);
        self.write(&target, cell, ttl).await?;
        self.invalidate(vec![place.name.into_string()]).await?;
        Ok(true)
    }

    /// The texts of keys that match, of one version and tenant, as far as their names tell.
    pub(crate) async fn keys(
        self: &Arc<Self>,
        whose: &Whose,
        pattern: &Pattern,
    ) -> Result<Vec<String>, Error> {
        let (mut texts, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(whose, after.as_deref()).await?;
            let names = page.names.iter();
            let found = names.filter_map(|name| self.matching(name, whose, pattern));
            texts.extend(found.map(str::to_owned));
            after = page.next;
            if after.is_none() {
                texts.sort_unstable();
                texts.dedup();
                return Ok(texts);
            }
        }
    }

    /// Invalidates every key that matches, or may match where its name does not tell its whole text.
    /// How many cells that removed.
    pub(crate) async fn delete_matching(
        self: &Arc<Self>,
        whose: &Whose,
        pattern: &Pattern,
    ) -> Result<u64, Error> {
        // What has not landed is not found.
        let unlanded = self.unlanded.names();
        let unlanded = unlanded.iter().map(String::as_str);
        self.overtake(unlanded.filter(|name| self.matching(name, whose, pattern).is_some()));
        let (mut removed, mut after) = (0, None);
        loop {
            let page = self.page(whose, after.as_deref()).await?;
            let mut names = page.names;
            names.retain(|name| self.matching(name, whose, pattern).is_some());
            if !names.is_empty() {
                removed += self.invalidate(names).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(removed);
            }
        }
    }

    /// The text in a name, if it matches, or may match where it is only a beginning.
    fn matching<'n>(&self, name: &'n str, whose: &Whose, pattern: &Pattern) -> Option<&'n str> {
        let (text, cut) = self.names.text(name, whose.version, whose.tenant())?;
        let matches = match cut.then(|| text.rsplit_once('#')) {
            Some(start) => pattern.may_match(start.map_or("", |(start, _)| start)),
            None => pattern.matches(text),
        };
        matches.then_some(text)
    }

    async fn page(self: &Arc<Self>, whose: &Whose, after: Option<&str>) -> Result<Page, Error> {
        let prefix = self.names.version(whose.version, whose.tenant());
        let scanning = self.backend.scan(&prefix, after);
        self.ask(self.limits.scan, scanning).await
    }
}

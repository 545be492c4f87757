//! Policies that a deployment sets for templates, whatever their attributes say.

use crate::registry::{Near, Site};
use crate::time::{Lifetime, Millis, Ttl};

/// What a deployment says of the functions with one template. Built by
/// [`Builder::policy`](crate::Builder::policy); what it leaves out is as the attribute says.
///
/// ```
/// use cached_core::{Cache, Override};
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let cache = Cache::memory()
///     .policy("post:<id>", Override::new().ttl(30))
///     .policy("feed:<author>", Override::new().off())
///     .policy("user:<id>", Override::new().no_l1())
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct Override {
    ttl: Option<Ttl>,
    off: bool,
    l1: Option<Near>,
}

impl Override {
    /// Says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The TTL, for what is stored and for what is served.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = Some(ttl.into());
        self
    }

    /// No caching: the functions run, and neither read, join nor store.
    pub fn off(mut self) -> Self {
        self.off = true;
        self
    }

    /// How old a value may be that this process keeps in memory in front of a shared backend,
    /// whether that tells of changes or not. [`build`](crate::Builder::build) fails for zero, for
    /// what is negative, and for what states no age, such as [`Ttl::FOREVER`]. Without effect on
    /// caches in memory.
    pub fn l1(mut self, age: impl Into<Ttl>) -> Self {
        let age = age.into().or_zero(Lifetime(0));
        self.l1 = Some(Near::AtMost(age.0));
        self
    }

    /// [`l1`](Self::l1) for what the backend tells the changes of, and nothing else.
    /// [`build`](crate::Builder::build) fails on a shared backend that does not tell. Without effect
    /// on caches in memory.
    pub fn l1_watched(mut self) -> Self {
        self.l1 = Some(Near::Watched);
        self
    }

    /// Nothing is kept in memory in front of a shared backend. Without effect on caches in memory.
    pub fn no_l1(mut self) -> Self {
        self.l1 = Some(Near::Never);
        self
    }

    /// Whether it asks for what only a backend that tells of changes can give.
    #[cfg(any(feature = "remote", feature = "config"))]
    pub(super) fn wants_watching(&self) -> bool {
        self.l1 == Some(Near::Watched)
    }
}

/// The overrides of one cache; few, and looked through by text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides(Vec<(Box<str>, Override)>);

impl Overrides {
    pub(crate) fn set(&mut self, template: &str, what: Override) {
        // `{id}` is `<id>`.
        let template = template.replace('{', "<").replace('}', ">");
        self.0.retain(|(known, _)| **known != *template);
        self.0.push((template.into(), what));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, site: &Site) -> Option<&Override> {
        let template = site.template();
        let found = self.0.iter().find(|(known, _)| **known == *template);
        found.map(|(_, what)| what)
    }

    /// The TTL of a call that states `stated`.
    #[inline]
    pub(super) fn ttl(&self, site: &Site, stated: Ttl) -> Ttl {
        if self.is_empty() {
            return stated;
        }
        let set = self.of(site).and_then(|what| what.ttl);
        set.unwrap_or(stated)
    }

    /// What is said of the first tier, where a function says `stated`.
    #[cfg(feature = "remote")]
    #[inline]
    pub(super) fn l1(&self, site: &Site, stated: Near) -> Near {
        if self.is_empty() {
            return stated;
        }
        let set = self.of(site).and_then(|what| what.l1);
        set.unwrap_or(stated)
    }

    /// Whether one of them wants what only a backend that tells of changes can give.
    #[cfg(feature = "remote")]
    pub(super) fn want_watching(&self) -> bool {
        self.0.iter().any(|(_, what)| what.wants_watching())
    }

    /// Whether one of them states an age that nothing can have.
    pub(super) fn state_no_age(&self) -> bool {
        let mut said = self.0.iter().map(|(_, what)| what.l1);
        said.any(|said| matches!(said, Some(Near::AtMost(0 | Millis::MAX))))
    }

    /// Whether a function runs uncached.
    #[inline]
    pub(super) fn turn_off(&self, site: &Site) -> bool {
        !self.is_empty() && self.of(site).is_some_and(|what| what.off)
    }
}

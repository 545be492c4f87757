//! Policies that a deployment sets for templates, whatever their attributes say.

use crate::registry::Site;
use crate::time::Ttl;

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
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct Override {
    ttl: Option<Ttl>,
    off: bool,
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

    /// Whether a function runs uncached.
    #[inline]
    pub(super) fn turn_off(&self, site: &Site) -> bool {
        !self.is_empty() && self.of(site).is_some_and(|what| what.off)
    }
}

//! What makes the key that a cache keeps of the key that was rendered: a tenant in front of it, a
//! text of the cache's own in its place, a mark where its values stay in this process.
//!
//! A call's key is *placed* where the call finds its cache, on the caller's thread and before
//! anything is looked at, led or armed: [`Call`](super::Call) when it looks and before it misses,
//! entries and handles at each operation, mutators when they take on a target. From there on the
//! engine knows placed keys only, so whatever goes on in the background (renewals, deliveries,
//! repetitions) does so under the identity that the call had. No lock is held while the user's
//! functions run, and nothing is begun: their panic is the caller's.
//!
//! Tags, and a function as a whole, are names of one tenant as keys are: they are told apart by the
//! tenant of the key that carries them ([`Key::tag`]).
//!
//! What an `in_process` function keeps beside a shared backend has a *pinned* key: the first tier has
//! values of the backend under the same text, which are watched and are removed by news. Whoever names
//! a key means both, so only a look, a flight and a write of such a function have the mark.

use std::fmt;
use std::sync::Arc;

use super::Engine;
use crate::error::{Error, ErrorKind};
use crate::key::{Key, KeyError, Rendered, Tenant};
use crate::registry::Site;

/// How a cache places keys. Most do not: they keep keys as they are rendered.
#[derive(Clone, Default)]
pub(crate) struct Identity {
    pub(crate) tenant: Option<TenantOf>,
    pub(crate) text: Option<TextOf>,
}

/// What says whose call this is.
type TenantOf = Arc<dyn Fn() -> Tenant + Send + Sync>;
/// A key function.
type TextOf = Arc<dyn Fn(&str) -> String + Send + Sync>;

impl Identity {
    fn is_plain(&self) -> bool {
        self.tenant.is_none() && self.text.is_none()
    }

    /// `None` if keys stay what they are.
    pub(super) fn some(self) -> Option<Box<Self>> {
        (!self.is_plain()).then(|| Box::new(self))
    }
}

impl Engine {
    /// The tenant of this call; `None` in a cache without tenants.
    pub(crate) fn tenant(&self) -> Option<Tenant> {
        let tenant = self.identity.as_ref()?.tenant.as_ref()?;
        Some(tenant())
    }

    /// The key as this cache keeps it: of `tenant`, or else of the tenant of this call.
    ///
    /// # Errors
    /// The key function made an empty text of it.
    pub(crate) fn place(&self, key: Key, tenant: Option<&Tenant>) -> Result<Key, KeyError> {
        let identity = self.identity.as_ref().filter(|_| !key.is_placed());
        if identity.is_none() && tenant.is_none() {
            return Ok(key);
        }
        let current = if tenant.is_some() {
            None
        } else {
            self.tenant()
        };
        let text = self.text_of(key.text());
        key.placed(tenant.or(current.as_ref()), text.as_deref())
    }

    /// What the key function makes of a text.
    fn text_of(&self, text: &str) -> Option<String> {
        let make = self.identity.as_ref()?.text.as_ref()?;
        Some(make(text))
    }

    /// [`place`](Self::place) of the key of a function's call, where it stands.
    #[inline]
    pub(super) fn place_call(&self, key: &mut Rendered, site: &Site) {
        self.place_rendered(key, None);
        if site.policy.in_process {
            key.pin(self.pins(site));
        }
    }

    /// [`place`](Self::place) of a key where it stands.
    #[inline]
    pub(crate) fn place_rendered(&self, key: &mut Rendered, tenant: Option<&Tenant>) {
        if self.places_keys(tenant) {
            self.replace_rendered(key, tenant);
        }
    }

    /// Whether keys become others.
    #[inline]
    pub(crate) fn places_keys(&self, tenant: Option<&Tenant>) -> bool {
        self.identity.is_some() || tenant.is_some()
    }

    /// Whether the keys of this function are pinned: its values are in this process only, beside a
    /// shared backend.
    pub(crate) fn pins(&self, site: &Site) -> bool {
        site.policy.in_process && !self.is_local()
    }

    #[cold]
    fn replace_rendered(&self, rendered: &mut Rendered, tenant: Option<&Tenant>) {
        if let Ok(key) = rendered.key() {
            let placed = self.place(key.clone(), tenant);
            rendered.replace(placed);
        }
    }

    /// The name of a lock as this cache gives it.
    ///
    /// # Errors
    /// The key function made an empty text of it.
    #[cfg(feature = "remote")]
    pub(crate) fn place_lock(
        &self,
        name: &str,
        tenant: Option<&Tenant>,
    ) -> Result<super::remote::LockName, Error> {
        let text = self.text_of(name).unwrap_or_else(|| name.to_owned());
        if text.is_empty() {
            let message = "the cache's key function made an empty text of a lock's name";
            return Err(Error::new(ErrorKind::Key, message));
        }
        let tenant = tenant.cloned().or_else(|| self.tenant());
        Ok(super::remote::LockName { tenant, text })
    }

    /// Whose keys a tool sees.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where a key function made other texts of the keys.
    pub(crate) fn in_sight(&self, tenant: Option<&Tenant>) -> Result<Option<Tenant>, Error> {
        if self.identity.as_ref().is_some_and(|i| i.text.is_some()) {
            let message = "the keys of this cache are what its key function (`Builder::key_with`) \
                           made of them, which nobody can turn back, so they cannot be listed; \
                           give entries a tag to drop many at once";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(tenant.cloned().or_else(|| self.tenant()))
    }
}

/// The tags of an entry of the function under this key: in a tenant's key, the tenant's, and what
/// all entries of the function that the tenant has fall by.
pub(crate) fn tags_of(key: &Key, site: &Site, mut tags: Vec<Box<str>>) -> Vec<Box<str>> {
    let (Some(tenant), _) = key.parts() else {
        return tags;
    };
    for tag in &mut tags {
        *tag = key.tag(tag);
    }
    if !site.policy.direct {
        tags.push(function_tag(tenant, site));
    }
    tags
}

/// What all entries of a function fall by that one tenant has. No tag has this form.
pub(super) fn function_tag(tenant: &str, site: &Site) -> Box<str> {
    format!("@{tenant}*{}::{}", site.module(), site.name()).into()
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("tenants", &self.tenant.is_some())
            .field("texts", &self.text.is_some())
            .finish()
    }
}

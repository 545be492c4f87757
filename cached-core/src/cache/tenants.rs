//! Whose keys a handle works on.

use super::{Builder, Cache};
use crate::engine::Whose;
use crate::error::Error;
use crate::key::{IntoKey, Key, Rendered, Tenant};
use std::sync::Arc;

impl Builder {
    /// Gives every tenant entries of its own, of functions as of handles: what `tenant` returns is a
    /// part of each key, as if it stood in every template. It is asked at each call, on the caller's
    /// thread, so a thread-local or a task-local can hold the tenant of the request.
    ///
    /// ```
    /// use cached_core::{Cache, cached};
    ///
    /// tokio::task_local! {
    ///     static TENANT: String;
    /// }
    ///
    /// #[cached(key = "plan")]
    /// async fn plan() -> String {
    ///     format!("the plan of {}", TENANT.get())
    /// }
    ///
    /// # async fn example() -> Result<(), cached_core::Error> {
    /// let cache = Cache::memory().prefix_with(|| TENANT.get()).build()?;
    /// cached_core::install(cache.clone())?;
    /// for tenant in ["acme", "globex"] {
    ///     let request = async {
    ///         assert_eq!(plan().await, format!("the plan of {tenant}"));
    ///         plan::entry().invalidate().await; // this tenant's
    ///     };
    ///     TENANT.scope(tenant.to_owned(), request).await;
    /// }
    /// cache.for_tenant("acme").delete("plan").await?; // from a tool, without a request
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// - *Different tenants never share an entry*, whatever they are called: the name is encoded, and
    ///   the empty one is a tenant as any other. In keys of a shared backend it stands in front, and
    ///   as a hash where it is longer than 64 bytes encoded.
    /// - *Each call has one tenant*, the one at its beginning: for an async function when it is polled
    ///   first. A computation, a renewal, an invalidation that is delivered or repeated later goes
    ///   on under it, in whichever thread. A mutator has the tenant at its beginning, for targets that
    ///   depend on what it returns (`<result.id>`) the one at its end.
    /// - *Tags and `invalidate_all()`* reach the entries of the tenant that calls, and no other's.
    ///   [`clear`](Cache::clear) drops those of all.
    /// - [`keys`](Cache::keys) and [`delete_matching`](Cache::delete_matching) see the keys of the
    ///   tenant that calls, without it. [Events](crate::event) name keys and tags as they are kept,
    ///   with it: `acme:post:7`, `@acme:user:1`. [`lock`](Cache::lock) is a lock of the tenant.
    ///
    /// The function is called at least once per operation, so keep it cheap; it must not use this
    /// cache. If it panics, so does the call, before anything else was done. Every process that shares
    /// a backend needs the same function. Caches of [`testing::isolated`](crate::testing::isolated)
    /// have no tenants; give [`testing::with_cache`](crate::testing::with_cache) one that does.
    pub fn prefix_with<T: AsRef<str>>(
        mut self,
        tenant: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self {
        let tenant = move || Tenant::new(tenant().as_ref());
        self.config.identity.tenant = Some(Arc::new(tenant));
        self
    }

    /// Keeps every key under the text that `key` makes of it: to fit names that a server, a policy or
    /// another program expects. Django's `KEY_FUNCTION`.
    ///
    /// ```
    /// use cached_core::Cache;
    ///
    /// # async fn example() -> Result<(), cached_core::Error> {
    /// let cache = Cache::memory().key_with(|key| format!("eu-west:{key}")).build()?;
    /// cache.set("post:7", &"hello".to_owned(), 60).await?; // under `eu-west:post:7`
    /// assert_eq!(cache.get::<String>("post:7").await?.as_deref(), Some("hello"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It is given keys without version and tenant, which stay beside what it makes of them, and names
    /// of [locks](Cache::lock); tags it does not see. A key of more than 200 bytes it is given as the
    /// beginning and hash that such keys are; what it makes may be of any length and hold any
    /// character, and is treated as any key.
    ///
    /// **That different keys get different texts is up to you**: two keys of one text are one entry,
    /// and the functions that share it see each other's values. The same key has to get the same text
    /// always, and in every process that shares a backend: a cache without the function reads nothing
    /// of what is under the same names. An empty text is an
    /// [`ErrorKind::Key`](crate::ErrorKind::Key), with which a cached function runs uncached.
    ///
    /// Nobody can turn such texts back, so [`keys`](Cache::keys) and
    /// [`delete_matching`](Cache::delete_matching) are
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported). [Events](crate::event) name keys by
    /// the text. A panic is the caller's, as in [`prefix_with`](Self::prefix_with).
    pub fn key_with(mut self, key: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.config.identity.text = Some(Arc::new(key));
        self
    }
}

impl Cache {
    /// A handle to the entries of one tenant, whoever uses it: for tools, which run outside of any
    /// request (see [`Builder::prefix_with`]). The tenant goes with the operations of the handle, its
    /// locks and its tags; a function whose `cache = ..` gives such a handle has the tenant of its
    /// calls all the same.
    ///
    /// In a cache without tenants its keys are apart from all others, too.
    ///
    /// ```
    /// # async fn example(cache: &cached_core::Cache) -> Result<(), cached_core::Error> {
    /// let acme = cache.for_tenant("acme");
    /// let gone = acme.delete_matching("post:*").await?;
    /// acme.invalidate_tag("user:1").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_tenant(&self, name: &str) -> Self {
        Self {
            tenant: Some(Tenant::new(name)),
            ..self.clone()
        }
    }

    /// The key as the cache keeps it.
    pub(crate) fn key_of(&self, key: impl IntoKey) -> Result<Key, Error> {
        self.with_key(key, Key::clone)
    }

    /// What `act` makes of the key as the cache keeps it: where it stands, because moving a key costs
    /// more than writing one.
    pub(super) fn with_key<R>(
        &self,
        key: impl IntoKey,
        act: impl FnOnce(&Key) -> R,
    ) -> Result<R, Error> {
        let mut rendered = Rendered::empty();
        key.render(self.version, &mut rendered);
        self.engine
            .place_rendered(&mut rendered, self.tenant.as_ref());
        match rendered.key() {
            Ok(key) => Ok(act(key)),
            Err(error) => Err(error.clone().into()),
        }
    }

    /// What the tag is called among those of all tenants.
    pub(super) fn tag_of(&self, tag: impl IntoKey) -> Result<Box<str>, Error> {
        let tag = tag.into_key(self.version)?;
        let current = match &self.tenant {
            Some(tenant) => Some(tenant.clone()),
            None => self.engine.tenant(),
        };
        Ok(current.map_or_else(|| tag.text().into(), |tenant| tenant.tag(tag.text())))
    }

    /// Whose keys a tool with this handle sees.
    pub(super) fn whose(&self) -> Result<Whose, Error> {
        Ok(Whose {
            version: self.version,
            tenant: self.engine.in_sight(self.tenant.as_ref())?,
        })
    }

    #[cfg(feature = "remote")]
    pub(super) fn lock_name(&self, name: &str) -> Result<crate::engine::remote::LockName, Error> {
        self.engine.place_lock(name, self.tenant.as_ref())
    }
}

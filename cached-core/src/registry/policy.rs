//! What an attribute says of its function.

use super::site::{Role, Site, ValueId};
use crate::time::Ttl;

/// What the attribute said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) ttl: Ttl,
    pub(crate) ttl_none: Option<Ttl>,
    pub(crate) lock: Option<Ttl>,
    pub(crate) wait_ms: u64,
    pub(crate) version: u32,
    pub(crate) cache: Option<&'static str>,
    /// Whether it leaves both the cache and its first tier as they are.
    pub(crate) usual: bool,
    /// What is kept in this process in front of a shared backend.
    pub(crate) l1: Near,
    /// The cache is an expression, known at call time only.
    pub(crate) cache_expr: bool,
    pub(crate) in_process: bool,
    /// The low-level handle, whose callers state what they mean on each call.
    pub(crate) direct: bool,
    pub(crate) tags: &'static [&'static str],
    /// The declared meaning of the value's type.
    pub(crate) schema: Option<&'static str>,
}

/// What a function says of the first of two tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Near {
    AsTheCache,
    Never,
    /// What the backend tells the changes of, and nothing else.
    Watched,
    /// For so many milliseconds.
    AtMost(u64),
}

/// Nobody waits for another's computation longer than this, unless `wait` says so.
const DEFAULT_WAIT_MS: u64 = 5_000;

/// The version of a function that names none.
pub(crate) const DEFAULT_VERSION: u32 = 1;

/// The default lease of `lock`.
const DEFAULT_LEASE_MS: u64 = 10_000;

impl Policy {
    /// Of a function that says nothing.
    pub(super) const DEFAULT: Self = Self {
        ttl: Ttl::DEFAULT,
        ttl_none: None,
        lock: None,
        wait_ms: DEFAULT_WAIT_MS,
        version: DEFAULT_VERSION,
        cache: None,
        usual: true,
        l1: Near::AsTheCache,
        cache_expr: false,
        in_process: false,
        direct: false,
        tags: &[],
        schema: None,
    };
}

/// The policy, as the attributes spell it in a `static`.
#[doc(hidden)]
impl Site {
    #[must_use]
    pub const fn as_tag(mut self) -> Self {
        self.role = Role::TagMutator;
        self
    }

    #[must_use]
    pub const fn as_call(mut self) -> Self {
        self.role = Role::CallMutator;
        self
    }

    #[must_use]
    pub const fn ttl_ms(mut self, millis: u64) -> Self {
        self.policy.ttl = Ttl::from_millis(millis);
        self
    }

    #[must_use]
    pub const fn forever(mut self) -> Self {
        self.policy.ttl = Ttl::FOREVER;
        self
    }

    #[must_use]
    pub const fn ttl_none_ms(mut self, millis: u64) -> Self {
        self.policy.ttl_none = Some(Ttl::from_millis(millis));
        self
    }

    #[must_use]
    pub const fn ttl_none_forever(mut self) -> Self {
        self.policy.ttl_none = Some(Ttl::FOREVER);
        self
    }

    #[must_use]
    pub const fn lock(self) -> Self {
        self.lock_ms(DEFAULT_LEASE_MS)
    }

    #[must_use]
    pub const fn lock_ms(mut self, millis: u64) -> Self {
        self.policy.lock = Some(Ttl::from_millis(millis));
        self
    }

    #[must_use]
    pub const fn wait_ms(mut self, millis: u64) -> Self {
        self.policy.wait_ms = millis;
        self
    }

    #[must_use]
    pub const fn version(mut self, version: u32) -> Self {
        self.policy.version = version;
        self
    }

    #[must_use]
    pub const fn cache(mut self, name: &'static str) -> Self {
        self.policy.cache = Some(name);
        self.policy.usual = false;
        self
    }

    #[must_use]
    pub const fn l1_ms(mut self, millis: u64) -> Self {
        self.policy.l1 = Near::AtMost(millis);
        self.policy.usual = false;
        self
    }

    #[must_use]
    pub const fn no_l1(mut self) -> Self {
        self.policy.l1 = Near::Never;
        self.policy.usual = false;
        self
    }

    #[must_use]
    pub const fn cache_expr(mut self) -> Self {
        self.policy.cache_expr = true;
        self
    }

    #[must_use]
    pub const fn in_process(mut self) -> Self {
        self.policy.in_process = true;
        self
    }

    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.policy.tags = tags;
        self
    }

    #[must_use]
    pub const fn schema(mut self, schema: &'static str) -> Self {
        self.policy.schema = Some(schema);
        self
    }

    #[must_use]
    pub const fn value(mut self, value: fn() -> ValueId) -> Self {
        self.value = Some(value);
        self
    }
}

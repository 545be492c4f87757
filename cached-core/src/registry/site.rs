//! One annotated function and its compiled policy.

use std::any::TypeId;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::event::report;
use crate::time::Ttl;

/// What a site does with its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// `#[cached]`: reads and fills keys of the template.
    Reader,
    /// `#[invalidates]`: invalidates keys of the template.
    Mutator,
    /// `#[invalidates(tag = ..)]`: invalidates tags of the template.
    TagMutator,
    /// `#[invalidates(f(..))]`: invalidates entries of the function that the template names.
    CallMutator,
    /// `external!`: readers or mutators of the template outside of this binary.
    External,
}

/// The type a reader stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueId {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl ValueId {
    /// The identity of a stored type, as its shape tells it.
    pub fn of(shape: &impl crate::entry::Shape) -> Self {
        Self {
            id: shape.value_type(),
            name: shape.value_name(),
        }
    }
}

/// One annotated function: where it is, what it reads or invalidates, under which policy.
///
/// Built by the attributes in a `static`; read through [`sites`](crate::sites).
pub struct Site {
    role: Role,
    name: &'static str,
    template: &'static str,
    place: (&'static str, &'static str, u32),
    pub(crate) policy: Policy,
    value: Option<fn() -> ValueId>,
    number: AtomicU32,
    /// One more than [`rank`](Self::rank), once that was asked for.
    pub(super) ranked: AtomicU32,
    noticed: AtomicU32,
    self_type: OnceLock<&'static str>,
    /// What a shared backend knows all entries of the function by.
    #[cfg(feature = "remote")]
    pub(super) stamp: OnceLock<u64>,
    /// Whether another function has the same default key but for its place.
    #[cfg(feature = "remote")]
    pub(super) namesake: OnceLock<bool>,
}

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

/// Something a site has to tell once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Notice {
    BadKey = 1,
    BadTtl = 2,
    UnknownCache = 4,
    Disguised = 8,
    SelfType = 16,
    Unencodable = 32,
    #[cfg(feature = "remote")]
    Namesake = 64,
}

impl Site {
    const fn new(
        role: Role,
        name: &'static str,
        template: &'static str,
        place: (&'static str, &'static str, u32),
    ) -> Self {
        Self {
            role,
            name,
            template,
            place,
            policy: Policy {
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
            },
            value: None,
            number: AtomicU32::new(0),
            ranked: AtomicU32::new(0),
            noticed: AtomicU32::new(0),
            self_type: OnceLock::new(),
            #[cfg(feature = "remote")]
            stamp: OnceLock::new(),
            #[cfg(feature = "remote")]
            namesake: OnceLock::new(),
        }
    }

    /// A cached function.
    #[doc(hidden)]
    #[must_use]
    pub const fn reader(
        name: &'static str,
        template: &'static str,
        place: (&'static str, &'static str, u32),
    ) -> Self {
        Self::new(Role::Reader, name, template, place)
    }

    /// One target of a mutator.
    #[doc(hidden)]
    #[must_use]
    pub const fn mutator(
        name: &'static str,
        template: &'static str,
        place: (&'static str, &'static str, u32),
    ) -> Self {
        Self::new(Role::Mutator, name, template, place)
    }

    /// The low-level handle.
    pub(crate) const fn handle(place: (&'static str, &'static str, u32)) -> Self {
        let mut site = Self::new(Role::Reader, "cache handle", "", place);
        site.policy.direct = true;
        site
    }

    /// A declaration of what happens outside of this binary.
    #[doc(hidden)]
    #[must_use]
    pub const fn external(
        template: &'static str,
        place: (&'static str, &'static str, u32),
    ) -> Self {
        Self::new(Role::External, "external", template, place)
    }
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

impl Site {
    /// What the function does with the template.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The template, placeholders between `<` and `>`.
    #[must_use]
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// The module the function is in.
    #[must_use]
    pub fn module(&self) -> &'static str {
        self.place.0
    }

    /// The source file the attribute is in.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.place.1
    }

    /// The line the attribute is on.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.place.2
    }

    /// The TTL the attribute states; [`Ttl::DEFAULT`] if none or an expression.
    #[must_use]
    pub fn ttl(&self) -> Ttl {
        self.policy.ttl
    }

    /// The tags a reader declares, as templates.
    #[must_use]
    pub fn tags_declared(&self) -> &'static [&'static str] {
        self.policy.tags
    }

    /// The name of the cache a reader uses; `None` for the installed one.
    #[must_use]
    pub fn cache_name(&self) -> Option<&'static str> {
        self.policy.cache
    }

    /// The lease that `lock` asks for. In memory it changes nothing, because callers of one
    /// process share a computation anyway; a shared backend uses it across processes.
    #[must_use]
    pub fn lease(&self) -> Option<Ttl> {
        self.policy.lock
    }

    /// Whether the function is pinned to the memory of its process.
    #[must_use]
    pub fn is_in_process(&self) -> bool {
        self.policy.in_process
    }

    pub(crate) fn value_id(&self) -> Option<ValueId> {
        self.value.map(|value| value())
    }

    /// Whether its entries are elsewhere than under the plain text in the installed cache.
    pub(crate) fn is_detour(&self) -> bool {
        self.policy.cache.is_some() || self.policy.version != DEFAULT_VERSION
    }

    /// A small number of its own, for counters and stamps.
    #[inline]
    pub(crate) fn number(&self) -> u32 {
        match self.number.load(Ordering::Relaxed) {
            0 => self.assign_number(),
            number => number,
        }
    }

    #[cold]
    fn assign_number(&self) -> u32 {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        match self
            .number
            .compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => number,
            Err(assigned) => assigned,
        }
    }

    /// Reports a fault of this function, the first time it shows.
    #[cold]
    pub(crate) fn notice(&self, notice: Notice, message: impl FnOnce() -> String) {
        let bit = notice as u32;
        if !self.policy.direct && self.noticed.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            let (name, file, line) = (self.name, self.place.1, self.place.2);
            report(&format!("`{name}` ({file}:{line}): {}", message()));
        }
    }

    /// Whether every call so far was made on this `Self`. One site serves one type, because the
    /// macro cannot see the parameters of the `impl` block around a method.
    #[inline]
    pub(crate) fn serves(&self, self_type: &'static str) -> bool {
        let first = *self.self_type.get_or_init(|| self_type);
        std::ptr::eq(first, self_type) || first == self_type
    }
}

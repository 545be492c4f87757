//! What a checked `#[cached]` function is: expansion cannot fail from here on.

use proc_macro2::{Ident, Span};
use syn::{Expr, Type};

use crate::function::Function;
use crate::options::cache::Which;
use crate::options::duration::Duration;
use crate::options::l1::Kept;
use crate::options::lock::Lease;
use crate::paths::Runtime;
use crate::signature::Signature;
use crate::template::Template;

/// A cached function.
pub(crate) struct Model {
    pub(crate) runtime: Runtime,
    pub(crate) function: Function,
    pub(crate) signature: Signature,
    /// What its key and tags are made of: of a batch one id instead of all of them.
    pub(crate) keyed: Signature,
    pub(crate) batch: Option<Batch>,
    pub(crate) layout: Layout,
    pub(crate) key: Key,
    pub(crate) tags: Vec<Template>,
    pub(crate) policy: Policy,
    pub(crate) proofs: Vec<Proof>,
    /// Whether the function has a `Self` of the user's.
    pub(crate) is_method: bool,
}

/// What a batch is called for.
pub(crate) struct Batch {
    /// What one of the ids is called in templates.
    pub(crate) id: Ident,
    /// The argument that holds all of them.
    pub(crate) ids: Ident,
    /// The type of one.
    pub(crate) ty: Type,
    /// `[K]` or `Vec<K>`, where the body takes a reference to it.
    pub(crate) by_ref: Option<Type>,
}

/// Where the generated functions go.
pub(crate) enum Layout {
    /// A free function: an enum of this name holds them.
    Companion(Ident),
    /// An inherent method: they stand beside it, with this name in front.
    Siblings(Ident),
    /// Nothing can stand beside it: all happens inside of the function.
    Inline,
    /// Like `Inline`, but `#[cached_impl]` writes siblings with this name in front.
    Reached(Ident),
}

/// Where a key comes from.
pub(crate) enum Key {
    Template(Template),
    /// Module path, names of what surrounds the function, its name and its arguments.
    Default(DefaultKey),
}

/// A key that names every argument by itself.
pub(crate) struct DefaultKey {
    /// What follows the module path: `::get_post`.
    pub(crate) path: String,
    /// The bindings, and `self`, that were not skipped.
    pub(crate) parts: Vec<Ident>,
    pub(crate) types: Vec<Ident>,
    pub(crate) consts: Vec<Ident>,
}

/// The options that the runtime reads.
pub(crate) struct Policy {
    pub(crate) ttl: Option<Duration>,
    pub(crate) ttl_none: Option<Duration>,
    pub(crate) lock: Option<Lease>,
    pub(crate) wait: Option<u64>,
    pub(crate) cache: Option<Which>,
    pub(crate) version: Option<u32>,
    pub(crate) schema: Option<String>,
    pub(crate) share_err: bool,
    pub(crate) in_process: bool,
    pub(crate) l1: Option<Kept>,
    pub(crate) weigh: Option<Expr>,
    /// Whether two types may share what one method stored.
    pub(crate) any_self: bool,
}

/// What the compiler has to prove about the function.
pub(crate) enum Proof {
    /// An argument that is not in the key only leads to data.
    Handle(Box<Type>),
    /// `Self`, which is not in the key, only leads to data.
    SelfHandle(Span),
    /// `self`, taken by value, can be used for the key and for the body.
    CopySelf(Span),
}

impl Policy {
    /// The TTL, where it is an expression that is evaluated at each call.
    pub(crate) fn computed_ttl(&self) -> Option<&Expr> {
        match &self.ttl {
            Some(Duration::Computed(ttl)) => Some(ttl),
            Some(Duration::Millis(_) | Duration::Forever) | None => None,
        }
    }

    /// The cache, where it is an expression that generated functions have to evaluate.
    pub(crate) fn computed_cache(&self) -> Option<&Expr> {
        match &self.cache {
            Some(Which::Computed(cache)) => Some(cache),
            Some(Which::Named(_)) | None => None,
        }
    }
}

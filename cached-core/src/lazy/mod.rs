//! Lazy fields: a value that a struct computes from itself on first use and keeps.
//!
//! [`CachedProperty<T>`] is the field, [`#[cached_property]`](crate::cached_property) turns a
//! method into its getter, and `#[invalidates(self.field)]` resets it around a method that changes
//! what it was computed from. A property belongs to one instance and lives as long as it does;
//! nothing is keyed, shared between instances or sent anywhere. Use
//! [`#[cached]`](crate::cached) for values that are looked up by arguments, and a plain field for
//! values that are cheap.
//!
//! ```
//! use cached_core::{CachedProperty, cached_property, invalidates};
//!
//! #[derive(Clone, Debug, Default, PartialEq)]
//! struct Article {
//!     body: String,
//!     word_count: CachedProperty<usize>,
//! }
//!
//! impl Article {
//!     #[cached_property]
//!     fn word_count(&self) -> usize {
//!         self.body.split_whitespace().count()
//!     }
//!
//!     #[invalidates(self.word_count)]
//!     fn set_body(&mut self, body: &str) {
//!         self.body = body.into();
//!     }
//! }
//!
//! let mut article = Article { body: "one two".into(), ..Article::default() };
//! assert_eq!(article.word_count(), &2);
//! article.set_body("one two three");
//! assert_eq!(article.word_count(), &3);
//! ```

mod compute;
mod gate;
pub(crate) mod generated;
mod owned;
mod serde;
mod shared;
mod traits;

#[cfg(test)]
mod tests;

use self::owned::OwnedCell;
use self::shared::SharedCell;
pub use self::shared::Within;

/// A field that is computed on first use and kept until it is reset.
///
/// `CachedProperty<T>` hands out `&T`, so a computed value stays until `&mut self` resets it.
/// `CachedProperty<T, Shared>` hands out [`Arc<T>`](std::sync::Arc): it can be reset, and can grow
/// old (`ttl`), while others hold its value; it starts with [`CachedProperty::new_shared`]. Both are as `Send` and `Sync` as their contents allow.
///
/// # One computation
///
/// Of callers that meet an empty property one computes and the others wait for it, threads and
/// tasks alike, on any runtime or none. An `Err` is not kept: its callers compute for themselves.
/// Nobody waits for more than five seconds, for a computation that waits for the caller, or on a
/// thread for a task: such a caller computes too, and the value that is finished first is kept.
/// That also holds for a property that reads itself. A panic or a dropped future frees all waiters.
///
/// # What it is not
///
/// It is no part of the value it belongs to: a clone starts empty, and comparison, ordering and
/// hashing ignore it, so every derive on the struct keeps meaning what it meant. So it is no key
/// either.
///
/// # Values from a cache
///
/// An `Arc<Post>` that a cached function returns is one `Post`: what one caller computed lazily,
/// all others find. A `Post` returned by value is a clone (from a remote tier: a decoded copy),
/// and starts empty.
///
/// ```
/// use cached_core::CachedProperty;
/// use std::sync::Arc;
///
/// #[derive(Clone)]
/// struct Post { title: String, slug: CachedProperty<String> }
///
/// let post = Arc::new(Post { title: "A b".into(), slug: CachedProperty::new() });
/// post.slug.get_or_init(|| post.title.replace(' ', "-"));
/// assert!(Arc::clone(&post).slug.get().is_some());
/// assert!(Post::clone(&post).slug.get().is_none());
/// ```
///
/// # Serialisation and databases
///
/// It serialises as `None` and reads back empty from whatever is there, or from a field that is
/// missing. To leave it out altogether, skip it; the same goes for rows, which have no column for
/// it (`#[sqlx(skip)]` on a `FromRow` struct). Both fill it by [`Default`].
///
/// ```
/// use cached_core::CachedProperty;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Row {
///     id: u64,
///     score: CachedProperty<f64>,
///     #[serde(skip)] // with sqlx, on the field of a `FromRow` struct: #[sqlx(skip)]
///     rank: CachedProperty<u32>,
/// }
///
/// let row = Row { id: 7, score: CachedProperty::new(), rank: CachedProperty::default() };
/// row.score.get_or_init(|| 0.5);
/// assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"id":7,"score":null}"#);
/// let row: Row = serde_json::from_str(r#"{"id":7}"#).unwrap();
/// assert!(row.score.get().is_none());
/// ```
///
/// Formats that write fields by position only (bincode, MessagePack's default) cannot leave a
/// field out: there, data of a struct that did not have the property yet does not fit it.
pub struct CachedProperty<T, K: Kind<T> = Owned> {
    cell: K::Cell,
}

/// The kind of [`CachedProperty`] that hands out references.
#[derive(Debug, Clone, Copy)]
pub enum Owned {}

/// The kind of [`CachedProperty`] that hands out `Arc`s.
#[derive(Debug, Clone, Copy)]
pub enum Shared {}

/// How a [`CachedProperty`] holds its value: [`Owned`] or [`Shared`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no kind of property",
    note = "write `CachedProperty<T>`, or `CachedProperty<T, Shared>` to hand out `Arc<T>`"
)]
pub trait Kind<T>: sealed::Sealed {
    #[doc(hidden)]
    type Cell: sealed::Cell;
    #[doc(hidden)]
    const EMPTY: Self::Cell;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Owned {}
    impl Sealed for super::Shared {}

    /// What both kinds of cell can do.
    pub trait Cell {
        fn is_computed(&self) -> bool;
        fn clear(&mut self);
    }
}

impl<T> Kind<T> for Owned {
    type Cell = OwnedCell<T>;
    const EMPTY: OwnedCell<T> = OwnedCell::new();
}

impl<T> Kind<T> for Shared {
    type Cell = SharedCell<T>;
    const EMPTY: SharedCell<T> = SharedCell::new();
}

impl<T, K: Kind<T>> CachedProperty<T, K> {
    const EMPTY: Self = Self { cell: K::EMPTY };
}

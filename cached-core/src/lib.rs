//! Memoization with invalidation that no computation under way can overtake.
//!
//! ```
//! use cached_core::{Handle, cached, invalidates};
//!
//! #[derive(Handle)] // reaches data, is none: never part of a key
//! struct Db;
//!
//! #[cached(key = "post:<id>", ttl = 300)]
//! async fn get_post(db: &Db, id: u64) -> Result<String, std::io::Error> {
//!     Ok(format!("post {id}")) // a query, in real life
//! }
//!
//! #[invalidates("post:<id>")]
//! async fn update_post(db: &Db, id: u64, title: &str) -> Result<(), std::io::Error> {
//!     Ok(())
//! }
//!
//! # async fn example(db: Db) -> Result<(), std::io::Error> {
//! get_post(&db, 7).await?; // computes
//! get_post(&db, 7).await?; // a hit
//! update_post(&db, 7, "new").await?; // whoever reads from now on sees the new post
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - A value whose computation began before an invalidation completed is never stored, and never
//!   returned to a call that begins after it. An invalidation never waits for a computation.
//! - Concurrent misses of one key run the body once. Nobody waits longer than `wait` (5 seconds):
//!   past it, a caller computes for itself.
//! - A fault of the cache never becomes an error of your function.
//! - Different arguments never share a key: an argument that is neither in the key nor skipped is
//!   a compile error.
//! - Every future can be dropped at any await.
//!
//! # Where to look
//!
//! - [`#[cached]`](macro@cached) and its options; [`#[invalidates]`](macro@invalidates);
//!   [`#[cached_property]`](macro@cached_property) for lazy fields.
//! - [`Cache`]: the low-level handle, named caches, bounds; [`install`].
//! - [`Entry`]: the entries of one function, `get_post::entry(7)`.
//! - [`KeyPart`], [`KeyType`], [`Handle`]: what arguments are to a key.
//! - [`check`](check()), [`sites`], [`stats`]: what the binary caches, and how well.
//! - [`testing`](https://docs.rs/cached-core/latest/cached_core/testing): isolated caches, manual
//!   time, recorded events (feature `testing`).
//!
//! # Features
//!
//! `macros` (default): the attributes. `tokio`: [`spawn`](crate::with_context) with context.
//! `testing`. `tracing`, `metrics`: subscribers in [`event`]. `uuid`, `chrono`, `time`: key parts.
//! `sqlx`: pools are handles. `config`: caches by a file.
//!
//! Shared backends, by URL ([`Cache::connect`]): `redis`, `redis-tls`, `memcached`, `sqlite`,
//! `postgres`, `mysql`, `sql-tls`, `file`; `remote` for one of your own. Formats of what
//! is stored there: `postcard`, `json`, `compress`.
//!
//! # When not to use it
//!
//! Without a shared backend entries live in the memory of one process, and several processes do not
//! see each other's invalidations. There is no stale-while-revalidate and no early refresh yet.

// Without the macros, the links to them lead nowhere.
#![cfg_attr(not(feature = "macros"), allow(rustdoc::broken_intra_doc_links))]

#[doc(hidden)]
pub mod __private;
#[cfg(feature = "testing")]
pub mod testing;

mod cache;
pub mod lazy;

mod engine;

mod registry;

#[cfg(feature = "remote")]
pub mod backend;
#[cfg(not(feature = "remote"))]
mod backend;

mod value;

#[cfg(feature = "remote")]
mod codec;

mod entry;
pub mod event;
mod tag;

#[cfg(feature = "remote")]
mod cell;

mod error;
mod key;
mod sync;
pub mod time;
mod weigh;

#[cfg(feature = "config")]
pub use cache::Config;
pub use cache::{
    BlockingCache, BlockingEntry, BlockingEntryAll, BlockingPlainEntry, Builder, Cache, Entry,
    EntryAll, PlainEntry, install, replace,
};
#[cfg(feature = "remote")]
pub use cache::{BlockingLock, BlockingLockGuard, Lock, LockGuard};
#[cfg(feature = "remote")]
pub use codec::Format;
#[cfg(feature = "tokio")]
pub use engine::spawn;
pub use engine::{Override, bypass, bypass_blocking, refresh, refresh_blocking, with_context};
pub use error::{Error, ErrorKind};
pub use event::{Delivery, Outcome};
pub use key::{Handle, IntoKey, Key, KeyError, KeyPart, KeyType, KeyWriter};
pub use lazy::{CachedProperty, Shared};
pub use registry::{Finding, FunctionStats, Report, Role, Site, Stats, check, sites, stats};
pub use time::Ttl;
pub use value::{Local, Portable};

#[cfg(feature = "macros")]
pub use cached_macros::{
    Handle, KeyPart, KeyType, cached, cached_impl, cached_property, invalidate,
    invalidate_blocking, invalidates, key,
};

/// Declares a template whose readers or mutators are outside of this binary, for
/// [`check`](crate::check()).
///
/// ```
/// cached_core::external!("user:<id>");
/// ```
#[macro_export]
macro_rules! external {
    ($template:literal) => {
        const _: () = {
            static SITE: $crate::__private::Site = $crate::__private::Site::external(
                $template,
                (::core::module_path!(), ::core::file!(), ::core::line!()),
            );
            $crate::__private::inventory::submit! { $crate::__private::Registered(&SITE) }
        };
    };
}

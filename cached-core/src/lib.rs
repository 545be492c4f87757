//! Memoization with invalidation that no computation under way can overtake.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
pub mod __private;
#[cfg(feature = "testing")]
pub mod testing;

mod cache;
mod lazy;

mod engine;

mod registry;

mod backend;

mod value;

mod entry;
pub mod event;
mod tag;

mod error;
mod key;
mod sync;
pub mod time;
mod weigh;

pub use cache::{
    BlockingCache, BlockingEntry, BlockingEntryAll, BlockingPlainEntry, Builder, Cache, Entry,
    EntryAll, PlainEntry, install, replace,
};
#[cfg(feature = "tokio")]
pub use engine::spawn;
pub use engine::{bypass, bypass_blocking, refresh, refresh_blocking, with_context};
pub use error::{Error, ErrorKind};
pub use event::{Delivery, Outcome};
pub use key::{Handle, IntoKey, Key, KeyError, KeyPart, KeyType, KeyWriter};
pub use lazy::*;
pub use registry::{Finding, FunctionStats, Report, Role, Site, Stats, check, sites, stats};
pub use time::Ttl;
pub use value::{Local, Portable};

#[cfg(feature = "macros")]
pub use cached_macros::*;

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

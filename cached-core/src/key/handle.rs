//! [`Handle`]: arguments that reach data but are none.

use std::rc::Rc;
use std::sync::Arc;

/// An argument that reaches data but is none: a connection pool, a client, a configuration.
///
/// Arguments of such types need not be in the key. Derive it for a type of your own only if no
/// two values of it, in one process and cache, could make a function return different results.
/// Database pools of sqlx are handles with feature `sqlx`.
#[diagnostic::on_unimplemented(
    message = "an argument of type `{Self}` is not in the key",
    label = "neither in the key nor skipped, and its type is not a `Handle`",
    note = "if the result depends on it, write `<arg>` (or `<arg.field>`, `<arg:hash>`) in the key template",
    note = "if the result does not depend on it, write `skip(arg)`",
    note = "if its type only reaches data, as a pool or a client does, put `#[derive(cached_core::Handle)]` on the type"
)]
pub trait Handle {}

impl<H: Handle + ?Sized> Handle for &H {}
impl<H: Handle + ?Sized> Handle for Box<H> {}
impl<H: Handle + ?Sized> Handle for Rc<H> {}
impl<H: Handle + ?Sized> Handle for Arc<H> {}

// Not listed in errors, which would otherwise differ by feature.
#[cfg(feature = "sqlx")]
#[diagnostic::do_not_recommend]
impl<DB: sqlx_core::database::Database> Handle for sqlx_core::pool::Pool<DB> {}

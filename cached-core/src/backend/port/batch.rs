//! Several operations at once.

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;

use crate::cell::Cell;
use crate::error::Error;

/// A cell on its way in.
#[derive(Debug, Clone, Copy)]
pub struct Put<'a> {
    /// Where it goes.
    pub key: &'a str,
    /// What goes there.
    pub cell: &'a Cell,
    /// How long it is to live; `None`: until it is replaced.
    pub ttl: Option<Duration>,
}

/// Some of the names of a [`scan`](super::Backend::scan).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The names, in no order; a page may hold none and yet not be the last.
    pub names: Vec<String>,
    /// What to go on after; `None` on the last page.
    pub next: Option<String>,
}

/// All of them side by side; every one has ended when this ends, however it ends.
pub(super) async fn each<T, C: FromIterator<T>>(
    operations: impl Iterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<C, Error> {
    join_all(operations).await.into_iter().collect()
}

/// The same, with what each of them came to.
pub(super) async fn each_by_itself<T>(
    operations: impl Iterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<Result<T, Error>>, Error> {
    Ok(join_all(operations).await)
}

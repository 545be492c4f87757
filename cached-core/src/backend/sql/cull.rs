//! Expired rows go, a few at a time, for as long as the backend is used.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::sleep;

use super::dialect::{Arg, Dialect};
use super::inner::{Inner, Lane, jittered};

/// Between two looks, unless the last one left something. Several processes may look at once, so
/// each waits a time of its own.
const INTERVAL: Duration = Duration::from_secs(60);
/// The same if it did, and before the first one: a program may run for seconds only.
const BUSY_INTERVAL: Duration = Duration::from_secs(2);

/// Rows of one statement: its locks are held for a few milliseconds at most.
const ROWS: i64 = 200;

/// Statements of one look.
const STATEMENTS: u32 = 20;

/// Removes what is expired until the backend is dropped.
pub(super) async fn keep<D: Dialect>(inner: Weak<Inner<D>>) {
    let mut interval = BUSY_INTERVAL;
    loop {
        sleep(jittered(interval)).await;
        let Some(inner) = inner.upgrade() else { return };
        inner.tidy();
        interval = if inner.look().await {
            INTERVAL
        } else {
            BUSY_INTERVAL
        };
    }
}

impl<D: Dialect> Inner<D> {
    /// Everything that is done from time to time; false if there is more to do.
    pub(super) async fn look(&self) -> bool {
        let culled = self.cull().await;
        let shrunk = match &self.folder {
            // A fault shows in the operations as well; the next look tries again.
            Some(folder) => self.shrink(folder).await.unwrap_or(true),
            None => true,
        };
        culled && shrunk
    }

    /// Removes expired rows; false if it ended before all expired rows were gone.
    pub(super) async fn cull(&self) -> bool {
        for _ in 0..STATEMENTS {
            let rows = [Arg::Int(ROWS)];
            let removed = self
                .attempt(Lane::Write, &self.statements.cull, &rows)
                .await;
            let removed = removed.map_or(0, |answer| answer.total());
            if removed < ROWS.unsigned_abs() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    }
}

//! Expired rows go, a few at a time, for as long as the backend is used.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::sleep;

use super::dialect::{Arg, Dialect};
use super::inner::{Inner, Lane, jittered};

/// Between two looks, unless the last one left something. Several processes may look at once, so
/// each waits a time of its own.
const INTERVAL: Duration = Duration::from_secs(60);
const BUSY_INTERVAL: Duration = Duration::from_secs(2);

/// Rows of one statement: its locks are held for a few milliseconds at most.
const ROWS: i64 = 200;

/// Statements of one look.
const STATEMENTS: u32 = 20;

/// Removes what is expired until the backend is dropped.
pub(super) async fn keep<D: Dialect>(inner: Weak<Inner<D>>) {
    let mut interval = INTERVAL;
    loop {
        sleep(jittered(interval)).await;
        let Some(inner) = inner.upgrade() else { return };
        inner.tidy();
        interval = if inner.cull().await {
            INTERVAL
        } else {
            BUSY_INTERVAL
        };
    }
}

impl<D: Dialect> Inner<D> {
    /// One look; false if it ended before all expired rows were gone.
    pub(super) async fn cull(&self) -> bool {
        for _ in 0..STATEMENTS {
            let rows = [Arg::Int(ROWS)];
            let removed = self
                .attempt(Lane::Write, &self.statements.cull, &rows)
                .await;
            // A fault shows in the operations as well; the next look tries again.
            let removed = removed.map_or(0, |answer| answer.total());
            if removed < ROWS.unsigned_abs() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    }
}

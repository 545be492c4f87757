//! Questions that put cells, carried to their end whoever waits for the answer.
//!
//! What was sent may be carried out although nobody waits for it any more, and after what was sent
//! later: a busy database has the claim on its way over one connection while the release comes over
//! another. Such a lease would stand for its whole time, with nobody to fill it; such a value would
//! be there after an invalidation that was acknowledged. (A fill would not: it names the token that
//! it replaces.) So a question that is left goes on in the background, and when the answer comes, a
//! lease that it has put there is given back, and so is a value that was [overtaken](super::unlanded).
//! Where no answer comes, or one that leaves open what happened, they are looked for a few times.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::Remote;
use super::guard::is_outage;
use super::place::Place;
use crate::cell::{Cell, Token};
use crate::error::Error;

/// How long an answer is waited for, beside the time that so many cells take: longer than an adapter
/// of this library takes to say that none will come.
const LAST: Duration = Duration::from_secs(30);

/// The pauses between looks for what may have been put there without an answer.
const LOOKS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(9),
];

type Question<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// As many keys as are read at once.
const LARGE: usize = 10_000;

/// How often a backend that does not answer is asked for values; once each of the last pause.
const PATIENCE: usize = 100;

/// So many are taken back at once.
const AT_ONCE: usize = 64;

/// The names of cells, and their tokens.
pub(super) type Named = Vec<(String, Token)>;

/// What a question puts there.
pub(super) fn named<'c>(cells: impl IntoIterator<Item = (&'c Place, &'c Cell)>) -> Named {
    let named = |(place, cell): (&Place, &Cell)| Some((place.name.to_string(), cell.token()?));
    cells.into_iter().filter_map(named).collect()
}

/// A question that puts cells. Dropped on its way, it goes on in the background.
pub(super) struct Landing<T: Send + 'static> {
    remote: Arc<Remote>,
    /// `None` once it was answered.
    question: Option<Question<T>>,
    begun: bool,
    cells: Named,
    /// Whether they are of use to others, though nobody hears of them.
    of_use: bool,
}

impl<T: Send + 'static> Landing<T> {
    /// One that puts leases. Nothing is asked before the first poll.
    pub(super) fn new(
        remote: &Arc<Remote>,
        leases: Named,
        question: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Self {
        Self {
            remote: Arc::clone(remote),
            question: Some(Box::pin(question)),
            begun: false,
            cells: leases,
            of_use: false,
        }
    }

    /// One that puts values.
    pub(super) fn of_values(
        remote: &Arc<Remote>,
        values: Named,
        question: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Self {
        let mut landing = Self::new(remote, values, question);
        landing.of_use = true;
        landing
    }

    fn strays(&mut self) -> Strays {
        Strays::new(&self.remote, std::mem::take(&mut self.cells), self.of_use)
    }
}

impl<T: Send + 'static> Future for Landing<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.begun = true;
        let polled = match &mut self.question {
            Some(question) => question.as_mut().poll(cx),
            None => Poll::Pending,
        };
        if let Poll::Ready(answer) = &polled {
            self.question = None;
            if leaves_open(answer) {
                let strays = self.strays();
                self.remote.runtime.spawn(strays.look_for());
            }
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Landing<T> {
    fn drop(&mut self) {
        if let Some(question) = self.question.take().filter(|_| self.begun) {
            let strays = self.strays();
            self.remote.runtime.spawn(strays.see_off(question));
        }
    }
}

/// Whether nobody can say if it was carried out, or is yet to be.
fn leaves_open<T>(answer: &Result<T, Error>) -> bool {
    answer.as_ref().is_err_and(is_outage)
}

/// Cells that may be put there with nobody to see to them. As long as this is there, whoever of this
/// process meets one that is of no use takes its place.
struct Strays {
    remote: Weak<Remote>,
    cells: Named,
    of_use: bool,
}

impl Strays {
    fn new(remote: &Arc<Remote>, cells: Named, of_use: bool) -> Self {
        if of_use {
            remote.unlanded.add(&cells);
        } else {
            let tokens = cells.iter().map(|(_, token)| *token);
            tokens.for_each(|token| remote.released.add(token));
        }
        Self {
            remote: Arc::downgrade(remote),
            cells,
            of_use,
        }
    }

    /// Waits for the answer, and takes back what it put there.
    async fn see_off<T>(self, question: Question<T>) {
        let last = LAST + self.time_for_all();
        let open = match timeout(last, question).await {
            Ok(answer) => leaves_open(&answer) || self.take_back().await.is_none(),
            Err(_) => true,
        };
        if open {
            self.look_for().await;
        } else {
            self.outlast_reads().await;
        }
    }

    /// A read that was sent before a value was taken back may be answered after.
    async fn outlast_reads(&self) {
        let Some(remote) = self.remote.upgrade().filter(|_| self.of_use) else {
            return;
        };
        let longest = Duration::from_millis(remote.limit_for(LARGE));
        if !remote.unlanded.overtaken(&self.cells).is_empty() {
            drop(remote);
            sleep(longest).await;
        }
    }

    fn time_for_all(&self) -> Duration {
        let limit = |remote: Arc<Remote>| remote.limit_for_writes(self.cells.len());
        Duration::from_millis(self.remote.upgrade().map_or(0, limit))
    }

    /// Takes back what is put there late. A lease that comes later ends by itself; values are looked
    /// for until the backend has answered as often.
    async fn look_for(self) {
        let [.., last] = LOOKS;
        let (mut looks, mut patience) = (0, PATIENCE);
        while looks < LOOKS.len() {
            sleep(LOOKS.get(looks).copied().unwrap_or(last)).await;
            match self.take_back().await {
                Some(true) => break,
                None if self.of_use && patience > 0 => patience -= 1,
                _ => looks += 1,
            }
        }
        self.outlast_reads().await;
    }

    /// Whether all of them were there, or whoever asked for them is gone. `None`: not every one was
    /// looked for.
    async fn take_back(&self) -> Option<bool> {
        let Some(remote) = self.remote.upgrade() else {
            return Some(true);
        };
        let cells = match self.of_use {
            true => Cow::Owned(remote.unlanded.overtaken(&self.cells)),
            false => Cow::Borrowed(&self.cells),
        };
        let mut all = cells.len() == self.cells.len();
        for cells in cells.chunks(AT_ONCE) {
            let releasing = cells.iter().map(|(name, token)| {
                let operation = remote.backend.release(name, *token);
                remote.ask(remote.limits.operation, operation)
            });
            for released in join_all(releasing).await {
                all &= released.ok()?;
            }
        }
        Some(all)
    }
}

impl Drop for Strays {
    fn drop(&mut self) {
        let Some(remote) = self.remote.upgrade() else {
            return;
        };
        if self.of_use {
            let overtaken = remote.unlanded.remove(&self.cells).into_iter();
            overtaken.for_each(|(_, token)| remote.overtaken.remove(token));
        } else {
            let tokens = self.cells.iter().map(|(_, token)| *token);
            tokens.for_each(|token| remote.has_released(token));
        }
    }
}

//! Keeps one connection alive, on the background runtime: connects on demand, notices a loss,
//! connects again.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::clock::RESAMPLE;
use super::fault::Fault;
use super::link::Link;
use super::node::Common;
use super::wait::first;
use super::whom::{Met, Whom, deposed};
use crate::cell::Token;
use crate::error::ErrorKind;

/// The pause after the first failed attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A connection that held this long is no sign of trouble when it ends.
const STEADY: Duration = Duration::from_secs(1);

/// Without operations for this long, a server that is down is left alone until the next one.
const INTEREST: Duration = Duration::from_secs(30);

/// How often a connection is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How long an answer may be overdue while somebody waits for one.
const OVERDUE: Duration = Duration::from_secs(1);

/// How often a server among others is asked whether it is still in the same reign.
const REVIEW: Duration = Duration::from_secs(1);

/// An idle connection is pinged after this time, and given up if it does not answer in as much: what
/// is kept of its server in memory is believed no longer than three seconds after it fell silent.
const IDLE: Duration = Duration::from_secs(1);

/// Where the connection stands.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    /// Nobody has asked for it, for a while at least.
    Idle,
    /// An attempt is under way.
    Connecting,
    /// It is there.
    Live(Arc<Link>),
    /// The last attempt failed; the next comes by itself.
    Down(Fault),
}

/// What the handles and the keeper share.
pub(super) struct Shared {
    pub(super) whom: Whom,
    common: Arc<Common>,
    phase: watch::Sender<Phase>,
    demand: Demand,
}

/// That somebody wants the connection.
struct Demand {
    last: Mutex<Instant>,
    bell: Notify,
}

impl Shared {
    /// Nothing happens yet: [`keep`] does it.
    pub(super) fn new(whom: Whom, common: Arc<Common>) -> Self {
        Self {
            whom,
            common,
            phase: watch::Sender::new(Phase::Idle),
            demand: Demand {
                last: Mutex::new(Instant::now()),
                bell: Notify::new(),
            },
        }
    }

    /// The connection, if it is there.
    pub(super) fn live(&self) -> Option<Arc<Link>> {
        match &*self.phase.borrow() {
            Phase::Live(link) if !link.lost().is_declared() => Some(Arc::clone(link)),
            _ => None,
        }
    }

    /// The connection, once the attempt under way has succeeded; the fault if it failed, or if
    /// the last one did and the next has not begun.
    pub(super) async fn wait(&self) -> Result<Arc<Link>, Fault> {
        // Subscribed before the look, so that no change falls between.
        let mut changes = self.phase.subscribe();
        self.demand.ring();
        loop {
            match &*changes.borrow_and_update() {
                Phase::Live(link) if !link.lost().is_declared() => return Ok(Arc::clone(link)),
                Phase::Down(fault) => return Err(fault.clone()),
                Phase::Idle | Phase::Connecting | Phase::Live(_) => {}
            }
            // The sender is `self`'s own.
            let _ = changes.changed().await;
        }
    }

    /// The pause after a failed attempt, and, if nobody asks any more, the wait for demand.
    async fn rest(&self, failures: u32) {
        tokio::time::sleep(pause(failures, draw())).await;
        if !self.demand.is_recent() {
            self.phase.send_replace(Phase::Idle);
            self.demand.bell.notified().await;
        }
    }

    /// Shows a new connection; its marks first, so that whoever got an answer over it sees them.
    fn publish(&self, link: &Arc<Link>) {
        self.common.met(link);
        link.lost().begin_use();
        self.phase.send_replace(Phase::Live(Arc::clone(link)));
    }
}

impl Demand {
    fn ring(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.bell.notify_one();
    }

    fn is_recent(&self) -> bool {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
            < INTEREST
    }
}

/// Connects, watches, connects again; for as long as the runtime lets it.
pub(super) fn keep(shared: Arc<Shared>) -> impl Future<Output = ()> + Send {
    // Before the first poll: a runtime that was shut down drops the future without one.
    let ended = Ended(shared);
    async move {
        let shared = &*ended.0;
        let mut failures = 0;
        loop {
            shared.phase.send_replace(Phase::Connecting);
            match shared.whom.link(&shared.common).await {
                Ok(met) => failures = hold(shared, met).await.map_or(0, |()| failures + 1),
                Err(fault) => {
                    failures += 1;
                    shared.phase.send_replace(Phase::Down(fault));
                }
            }
            if failures > 0 {
                shared.rest(failures).await;
            }
        }
    }
}

/// Says that nobody keeps the connection any more: the runtime was shut down.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        let what = "the background runtime of the cache has ended; keep it for as long as the \
                    cache is used";
        let fault = Fault::new(ErrorKind::Unavailable, self.0.whom.at(), what);
        self.0.phase.send_replace(Phase::Down(fault));
    }
}

/// Serves a connection until it ends. `Some` if that was so soon that the next one should not be
/// made at once.
async fn hold(shared: &Shared, met: Met) -> Option<()> {
    let (link, named) = met.into_parts();
    let link = Arc::new(link);
    let began = Instant::now();
    shared.publish(&link);
    first(watch_over(&link), deposed(named)).await;
    link.lost().declare();
    let soon = began.elapsed() < STEADY;
    soon.then(|| {
        let fault = Fault::lost(shared.whom.at());
        shared.phase.send_replace(Phase::Down(fault));
    })
}

/// Ends when the connection does, or when it no longer answers.
async fn watch_over(link: &Link) {
    let mut quiet = Quiet::new();
    let (mut sampled, mut seen) = (Instant::now(), Instant::now());
    loop {
        if link.lost().or(tokio::time::sleep(LOOK)).await.is_none() {
            return;
        }
        let (asked, heard) = link.pulse().counts();
        if let Some(limit) = quiet.look(asked, heard) {
            if !link.answers_within(limit).await {
                return;
            }
            quiet.answered(asked);
        }
        // No answer to these says as much as none to a ping.
        if seen.elapsed() >= REVIEW {
            let reigns = tokio::time::timeout(OVERDUE, link.reigns()).await;
            if !matches!(reigns, Ok(true)) {
                return;
            }
            seen = Instant::now();
        }
        if sampled.elapsed() >= RESAMPLE {
            // A server that tells no time is known for it since it was greeted.
            let told = tokio::time::timeout(OVERDUE, link.sample_clock()).await;
            if told.is_err() {
                return;
            }
            sampled = Instant::now();
        }
    }
}

/// Since when nothing was heard, and whether somebody may still wait for an answer.
struct Quiet {
    /// So many questions are known to be answered or given up.
    settled: u64,
    heard: u64,
    since: Instant,
}

impl Quiet {
    fn new() -> Self {
        Self {
            settled: 0,
            heard: 0,
            since: Instant::now(),
        }
    }

    /// How long the answer to a ping may take, if it is time for one.
    fn look(&mut self, asked: u64, heard: u64) -> Option<Duration> {
        if heard != self.heard {
            self.heard = heard;
            self.since = Instant::now();
            return None;
        }
        if asked != self.settled {
            return Some(OVERDUE);
        }
        (self.since.elapsed() >= IDLE).then_some(IDLE)
    }

    /// Notes that a ping was answered which was sent when so much had been asked: answers come in
    /// order, so all of that is settled, and the ping itself.
    fn answered(&mut self, asked: u64) {
        self.settled = asked + 1;
        self.since = Instant::now();
    }
}

/// The pause after so many failures in a row: between half of the full time and all of it.
fn pause(failures: u32, draw: u8) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    let full = FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE);
    full / 2 + full.mul_f64(f64::from(draw) / 510.0)
}

/// A random byte, so that processes which lost one server do not all come back at once.
fn draw() -> u8 {
    Token::random().as_bytes()[0]
}

#[cfg(all(test, feature = "servers"))]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_in_bounds() {
        assert_eq!(pause(1, 0), FIRST_PAUSE / 2);
        assert_eq!(pause(1, 255), FIRST_PAUSE);
        assert_eq!(pause(2, 255), 2 * FIRST_PAUSE);
        assert_eq!(pause(40, 255), LONGEST_PAUSE);
        assert_eq!(pause(u32::MAX, 0), LONGEST_PAUSE / 2);
    }

    #[test]
    fn only_silence_is_pinged_and_sooner_if_somebody_waits() {
        let mut quiet = Quiet::new();
        assert_eq!(quiet.look(0, 0), None);
        assert_eq!(quiet.look(5, 4), None, "answers come in");
        assert_eq!(quiet.look(5, 4), Some(OVERDUE), "one may be waited for");
        quiet.answered(5);
        assert_eq!(quiet.look(6, 5), None, "the ping's own answer");
        assert_eq!(quiet.look(6, 5), None, "the fifth question was dropped");
        assert_eq!(quiet.look(7, 5), Some(OVERDUE));
        quiet.answered(7);
        assert_eq!(quiet.look(8, 6), None);
        quiet.since -= IDLE;
        assert_eq!(quiet.look(8, 6), Some(IDLE));
    }
}

//! One server: its connection, made when an operation needs it, and its clock.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::address::Server;
use super::clock::{Sample, ServerClock};
use super::connect::{connect, sample};
use super::fault::Fault;
use super::link::Link;
use super::wire::Reply;
use crate::cell::Token;
use crate::error::ErrorKind;

/// The pause after the first failed attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A connection that held this long is no sign of trouble when it ends.
const STEADY: Duration = Duration::from_secs(1);

/// One server.
pub(super) struct Node {
    shared: Arc<Shared>,
    runtime: Handle,
}

struct Shared {
    server: Server,
    at: Arc<str>,
    clock: ServerClock,
    phase: watch::Sender<Phase>,
}

/// Where the connection stands.
#[derive(Debug, Clone)]
enum Phase {
    /// Nobody has asked for it.
    Idle,
    /// An attempt is under way.
    Connecting,
    /// It is there, after so many failures.
    Live(Arc<Link>, u32),
    /// So many attempts failed; the next may be made at this time.
    Down(Fault, u32, Instant),
}

/// What an operation does about it.
enum Step {
    Use(Arc<Link>),
    Fail(Fault),
    Begin(u32),
    Wait,
}

impl Node {
    pub(super) fn new(server: &Server, runtime: &Handle) -> Self {
        let shared = Shared {
            server: server.clone(),
            at: server.to_string().into(),
            clock: ServerClock::default(),
            phase: watch::Sender::new(Phase::Idle),
        };
        Self {
            shared: Arc::new(shared),
            runtime: runtime.clone(),
        }
    }

    /// Where it is.
    pub(super) fn at(&self) -> &str {
        &self.shared.at
    }

    /// The connection, once the attempt under way has succeeded; the fault if it failed, or if the
    /// last one did a moment ago.
    pub(super) async fn link(&self) -> Result<Arc<Link>, Fault> {
        let phase = &self.shared.phase;
        if let Phase::Live(link, _) = &*phase.borrow()
            && !link.has_ended()
        {
            return Ok(Arc::clone(link));
        }
        // Subscribed before the look, so that no change falls between.
        let mut changes = phase.subscribe();
        loop {
            let mut step = Step::Wait;
            phase.send_if_modified(|phase| {
                step = phase.step(Instant::now());
                if let Step::Begin(_) = step {
                    *phase = Phase::Connecting;
                }
                false
            });
            match step {
                Step::Use(link) => return Ok(link),
                Step::Fail(fault) => return Err(fault),
                Step::Begin(failures) => self.begin(failures),
                Step::Wait => {}
            }
            // The sender is `self`'s own.
            let _ = changes.changed().await;
        }
    }

    fn begin(&self, failures: u32) {
        let attempt = Attempt {
            shared: Arc::clone(&self.shared),
            failures,
        };
        let runtime = self.runtime.clone();
        self.runtime.spawn(async move {
            let shared = &attempt.shared;
            match connect(&shared.server, &shared.at, &runtime).await {
                Ok(link) => {
                    shared.clock.set(link.sample());
                    let live = Phase::Live(Arc::new(link), failures);
                    shared.phase.send_replace(live);
                }
                Err(fault) => {
                    let down = Phase::down(fault, failures + 1);
                    shared.phase.send_replace(down);
                }
            }
        });
    }

    /// The server's time, if a sample of it is at hand.
    pub(super) fn sample(&self) -> Option<Sample> {
        self.shared.clock.sample()
    }

    /// The server's time as it was told on connecting, or why there is no connection.
    pub(super) async fn look(&self) -> Result<Sample, Fault> {
        Ok(self.link().await?.sample())
    }

    /// Takes a new sample in the background, if the last is a minute old.
    pub(super) fn resample(&self) {
        if self.shared.clock.is_due() {
            let shared = Arc::clone(&self.shared);
            self.runtime.spawn(async move {
                let sampled = match sample(&shared.server).await {
                    Some(sample) => Some(sample),
                    None => shared.seconds().await,
                };
                if let Some(sample) = sampled {
                    shared.clock.set(sample);
                }
            });
        }
    }

    /// Connects if it is not connected, and waits for a sign of life.
    pub(super) async fn check(&self) -> Result<(), Fault> {
        let link = self.link().await?;
        let reply = link.ask(link.commands(1).plain("mn")).await?;
        match reply {
            Reply::Status { .. } if reply.shape() == "MN" => Ok(()),
            other => Err(link.unexpected("mn", &other)),
        }
    }
}

impl Shared {
    /// The server's time to the second.
    async fn seconds(&self) -> Option<Sample> {
        let link = match &*self.phase.borrow() {
            Phase::Live(link, _) => Arc::clone(link),
            _ => return None,
        };
        let asked = Instant::now();
        let stats = link.ask(link.commands(1).plain("stats")).await.ok()?;
        let seconds = stats.number_of("time")?;
        Some(Sample::of_seconds(seconds, asked))
    }
}

impl Phase {
    fn step(&self, now: Instant) -> Step {
        match self {
            Self::Idle => Step::Begin(0),
            Self::Connecting => Step::Wait,
            Self::Live(link, _) if !link.has_ended() => Step::Use(Arc::clone(link)),
            Self::Live(link, _) if link.age() >= STEADY => Step::Begin(0),
            // It ended as soon as it was there: not at once again.
            Self::Live(link, failures) if link.age() >= pause(failures + 1, draw()) => {
                Step::Begin(failures + 1)
            }
            Self::Live(link, _) => Step::Fail(link.fault()),
            Self::Down(_, failures, next) if now >= *next => Step::Begin(*failures),
            Self::Down(fault, ..) => Step::Fail(fault.clone()),
        }
    }

    fn down(fault: Fault, failures: u32) -> Self {
        Self::Down(fault, failures, Instant::now() + pause(failures, draw()))
    }
}

/// An attempt under way: whoever waits for it is told even if the runtime drops it.
struct Attempt {
    shared: Arc<Shared>,
    failures: u32,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.shared.phase.send_if_modified(|phase| {
            let unfinished = matches!(phase, Phase::Connecting);
            if unfinished {
                let what = "the background runtime of the cache has ended; keep it for as long as \
                            the cache is used";
                let fault = Fault::new(ErrorKind::Unavailable, &self.shared.at, what);
                *phase = Phase::down(fault, self.failures + 1);
            }
            unfinished
        });
    }
}

/// Where it is and whether there is a connection.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connected = match &*self.shared.phase.borrow() {
            Phase::Live(link, _) => !link.has_ended(),
            _ => false,
        };
        f.debug_struct("Node")
            .field("at", &self.at())
            .field("connected", &connected)
            .finish()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_in_bounds() {
        assert_eq!(pause(1, 0), FIRST_PAUSE / 2);
        assert_eq!(pause(2, 255), 2 * FIRST_PAUSE);
        assert_eq!(pause(u32::MAX, 0), LONGEST_PAUSE / 2);
    }
}

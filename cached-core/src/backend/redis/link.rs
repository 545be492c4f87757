//! One live connection: what can be asked over it, and whether it still answers.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisResult, Value};

use super::clock::ServerClock;
use super::fault::{Fault, ends_connection};
use super::lost::Lost;
use super::reads::Reads;
use super::scope::Scope;
use super::server::{self, Company, Dialect, Server};
use crate::error::ErrorKind;

/// A connection whose server is known. It is never revived: a new one takes its place.
///
/// Its futures need no runtime, and may be dropped at any point: the driver on the background
/// runtime pairs replies with questions whether or not somebody still waits.
#[derive(Debug)]
pub(super) struct Link {
    connection: MultiplexedConnection,
    server: Server,
    company: Company,
    at: Arc<str>,
    clock: ServerClock,
    lost: Arc<Lost>,
    pulse: Pulse,
    reads: Reads,
    /// Lower than the server's version says where that turned out wrong.
    dialect: AtomicU8,
}

/// How much was asked and answered, for whoever watches.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    asked: AtomicU64,
    heard: AtomicU64,
}

impl Pulse {
    /// Questions begun and answers received so far. They differ for ever once an operation was
    /// dropped: compare each with its own past.
    pub(super) fn counts(&self) -> (u64, u64) {
        (
            self.asked.load(Ordering::Relaxed),
            self.heard.load(Ordering::Relaxed),
        )
    }
}

impl Link {
    /// A link over a connection that ends when `lost` says so.
    pub(super) fn new(
        connection: MultiplexedConnection,
        server: Server,
        company: Company,
        dialect: Dialect,
        at: Arc<str>,
        lost: Arc<Lost>,
    ) -> Self {
        Self {
            connection,
            server,
            company,
            at,
            clock: ServerClock::default(),
            lost,
            pulse: Pulse::default(),
            reads: Reads::default(),
            dialect: AtomicU8::new(dialect as u8),
        }
    }

    /// What the server said of itself.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Whether keys may be elsewhere, each on its own.
    pub(super) fn is_of_cluster(&self) -> bool {
        self.company == Company::Cluster
    }

    /// Where the server is, without credentials.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// The server's clock.
    pub(super) fn clock(&self) -> &ServerClock {
        &self.clock
    }

    /// The end of this connection.
    pub(super) fn lost(&self) -> &Lost {
        &self.lost
    }

    /// The counts of this connection.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// The reads that wait to be sent.
    pub(super) fn reads(&self) -> &Reads {
        &self.reads
    }

    /// What its cells carry.
    pub(super) fn scope(&self) -> &Scope {
        &self.server.scope
    }

    /// The key as the server knows it.
    pub(super) fn scoped(&self, key: &str) -> String {
        self.server.scope.of_key(key)
    }

    /// Whether the server knows the commands of this dialect.
    pub(super) fn speaks(&self, dialect: Dialect) -> bool {
        self.dialect.load(Ordering::Relaxed) >= dialect as u8
    }

    /// Remembers that the server knows no more than this.
    pub(super) fn resort_to(&self, dialect: Dialect) {
        self.dialect.fetch_min(dialect as u8, Ordering::Relaxed);
    }

    /// One command, one answer.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        let mut connection = self.connection.clone();
        let answer = self.answer(connection.send_packed_command(command)).await?;
        self.accept(answer)
    }

    /// Several commands in one piece: nothing of this connection comes between them.
    pub(super) async fn ask_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Fault> {
        let mut connection = self.connection.clone();
        let asked = connection.send_packed_commands(commands, 0, commands.len());
        self.answer(asked).await
    }

    /// The last of the answers, unless one of them is a refusal.
    pub(super) fn accept_all(&self, answers: Vec<Value>) -> Result<Value, Fault> {
        let accepted = answers.into_iter().map(|answer| self.accept(answer));
        accepted
            .reduce(|one, next| one.and(next))
            .unwrap_or(Ok(Value::Nil))
    }

    /// Looks at the server's clock.
    pub(super) async fn sample_clock(&self) -> Result<(), Fault> {
        let asked = Instant::now();
        let answer = self.ask(&redis::cmd("TIME")).await?;
        let millis = server::millis_of_time(&answer);
        let millis = millis.ok_or_else(|| Fault::unexpected(&self.at, "TIME", &answer))?;
        self.clock.set(millis, asked);
        Ok(())
    }

    /// Whether the server answers within the time. Needs the background runtime.
    pub(super) async fn answers_within(&self, limit: Duration) -> bool {
        let ping = redis::cmd("PING");
        let answer = tokio::time::timeout(limit, self.ask(&ping)).await;
        // A server that refuses to pong, as one that loads its data does, is alive.
        answer.is_ok() && !self.lost.is_declared()
    }

    /// Waits for an answer or for the end of the connection, whichever is first.
    async fn answer<T>(&self, asked: impl Future<Output = RedisResult<T>>) -> Result<T, Fault> {
        self.pulse.asked.fetch_add(1, Ordering::Relaxed);
        match self.lost.or(asked).await {
            Some(Ok(answer)) => {
                self.pulse.heard.fetch_add(1, Ordering::Relaxed);
                Ok(answer)
            }
            Some(Err(error)) => Err(self.fault(error)),
            None => Err(Fault::lost(&self.at)),
        }
    }

    /// Whether the server is in the reign that it was greeted in, as far as it tells. Whoever is
    /// promoted anew has taken over another's data meanwhile.
    pub(super) async fn reigns(&self) -> bool {
        let Some(reign) = &self.server.reign else {
            return true;
        };
        let mut info = redis::cmd("INFO");
        match self.ask(info.arg("replication")).await {
            Ok(said) => server::still_reigns(reign, &said),
            Err(_) => true,
        }
    }

    /// Tells an answer from a refusal.
    pub(super) fn accept(&self, answer: Value) -> Result<Value, Fault> {
        match answer {
            Value::ServerError(refusal) => Err(self.fault(refusal.into())),
            answer => Ok(answer),
        }
    }

    fn fault(&self, error: redis::RedisError) -> Fault {
        if ends_connection(&error) {
            self.lost.declare();
        }
        let fault = Fault::of(error, &self.at);
        match self.company {
            Company::Alone => fault,
            // Another one is primary by now, and knows of invalidations that nobody here does.
            Company::Sentinels | Company::Cluster => fault.or_demoted(),
        }
    }

    /// The time by the server's clock.
    pub(super) fn now(&self) -> Result<u64, Fault> {
        self.clock.now().ok_or_else(|| {
            let fix = "the server tells its time neither by TIME nor by INFO; grant the user one \
                       of them, as in `ACL SETUSER <user> +time`";
            Fault::new(ErrorKind::Denied, &self.at, fix)
        })
    }
}

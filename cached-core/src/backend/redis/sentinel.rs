//! Asking sentinels who is primary, and hearing from them when that changes.
//!
//! All of them are asked, and the newest word counts: one that is cut off still names the primary
//! of before. All are listened to, because only the one that leads a failover tells that it begins:
//! from then on nobody asks the old primary any more, nor does anybody connect to it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{Pipeline, PushInfo, PushKind, RedisResult, Value};
use tokio::sync::mpsc;

use super::connect::Target;
use super::fault::Fault;
use super::lost::Lost;
use super::said::Said;
use super::server::text;
use super::wait::first;
use crate::error::ErrorKind;

/// How often a sentinel is asked again, beside what it tells unasked.
const REVIEW: Duration = Duration::from_secs(1);

/// The pause before one that was lost is listened to again.
const PAUSE: Duration = Duration::from_millis(500);

/// How long the others are waited for once one has answered.
const LATE: Duration = Duration::from_millis(300);

/// Where a sentinel tells that another server is about to be primary, or is.
const CHANNELS: [&str; 3] = [
    "+failover-state-send-slaveof-noone",
    "+promoted-slave",
    "+switch-master",
];

/// The sentinels of one primary.
pub(super) struct Sentinels {
    doors: Vec<Target>,
    /// What they call what they watch.
    name: String,
    /// As whom to speak to the primary; its host is of no meaning.
    model: Target,
    at: String,
}

/// A primary, by the word of the sentinels.
pub(super) struct Named {
    target: Target,
    said: Said,
}

impl Named {
    /// The server that was named.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// The server that was named, for a connection that nobody watches.
    pub(super) fn into_target(self) -> Target {
        self.target
    }
}

impl Sentinels {
    /// The sentinels that watch `name`; the primary is spoken to as `model` is.
    pub(super) fn new(doors: Vec<Target>, name: String, model: Target) -> Self {
        let places: Vec<&str> = doors.iter().map(|door| &**door.at()).collect();
        Self {
            at: format!("{name} of the sentinels {}", places.join(", ")),
            doors,
            name,
            model,
        }
    }

    /// What they are and what they watch.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// The primary, by the newest word of those that answer. Needs the background runtime.
    pub(super) async fn primary(&self) -> Result<Named, Fault> {
        let said = self.newest().await?;
        if said.in_doubt {
            let what = "the sentinels are about to make another server the primary; wait";
            return Err(Fault::new(ErrorKind::Unavailable, &self.at, what));
        }
        let target = self.model.beside(&said.address.0, said.address.1);
        Ok(Named { target, said })
    }

    /// What the best informed of those that answer says.
    async fn newest(&self) -> Result<Said, Fault> {
        let mut answers = self.ask_all();
        let (mut newest, mut fault): (Option<Said>, _) = (None, None);
        loop {
            let limit = if newest.is_some() {
                LATE
            } else {
                Duration::MAX
            };
            let Ok(Some(answer)) = tokio::time::timeout(limit, answers.recv()).await else {
                break;
            };
            match answer {
                Ok(said) => newest = Some(newest.map_or(said.clone(), |other| other.or(said))),
                Err(other) => fault = Some(other),
            }
        }
        newest.ok_or_else(|| fault.unwrap_or_else(|| self.unknown(&self.at)))
    }

    /// Asks every sentinel over a connection of its own; their answers as they come.
    fn ask_all(&self) -> mpsc::Receiver<Result<Said, Fault>> {
        let (answer, answers) = mpsc::channel(self.doors.len());
        for door in &self.doors {
            let (door, question) = (door.clone(), self.question());
            let (name, answer) = (self.name.clone(), answer.clone());
            tokio::spawn(async move {
                let said = door.ask_once(&question).await;
                let said = said.and_then(|answers| Said::read(&answers, door.at(), &name));
                // Nobody may wait for it any more.
                let _ = answer.send(said).await;
            });
        }
        answers
    }

    /// Ends when a sentinel names another primary, or is about to.
    pub(super) async fn watch(&self, named: Named) {
        let news = Lost::default();
        let listening = self.doors.iter().map(|door| async {
            while self.listen(door, &named.said).await.is_err() {
                // Without any sentinel the primary is believed for as long as it says that it is
                // one.
                tokio::time::sleep(PAUSE).await;
            }
            news.declare();
        });
        news.or(join_all(listening)).await;
    }

    /// Listens to one sentinel, until it names another primary than this or is about to.
    async fn listen(&self, door: &Target, believed: &Said) -> Result<(), Fault> {
        let (switched, ended) = (Arc::new(Lost::default()), Arc::new(Lost::default()));
        let told = Told {
            name: self.name.clone(),
            switched: Arc::clone(&switched),
            ended: Arc::clone(&ended),
        };
        let mut connection = door.open(told).await?;
        door.in_time(connection.subscribe(&CHANNELS)).await?;
        // Asked after it was listened to, so that no change falls between.
        while !self.ask(door, &mut connection).await?.deposes(believed) {
            let over = first(ended.wait(), tokio::time::sleep(REVIEW));
            first(switched.wait(), over).await;
            if switched.is_declared() {
                break;
            }
            if ended.is_declared() {
                return Err(Fault::lost(door.at()));
            }
        }
        Ok(())
    }

    /// Asks over the connection that is listened to.
    async fn ask(
        &self,
        door: &Target,
        connection: &mut MultiplexedConnection,
    ) -> Result<Said, Fault> {
        let question = self.question();
        let asking = connection.send_packed_commands(&question, 0, question.len());
        let answers: RedisResult<Vec<Value>> = door.in_time(async { Ok(asking.await) }).await?;
        let answers = answers.map_err(|error| Fault::of(error, door.at()))?;
        Said::read(&answers, door.at(), &self.name)
    }

    /// Both in one piece, between which nothing changes.
    fn question(&self) -> Pipeline {
        let mut question = redis::pipe();
        question.cmd("SENTINEL").arg("MASTER").arg(&self.name);
        question
            .cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(&self.name);
        question
    }

    fn unknown(&self, at: &str) -> Fault {
        Fault::new(ErrorKind::Unavailable, at, "no sentinel answered")
    }
}

/// What one sentinel tells unasked.
struct Told {
    name: String,
    /// That the primary is not, or will not be, who it was.
    switched: Arc<Lost>,
    /// That the sentinel tells nothing any more.
    ended: Arc<Lost>,
}

impl Told {
    /// Whether the message is about what we know by this name: it begins with the name, or has it
    /// behind an `@`.
    fn is_ours(&self, data: &[Value]) -> bool {
        let message = data.last().and_then(text).unwrap_or_default();
        let of_server = message.split(" @ ").nth(1);
        let first = of_server.unwrap_or(message).split(' ').next();
        first == Some(&self.name)
    }
}

impl AsyncPushSender for Told {
    fn send(&self, message: PushInfo) -> Result<(), SendError> {
        match message.kind {
            PushKind::Message if self.is_ours(&message.data) => self.switched.declare(),
            PushKind::Disconnection => self.ended.declare(),
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.ended.declare();
    }
}

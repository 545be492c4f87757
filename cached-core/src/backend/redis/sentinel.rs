//! Asking sentinels who is primary, and hearing from them when that changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{Pipeline, PushInfo, PushKind, Value};

use super::connect::Target;
use super::fault::Fault;
use super::lost::Lost;
use super::server::text;
use super::wait::first;
use crate::error::ErrorKind;

/// How often a sentinel is asked again, beside what it tells unasked.
const REVIEW: Duration = Duration::from_secs(1);

/// The pause before another sentinel is listened to.
const PAUSE: Duration = Duration::from_millis(200);

/// Where a sentinel tells of a new primary.
const CHANNEL: &str = "+switch-master";

/// The sentinels of one primary.
pub(super) struct Sentinels {
    doors: Vec<Target>,
    /// What they call what they watch.
    name: String,
    /// As whom to speak to the primary; its host is of no meaning.
    model: Target,
    at: String,
    /// Which of them answered last.
    last: AtomicUsize,
}

/// A primary, by the word of a sentinel.
pub(super) struct Named {
    target: Target,
    address: (String, u16),
}

impl Named {
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

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
            last: AtomicUsize::new(0),
        }
    }

    /// What they are and what they watch.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// The primary, by the word of the first sentinel that answers.
    pub(super) async fn primary(&self) -> Result<Named, Fault> {
        let mut fault = None;
        for _ in 0..self.doors.len() {
            let door = self.door();
            match self.ask(door).await {
                Ok(address) => {
                    let target = self.model.beside(&address.0, address.1);
                    return Ok(Named { target, address });
                }
                Err(other) => fault = Some(other),
            }
            self.next_door();
        }
        Err(fault.unwrap_or_else(|| self.unknown(&self.at)))
    }

    /// Ends when a sentinel names another primary.
    pub(super) async fn watch(&self, named: Named) {
        while self.listen(&named).await.is_err() {
            // Without any sentinel the primary is believed for as long as it says that it is one.
            self.next_door();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Listens to one sentinel, until it names another primary.
    async fn listen(&self, named: &Named) -> Result<(), Fault> {
        let door = self.door();
        let (switched, ended) = (Arc::new(Lost::default()), Arc::new(Lost::default()));
        let told = Told {
            name: self.name.clone(),
            switched: Arc::clone(&switched),
            ended: Arc::clone(&ended),
        };
        let mut connection = door.open(told).await?;
        door.in_time(connection.subscribe(CHANNEL)).await?;
        let question = self.question();
        // Asked after it was listened to, so that no change falls between.
        while self.answer(door, &mut connection, &question).await? == named.address {
            let told = first(ended.wait(), tokio::time::sleep(REVIEW));
            first(switched.wait(), told).await;
            if switched.is_declared() {
                break;
            }
            if ended.is_declared() {
                return Err(Fault::lost(door.at()));
            }
        }
        Ok(())
    }

    async fn ask(&self, door: &Target) -> Result<(String, u16), Fault> {
        let answers = door.ask_once(&self.question()).await?;
        self.address(door, &answers)
    }

    async fn answer(
        &self,
        door: &Target,
        connection: &mut MultiplexedConnection,
        question: &Pipeline,
    ) -> Result<(String, u16), Fault> {
        let asking = connection.send_packed_commands(question, 0, question.len());
        let answers = door.in_time(asking).await?;
        self.address(door, &answers)
    }

    fn question(&self) -> Pipeline {
        let mut question = redis::pipe();
        question
            .cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(&self.name);
        question
    }

    fn address(&self, door: &Target, answers: &[Value]) -> Result<(String, u16), Fault> {
        match answers {
            [Value::Array(parts)] => address_of(parts)
                .ok_or_else(|| Fault::unexpected(door.at(), "SENTINEL", &answers[0])),
            [Value::Nil] => Err(self.unknown(door.at())),
            [Value::ServerError(refusal)] => {
                Err(Fault::of_sentinel(refusal.clone().into(), door.at()))
            }
            _ => Err(Fault::unexpected(door.at(), "SENTINEL", &Value::Nil)),
        }
    }

    fn unknown(&self, at: &str) -> Fault {
        let what = format!(
            "this sentinel watches nothing that is called `{}`; correct the name behind the \
             sentinels in the URL",
            self.name
        );
        Fault::new(ErrorKind::Config, at, what)
    }

    fn door(&self) -> &Target {
        &self.doors[self.last.load(Ordering::Relaxed) % self.doors.len()]
    }

    fn next_door(&self) {
        self.last.fetch_add(1, Ordering::Relaxed);
    }
}

fn address_of(parts: &[Value]) -> Option<(String, u16)> {
    let [host, port] = parts else { return None };
    Some((text(host)?.to_owned(), text(port)?.parse().ok()?))
}

/// What one sentinel tells unasked.
struct Told {
    name: String,
    switched: Arc<Lost>,
    ended: Arc<Lost>,
}

impl Told {
    /// Whether the message is that of a new primary under our name: the name, the old address, the
    /// new one.
    fn is_switch(&self, data: &[Value]) -> bool {
        let [.., message] = data else { return false };
        let first = text(message).and_then(|message| message.split(' ').next());
        first == Some(&self.name)
    }
}

impl AsyncPushSender for Told {
    fn send(&self, message: PushInfo) -> Result<(), SendError> {
        match message.kind {
            PushKind::Message if self.is_switch(&message.data) => self.switched.declare(),
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

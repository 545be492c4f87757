//! Asking sentinels who is primary, and hearing from them when that changes.
//!
//! All of them are asked, and the newest word counts: one that is cut off still names the primary
//! of before. All are listened to, because only the one that leads a failover tells that it begins:
//! from then on nobody asks the old primary any more, nor does anybody connect to it. They are
//! listened to from before they are asked, so that what changes while a connection to the primary
//! is made is heard as well.
//!
//! What was heard once is not forgotten: a word older than that is followed only if it is all that
//! the sentinels know any more ([`known`](super::known)).

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{Pipeline, PushInfo, PushKind, RedisResult, Value};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::connect::Target;
use super::fault::Fault;
use super::known::{Answered, Known};
use super::lost::Lost;
use super::said::Said;
use super::server::text;
use super::wait::first;
use crate::error::ErrorKind;

/// What is said where all of them are silent.
const SILENT: &str = "no sentinel answered; are they stopped, overloaded or behind a firewall, or \
                      elsewhere than the URL says?";

/// How often a sentinel is asked again, beside what it tells unasked.
const REVIEW: Duration = Duration::from_secs(1);

/// The pause before one that was lost is listened to again.
const PAUSE: Duration = Duration::from_millis(500);

/// How long answers are waited for, and how long the last ones once most have come, and none of them
/// is known to be outdated: who is primary is known to most, but for those whom the news is yet to
/// reach.
const WHOLE: Duration = Duration::from_secs(2);
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
    known: Arc<Known>,
}

/// A primary, by the word of the sentinels, who are listened to for as long as this is there.
pub(super) struct Named {
    target: Target,
    said: Said,
    words: Words,
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

    /// Whether it is still the one, by all that was heard meanwhile.
    pub(super) fn stands(&mut self) -> bool {
        while let Ok(word) = self.words.heard.try_recv() {
            if self.words.note(&word).deposes(&self.said) {
                return false;
            }
        }
        true
    }

    /// Ends when a sentinel names another primary, or is about to.
    pub(super) async fn deposed(mut self) {
        // Without any sentinel the primary is believed for as long as it says that it is one.
        while let Some(word) = self.words.heard.recv().await {
            if self.words.note(&word).deposes(&self.said) {
                return;
            }
        }
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
            known: Arc::default(),
        }
    }

    /// What they are and what they watch.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// The primary, by the newest word of those that answer. Needs the background runtime.
    pub(super) async fn primary(&self) -> Result<Named, Fault> {
        let mut words = self.listen();
        let (said, answered) = words
            .best(self.doors.len())
            .await
            .map_err(|fault| fault.unwrap_or_else(|| self.unavailable(SILENT)))?;
        if said.in_doubt {
            let what = "the sentinels are about to make another server the primary; wait";
            return Err(self.unavailable(what));
        }
        if !self
            .known
            .admits(said.epoch, answered, Instant::now().into_std())
        {
            let what = "the sentinels that answer have not heard of the last failover; wait until \
                        they have, or until all of them answer";
            return Err(self.unavailable(what));
        }
        let target = self.model.beside(&said.address.0, said.address.1);
        Ok(Named {
            target,
            said,
            words,
        })
    }

    /// Listens to every sentinel over a connection of its own.
    fn listen(&self) -> Words {
        let (tell, heard) = mpsc::channel(4 * self.doors.len());
        let mut listening = JoinSet::new();
        for (number, target) in self.doors.iter().enumerate() {
            let door = Door {
                number,
                target: target.clone(),
                name: self.name.clone(),
                tell: tell.clone(),
            };
            listening.spawn(door.keep());
        }
        Words {
            heard,
            known: Arc::clone(&self.known),
            _listening: listening,
        }
    }

    fn unavailable(&self, what: &str) -> Fault {
        Fault::new(ErrorKind::Unavailable, &self.at, what)
    }
}

/// What is heard from all sentinels.
struct Words {
    heard: mpsc::Receiver<(usize, Word)>,
    known: Arc<Known>,
    _listening: JoinSet<()>,
}

/// What one sentinel says, asked or not.
enum Word {
    Said(Said),
    /// That the primary is not, or will not be, who it was.
    Switched,
    Silent(Fault),
}

impl Word {
    fn deposes(&self, believed: &Said) -> bool {
        match self {
            Self::Said(said) => said.deposes(believed),
            Self::Switched => true,
            Self::Silent(_) => false,
        }
    }
}

impl Words {
    /// Remembers which failover the word is by.
    fn note<'w>(&self, (_, word): &'w (usize, Word)) -> &'w Word {
        if let Word::Said(said) = word {
            self.known.note(said.epoch, Instant::now().into_std());
        }
        word
    }

    /// What the best informed of those that answer says, and how many do. The fault of one if none
    /// does.
    async fn best(&mut self, doors: usize) -> Result<(Said, Answered), Option<Fault>> {
        let mut end = Instant::now() + WHOLE;
        let (mut newest, mut fault): (Option<Said>, _) = (None, None);
        // Of each, whether it has answered, once that is known.
        let mut answered = vec![None; doors];
        while answered.contains(&None) {
            let Ok(Some(heard)) = timeout_at(end, self.heard.recv()).await else {
                break;
            };
            self.note(&heard);
            let (number, word) = heard;
            answered[number] = Some(matches!(word, Word::Said(_)));
            match word {
                Word::Said(said) => {
                    newest = Some(newest.map_or(said.clone(), |other| other.or(said)))
                }
                Word::Silent(other) => fault = Some(other),
                // Whatever it answered before says nothing any more.
                Word::Switched => newest = newest.map(Said::doubted),
            }
            let is_old = |said: &Said| self.known.is_newer_than(said.epoch);
            if answered_of(&answered).are_most() && !newest.as_ref().is_some_and(is_old) {
                end = end.min(Instant::now() + LATE);
            }
        }
        let answered = answered_of(&answered);
        newest.map(|said| (said, answered)).ok_or(fault)
    }
}

fn answered_of(answered: &[Option<bool>]) -> Answered {
    Answered {
        count: answered.iter().filter(|said| **said == Some(true)).count(),
        of: answered.len(),
    }
}

/// One sentinel, and whom to tell what it says.
struct Door {
    number: usize,
    target: Target,
    name: String,
    tell: mpsc::Sender<(usize, Word)>,
}

impl Door {
    /// Listens over one connection after the other.
    async fn keep(self) {
        loop {
            if let Err(fault) = self.hear().await {
                self.say(Word::Silent(fault)).await;
            }
            sleep(PAUSE).await;
        }
    }

    /// Listens until the sentinel tells of a change, and asks it now and then.
    async fn hear(&self) -> Result<(), Fault> {
        let (switched, ended) = (Arc::new(Lost::default()), Arc::new(Lost::default()));
        let told = Told {
            name: self.name.clone(),
            switched: Arc::clone(&switched),
            ended: Arc::clone(&ended),
        };
        let mut connection = self.target.open(told).await?;
        let subscribing = connection.subscribe(&CHANNELS);
        self.target.in_time(subscribing).await?;
        // Asked after it was listened to, so that no change falls between.
        loop {
            let said = self.ask(&mut connection).await?;
            self.say(Word::Said(said)).await;
            let over = first(ended.wait(), sleep(REVIEW));
            first(switched.wait(), over).await;
            if switched.is_declared() {
                self.say(Word::Switched).await;
                return Ok(());
            }
            if ended.is_declared() {
                return Err(Fault::lost(self.target.at()));
            }
        }
    }

    async fn say(&self, word: Word) {
        // Whoever no longer listens ends this as well.
        let _ = self.tell.send((self.number, word)).await;
    }

    /// Asks over the connection that is listened to.
    async fn ask(&self, connection: &mut MultiplexedConnection) -> Result<Said, Fault> {
        let (question, at) = (self.question(), self.target.at());
        let asking = connection.send_packed_commands(&question, 0, question.len());
        let answers: RedisResult<Vec<Value>> =
            self.target.in_time(async { Ok(asking.await) }).await?;
        let answers = answers.map_err(|error| Fault::of(error, at))?;
        Said::read(&answers, at, &self.name)
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
}

/// What one sentinel tells unasked.
struct Told {
    name: String,
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

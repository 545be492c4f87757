//! One live connection: many questions at a time, their replies in order, and its end.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::clock::{Sample, expires};
use super::command::Commands;
use super::connect::Greeting;
use super::fault::Fault;
use super::wire::{Reply, read_reply};
use crate::error::ErrorKind;

/// Questions that may queue before an operation has to wait for room.
const QUEUE: usize = 512;

/// How often a connection is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How long an answer may be overdue, in seconds.
const OVERDUE: u64 = 1;

/// Both halves of a socket.
pub(super) type Halves = (
    Box<dyn AsyncRead + Send + Unpin>,
    Box<dyn AsyncWrite + Send + Unpin>,
);

/// A connection to a known server. It is never revived: a new one takes its place, with a number of
/// its own.
///
/// Its futures need no runtime, and may be dropped at any point: the task on the background runtime
/// pairs replies with questions whether or not somebody still waits.
#[derive(Debug)]
pub(super) struct Link {
    number: u64,
    at: Arc<str>,
    greeting: Greeting,
    questions: mpsc::Sender<Question>,
    marks: AtomicU32,
    state: Arc<State>,
    began: Instant,
    task: AbortHandle,
}

/// What the task and the askers share.
#[derive(Debug, Default)]
struct State {
    /// Why it ended.
    ended: OnceLock<Fault>,
    waiting: Mutex<VecDeque<Waiting>>,
    /// Grows with whatever comes from the server.
    heard: AtomicU64,
}

/// Commands, and who wants the replies.
#[derive(Debug)]
struct Question {
    commands: Commands,
    tell: oneshot::Sender<Vec<Reply>>,
}

/// A question that was sent.
#[derive(Debug)]
struct Waiting {
    first: u32,
    count: u32,
    replies: Vec<Reply>,
    tell: oneshot::Sender<Vec<Reply>>,
    asked: Instant,
}

impl Link {
    /// A link over this socket, driven by the runtime.
    pub(super) fn new(at: &Arc<str>, greeting: Greeting, halves: Halves, runtime: &Handle) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let state = Arc::new(State::default());
        let (questions, asked) = mpsc::channel(QUEUE);
        let driving = drive(Arc::clone(at), Arc::clone(&state), halves, asked);
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            at: Arc::clone(at),
            greeting,
            questions,
            marks: AtomicU32::new(0),
            state,
            began: Instant::now(),
            task: runtime.spawn(driving).abort_handle(),
        }
    }

    /// No other connection of this process has it. CAS numbers are this connection's.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Where the server is.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// What one item may have, key and all, in bytes; `None` if the server did not tell.
    pub(super) fn limit(&self) -> Option<usize> {
        self.greeting.limit
    }

    /// A time to live as this server's commands state it.
    pub(super) fn expires(&self, ttl: Option<Duration>) -> u32 {
        let seconds = self.greeting.seconds + self.began.elapsed().as_secs();
        expires(ttl, seconds)
    }

    /// The server's clock when it was connected to.
    pub(super) fn sample(&self) -> Sample {
        self.greeting.sample
    }

    /// Whether it is over.
    pub(super) fn has_ended(&self) -> bool {
        self.state.ended.get().is_some() || self.task.is_finished()
    }

    /// How long it has been there.
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// No commands yet.
    pub(super) fn commands(&self, room: u32) -> Commands {
        Commands::new(self.marks.fetch_add(room, Ordering::Relaxed))
    }

    /// The reply to a single command.
    pub(super) async fn ask(&self, commands: Commands) -> Result<Reply, Fault> {
        let reply = self.ask_all(commands).await?.pop();
        // As many come as were asked for.
        reply.ok_or_else(|| self.fault())
    }

    /// The replies to commands that go in one piece, in their order.
    pub(super) async fn ask_all(&self, commands: Commands) -> Result<Vec<Reply>, Fault> {
        if commands.count() == 0 {
            return Ok(Vec::new());
        }
        let (tell, told) = oneshot::channel();
        let question = Question { commands, tell };
        if self.questions.send(question).await.is_err() {
            return Err(self.fault());
        }
        told.await.map_err(|_| self.fault())
    }

    /// Why it ended.
    pub(super) fn fault(&self) -> Fault {
        let ended = self.state.ended.get().cloned();
        ended.unwrap_or_else(|| Fault::lost(&self.at))
    }

    /// A reply that no such command has. The connection is given up: whatever answers there cannot
    /// be relied on.
    pub(super) fn unexpected(&self, command: &str, reply: &Reply) -> Fault {
        let fault = match reply {
            Reply::Refused(line) => Fault::refused(&self.at, command, line),
            reply => Fault::unexpected(&self.at, command, reply.shape()),
        };
        // A full server and a large value are no reason.
        if !matches!(fault.kind(), ErrorKind::Full | ErrorKind::TooLarge) {
            self.state.end(fault.clone());
            self.task.abort();
        }
        fault
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    /// Says that it is over, unless that was said.
    fn end(&self, fault: Fault) {
        // The first reason is the reason.
        let _ = self.ended.set(fault);
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends, receives and watches until one of them ends the connection.
async fn drive(
    at: Arc<str>,
    state: Arc<State>,
    (read, write): Halves,
    questions: mpsc::Receiver<Question>,
) {
    let closed = Closed(&state);
    {
        let mut sending = pin!(send(&state, write, questions));
        let mut receiving = pin!(receive(&at, &state, read));
        let mut watching = pin!(watch(&at, &state));
        let fault = poll_fn(|context| {
            if let Poll::Ready(end) = sending.as_mut().poll(context) {
                return Poll::Ready(
                    end.map_or_else(|error| Fault::of_io(error, &at), |()| Fault::lost(&at)),
                );
            }
            if let Poll::Ready(fault) = receiving.as_mut().poll(context) {
                return Poll::Ready(fault);
            }
            watching.as_mut().poll(context)
        });
        // Before those who wait are told.
        let fault = fault.await;
        state.end(fault);
    }
    drop(closed);
}

/// Whoever still waits is told, however the task ends.
struct Closed<'s>(&'s State);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.waiting().clear();
    }
}

/// Writes questions as they come, those that have queued in one piece. Ends well when nobody can
/// ask any more.
async fn send(
    state: &State,
    mut to: Box<dyn AsyncWrite + Send + Unpin>,
    mut questions: mpsc::Receiver<Question>,
) -> io::Result<()> {
    /// A piece is written when it is so long.
    const PIECE: usize = 64 * 1024;
    let mut piece = Vec::new();
    while let Some(mut question) = questions.recv().await {
        piece.clear();
        loop {
            piece.extend_from_slice(question.commands.bytes());
            state.waiting().push_back(Waiting {
                first: question.commands.first(),
                count: question.commands.count(),
                replies: Vec::new(),
                tell: question.tell,
                asked: Instant::now(),
            });
            match questions.try_recv() {
                Ok(next) if piece.len() < PIECE => question = next,
                Ok(next) => {
                    to.write_all(&piece).await?;
                    piece.clear();
                    question = next;
                }
                Err(_) => break,
            }
        }
        to.write_all(&piece).await?;
        piece.shrink_to(4 * PIECE);
    }
    Ok(())
}

/// Reads replies and hands them out, until one is none or nobody asked for it.
async fn receive(at: &str, state: &State, from: Box<dyn AsyncRead + Send + Unpin>) -> Fault {
    let mut from = BufReader::with_capacity(16 * 1024, from);
    loop {
        let reply = match read_reply(&mut from, &state.heard).await {
            Ok(reply) => reply,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Fault::unexpected(at, "a command", &error.to_string());
            }
            Err(error) => return Fault::of_io(error, at),
        };
        if let Err(what) = hand_out(&mut state.waiting(), reply) {
            return Fault::unexpected(at, "another command", what);
        }
    }
}

fn hand_out(waiting: &mut VecDeque<Waiting>, reply: Reply) -> Result<(), &'static str> {
    let Some(next) = waiting.front_mut() else {
        return Err(reply.shape());
    };
    let number = u32::try_from(next.replies.len()).unwrap_or(u32::MAX);
    if !reply.has_mark(next.first.wrapping_add(number)) {
        return Err(reply.shape());
    }
    next.replies.push(reply);
    if number + 1 == next.count
        && let Some(done) = waiting.pop_front()
    {
        // Whoever asked may have gone.
        let _ = done.tell.send(done.replies);
    }
    Ok(())
}

/// Ends when somebody waits and nothing comes.
async fn watch(at: &str, state: &State) -> Fault {
    let (mut heard, mut since) = (0, Instant::now());
    loop {
        tokio::time::sleep(LOOK).await;
        let now = state.heard.load(Ordering::Relaxed);
        if now != heard {
            (heard, since) = (now, Instant::now());
            continue;
        }
        let asked = state.waiting().front().map(|first| first.asked);
        let overdue = |asked: Instant| asked.max(since).elapsed() >= Duration::from_secs(OVERDUE);
        if asked.is_some_and(overdue) {
            return Fault::silent(at, OVERDUE);
        }
    }
}

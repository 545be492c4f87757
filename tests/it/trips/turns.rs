//! A network that passes no answer in the midst of a turn: not before all questions of the turn have
//! come, to whichever of the servers. Whoever sends a part of them and waits for an answer waits in
//! vain, so what ends took one round trip for each turn.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::redis::proxy::{Proxy, Tap};

/// Longer than a cache waits for an answer.
const HANG: Duration = Duration::from_secs(30);

/// How many questions about names one turn has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Turn {
    pub(super) reads: usize,
    pub(super) writes: usize,
    pub(super) removals: usize,
}

impl Turn {
    fn questions(self) -> usize {
        self.reads + self.writes + self.removals
    }
}

/// What passes between a process and all of its servers.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    /// How many questions the turns to come have.
    awaited: VecDeque<usize>,
    /// The turn under way.
    coming: Turn,
    taken: Vec<Turn>,
    answered: usize,
}

impl Turns {
    /// A proxy to a server, on this network.
    pub(super) fn proxy(&self, server: u16) -> Proxy {
        Proxy::tapped(server, Arc::new(self.clone()))
    }

    /// From now on answers are held back until each of these turns has come. Whatever comes after
    /// them counts as one more.
    pub(super) fn expect(&self, turns: &[Turn]) {
        *self.lock() = State {
            awaited: turns.iter().map(|turn| turn.questions()).collect(),
            ..State::default()
        };
    }

    /// The turns since then, and how many bytes the servers sent.
    pub(super) fn taken(&self) -> (Vec<Turn>, usize) {
        let mut state = self.lock();
        let State {
            coming,
            taken,
            answered,
            ..
        } = std::mem::take(&mut *state);
        self.0.1.notify_all();
        let more = Some(coming).filter(|coming| coming.questions() > 0);
        (taken.into_iter().chain(more).collect(), answered)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().expect("nobody panics under this lock")
    }
}

impl State {
    fn came(&mut self, word: &str) {
        match word {
            "GET" | "MGET" | "mg" => self.coming.reads += 1,
            "SET" | "EVALSHA" | "ms" => self.coming.writes += 1,
            "UNLINK" | "md" => self.coming.removals += 1,
            // What servers are asked about themselves.
            _ => return,
        }
        let awaited = self.awaited.front();
        if awaited.is_some_and(|awaited| self.coming.questions() >= *awaited) {
            self.awaited.pop_front();
            self.taken.push(std::mem::take(&mut self.coming));
        }
    }

    fn is_under_way(&self) -> bool {
        !self.awaited.is_empty() && self.coming.questions() > 0
    }
}

impl Tap for Turns {
    fn asked(&self, unread: &mut Vec<u8>) {
        let mut state = self.lock();
        while let Some((word, length)) = first(unread) {
            state.came(&word);
            unread.drain(..length);
        }
        self.0.1.notify_all();
    }

    fn answered(&self, bytes: usize) {
        let under_way = |state: &mut State| state.is_under_way();
        let held = self.0.1.wait_timeout_while(self.lock(), HANG, under_way);
        let (mut state, _) = held.expect("nobody panics under this lock");
        state.answered += bytes;
    }
}

/// The word of the first command, if all of it has come, and its length in bytes.
fn first(bytes: &[u8]) -> Option<(String, usize)> {
    match bytes.first()? {
        b'*' => redis(bytes),
        _ => memcached(bytes),
    }
}

/// A line without its end, and where the next one begins.
fn line(bytes: &[u8], from: usize) -> Option<(&str, usize)> {
    let rest = bytes.get(from..)?;
    let length = rest.windows(2).position(|end| end == b"\r\n")?;
    let line = std::str::from_utf8(&rest[..length]).ok()?;
    Some((line, from + length + 2))
}

fn redis(bytes: &[u8]) -> Option<(String, usize)> {
    let (count, mut at) = line(bytes, 0)?;
    let (mut word, count) = (None, count[1..].parse::<usize>().ok()?);
    for _ in 0..count {
        let (length, begin) = line(bytes, at)?;
        let end = begin + length[1..].parse::<usize>().ok()?;
        at = end + 2;
        let part = bytes.get(begin..at)?;
        word.get_or_insert(&part[..end - begin]);
    }
    Some((String::from_utf8_lossy(word?).into_owned(), at))
}

fn memcached(bytes: &[u8]) -> Option<(String, usize)> {
    let (command, mut at) = line(bytes, 0)?;
    let mut words = command.split(' ');
    let word = words.next()?;
    if word == "ms" {
        at += words.nth(1)?.parse::<usize>().ok()? + 2;
        bytes.get(..at)?;
    }
    Some((word.to_owned(), at))
}

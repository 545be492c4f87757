//! What a flight holds in the shared backend while its value is computed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use super::name::StampId;
use crate::cell::Token;

/// Stamps as they were before the computation began.
pub(super) type Captured = Arc<[(StampId, Token)]>;

/// One flight's claim on its cell. A waiter that takes the flight over inherits it.
#[derive(Debug)]
pub(crate) struct Claim {
    start: Start,
    /// Whether somebody was told that it computes.
    told: AtomicBool,
    state: Mutex<State>,
}

/// What is known of the cell when a flight begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Somebody looked, and there was no value.
    Looked,
    /// There is a value that it is to replace, and that is served meanwhile.
    Refreshes,
    /// Nobody looked.
    Unasked,
}

#[derive(Debug)]
struct State {
    token: Token,
    hold: Hold,
    renewal: Option<AbortHandle>,
}

/// How the computation is fenced.
#[derive(Debug, Clone, Default)]
pub(super) enum Hold {
    /// The backend was not asked yet.
    #[default]
    Nothing,
    /// It was asked for the lease and has not answered: the cell may have the claim's token.
    Asked,
    /// By a lease of its own: its value may be stored.
    Lease(Captured),
    /// By its token in the value that is there: the value may be replaced, and stays otherwise.
    Value(Captured),
    /// Another process holds the lease with this token: its value cannot be stored, but it is
    /// current for as long as that lease stands.
    Witness(Captured, Token),
    /// The backend does not answer: by this process alone.
    Local,
    /// The backend takes nothing, being full or read-only: by this process alone.
    Refused,
}

impl Claim {
    pub(crate) fn new(start: Start) -> Self {
        Self {
            start,
            told: AtomicBool::new(start != Start::Unasked),
            state: Mutex::new(State {
                token: Token::random(),
                hold: Hold::Nothing,
                renewal: None,
            }),
        }
    }

    pub(super) fn token(&self) -> Token {
        self.lock().token
    }

    pub(super) fn hold(&self) -> Hold {
        self.lock().hold.clone()
    }

    /// Takes another token where the leader before asked and was dropped, so that what it asked for
    /// is told apart from what is asked for now, however late it comes. The token of before.
    pub(super) fn anew(&self) -> Option<Token> {
        let mut state = self.lock();
        matches!(state.hold, Hold::Asked).then(|| {
            state.hold = Hold::Nothing;
            std::mem::replace(&mut state.token, Token::random())
        })
    }

    /// What was held before.
    pub(super) fn set(&self, hold: Hold) -> Hold {
        std::mem::replace(&mut self.lock().hold, hold)
    }

    pub(in crate::engine) fn refreshes(&self) -> bool {
        self.start == Start::Refreshes
    }

    /// Whether it was put before anybody looked, and is not answered.
    pub(in crate::engine) fn is_a_question(&self) -> bool {
        let unanswered = || matches!(self.lock().hold, Hold::Nothing | Hold::Asked);
        self.start == Start::Unasked && unanswered()
    }

    /// Whether the backend was not asked yet, or has not answered.
    pub(super) fn is_new(&self) -> bool {
        matches!(self.lock().hold, Hold::Nothing | Hold::Asked)
    }

    /// Whether it is news that its flight computes; once.
    pub(super) fn is_news(&self) -> bool {
        !self.told.swap(true, Ordering::Relaxed)
    }

    /// Whether the backend did not answer when it began.
    pub(in crate::engine) fn is_local(&self) -> bool {
        matches!(self.lock().hold, Hold::Local)
    }

    /// Keeps the task that renews the lease, for as long as the claim stands.
    pub(super) fn renewed_by(&self, task: AbortHandle) {
        let before = self.lock().renewal.replace(task);
        if let Some(before) = before {
            before.abort();
        }
    }

    /// Ends the claim; what was held is the caller's to give back.
    pub(super) fn end(&self) -> Hold {
        let mut state = self.lock();
        if let Some(renewal) = state.renewal.take() {
            renewal.abort();
        }
        std::mem::take(&mut state.hold)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.end();
    }
}

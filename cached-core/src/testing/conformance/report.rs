//! How the behaviours ended, for tools that show all of them.

use std::any::Any;
use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::{Behaviour, Subject};
use crate::engine::block_on;

/// A behaviour that hangs fails after this.
const HANG: Duration = Duration::from_secs(180);

/// How every behaviour of the suite ended on one backend; made by
/// [`report`](super::report). Behaviours go by group and name, such as `cells::keys_are_told_apart`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Those that were shown.
    pub passed: Vec<&'static str>,
    /// Those that were not, each with what was expected, and why.
    pub failed: Vec<(&'static str, String)>,
    /// Those that cannot be, each with what the backend cannot do: a field of
    /// [`Capabilities`](crate::backend::Capabilities), `cells` where only a cache is examined, or
    /// `bound` without [`Subject::with_bound`](super::Subject::with_bound).
    /// Such a behaviour has shown that the backend says so.
    pub unsupported: Vec<(&'static str, &'static str)>,
}

impl Report {
    pub(super) fn add(&mut self, name: &'static str, ended: Ended) {
        match ended {
            Ended::Passed => self.passed.push(name),
            Ended::Failed(message, _) => self.failed.push((name, message)),
            Ended::Unsupported(capability) => self.unsupported.push((name, capability)),
        }
    }
}

/// The numbers in a line, and a line for each behaviour that failed.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed) = (self.passed.len(), self.failed.len());
        let unsupported = self.unsupported.len();
        write!(
            f,
            "{passed} passed, {failed} failed, {unsupported} unsupported"
        )?;
        for (name, message) in &self.failed {
            let first = message.lines().next().unwrap_or_default();
            write!(f, "\n  {name}: {first}")?;
        }
        Ok(())
    }
}

/// How one behaviour ended.
pub(super) enum Ended {
    Passed,
    /// With what it said, and its panic.
    Failed(String, Box<dyn Any + Send>),
    Unsupported(&'static str),
}

/// Runs a behaviour on a thread of its own.
pub(super) fn examine(subject: &Subject, behaviour: Behaviour) -> Ended {
    let (done, ended) = mpsc::channel();
    let examined = subject.clone();
    let thread = std::thread::spawn(move || {
        block_on(behaviour(&examined));
        // Before it is told: what the subject keeps alive ends with its last user, who may be about
        // to end the process.
        drop(examined);
        // Whoever waits may have gone.
        let _ = done.send(());
    });
    let panic: Box<dyn Any + Send> = match ended.recv_timeout(HANG) {
        Ok(()) => match subject.found_lacking() {
            Ok(lacking) => return lacking.map_or(Ended::Passed, Ended::Unsupported),
            Err(unexpected) => Box::new(unexpected),
        },
        Err(RecvTimeoutError::Timeout) => Box::new("it hangs: somebody waits and nobody is woken"),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => panic,
            Ok(()) => unreachable!("a thread that did not panic has said that it is done"),
        },
    };
    Ended::Failed(said(&*panic), panic)
}

/// The text of a panic.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it panics without a text".to_owned())
}

//! The operations that compare a token before they write: two lines of Lua each, one step for the
//! server.
//!
//! `SET … IFEQ` (Valkey 8.1, Redis 8.4) does the same for a fill at a third of what a script costs
//! the server, where the whole old value is known: see [`held`](super::held).

use std::sync::LazyLock;

use redis::{Cmd, Pipeline};

use crate::cell::{Cell, Token};

/// A script and the name under which a server keeps it.
#[derive(Debug)]
pub(super) struct Script {
    source: String,
    sha: String,
}

/// `ARGV`: cell, milliseconds or 0, mark. Answers nil if the key was absent, or had a cell without
/// that mark, else what was there.
///
/// The long form of `SET … NX GET`, for servers older than Redis 7 and for keys under which a cell
/// of another scope is.
pub(super) static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(format!(
        "local found = redis.call('GET', KEYS[1])\n\
         if found and string.sub(found, #found - #ARGV[3] + 1) == ARGV[3] then return found end\n\
         {}\n\
         return false",
        set("ARGV[1]", "ARGV[2]")
    ))
});

/// `ARGV`: token, cell, milliseconds or 0, mark. Answers 1 if the cell was replaced, which had the
/// token and the mark.
pub(super) static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(format!(
        "{}\n\
         if ARGV[4] ~= '' and redis.call('GETRANGE', KEYS[1], -#ARGV[4], -1) ~= ARGV[4] then \
         return 0 end\n\
         {}\nreturn 1",
        guard(),
        set("ARGV[2]", "ARGV[3]")
    ))
});

/// `ARGV`: token, milliseconds. Answers 1 if the cell lives on.
pub(super) static RENEW: LazyLock<Script> = LazyLock::new(|| {
    let renew = "return redis.call('PEXPIRE', KEYS[1], ARGV[2])";
    Script::new(format!("{}\n{renew}", guard()))
});

/// `ARGV`: token. Answers 1 if the cell was removed.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    let remove = "return redis.call('UNLINK', KEYS[1])";
    Script::new(format!("{}\n{remove}", guard()))
});

impl Script {
    fn new(source: String) -> Self {
        let sha = redis::Script::new(&source).get_hash().to_owned();
        Self { source, sha }
    }

    /// Runs it, if the server has it already.
    pub(super) fn run(&self, key: &str, arguments: &[&[u8]]) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.sha).arg(1).arg(key).arg(arguments);
        command
    }

    /// Teaches the server a script that it has forgotten and runs it, in one round trip.
    pub(super) fn load_and(&self, run: Cmd, asking: bool) -> Pipeline {
        let mut both = redis::pipe();
        self.load(&mut both);
        if asking {
            // It holds for the next command.
            both.cmd("ASKING");
        }
        both.add_command(run);
        both
    }

    fn load(&self, questions: &mut Pipeline) {
        questions.cmd("SCRIPT").arg("LOAD").arg(&self.source);
    }
}

/// Teaches the server all of them.
pub(super) fn teach(questions: &mut Pipeline) {
    for script in [&ACQUIRE, &FILL, &RENEW, &RELEASE] {
        script.load(questions);
    }
}

/// Leaves the script unless the cell has the token `ARGV[1]`; an absent key has none.
fn guard() -> String {
    // `GETRANGE` includes both ends.
    let (first, last) = (Cell::TOKEN_AT, Cell::TOKEN_AT + Token::LEN - 1);
    format!("if redis.call('GETRANGE', KEYS[1], {first}, {last}) ~= ARGV[1] then return 0 end")
}

/// Writes a cell, for ever if the milliseconds are 0.
fn set(cell: &str, millis: &str) -> String {
    format!(
        "if {millis} == '0' then redis.call('SET', KEYS[1], {cell}) \
         else redis.call('SET', KEYS[1], {cell}, 'PX', {millis}) end"
    )
}

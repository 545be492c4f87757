//! Single operations, as commands to the server that a route names.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};

use super::fault::Fault;
use super::link::Link;
use super::pushes::Ticket;
use super::reads::Cells;
use super::route::Route;
use super::scope::Scope;
use super::script;
use super::server::Dialect;
use crate::cell::{Cell, Token};
use crate::error::ErrorKind;

/// What was there; `None` if the cell is there now.
pub(super) async fn put_if_absent(
    to: &Route,
    key: &str,
    cell: &Cell,
    ttl: Option<Duration>,
) -> Result<Option<Cell>, Fault> {
    match try_to_put(to, key, cell, ttl).await {
        // `SET` is refused before it looks, but what is there can be served.
        Err(fault) if fault.refuses_writes() => match get(to, key).await? {
            Some(found) => Ok(Some(found)),
            None => Err(fault),
        },
        found => found,
    }
}

/// As [`put_if_absent`], on a server that takes writes: by one command where it knows one that looks
/// and puts, by the script where it does not, or where a cell of another scope is in the way.
async fn try_to_put(
    to: &Route,
    key: &str,
    cell: &Cell,
    ttl: Option<Duration>,
) -> Result<Option<Cell>, Fault> {
    if to.speaks(Dialect::SetGet) {
        let command = set(to, key, cell, ttl).arg("NX").arg("GET").take();
        match to.ask(&command).await {
            Err(fault) if fault.is_syntax() => to.resort_to(Dialect::Lua),
            Ok(Value::BulkString(bytes)) => {
                if let Some(found) = to.scope().open(bytes) {
                    return Ok(Some(found));
                }
                // One of another scope, which is to be replaced.
            }
            answer => return cell_of(to, "SET", answer?),
        }
    }
    let (sealed, ttl) = (to.scope().seal(cell), millis_or_0(ttl).to_string());
    let arguments = [&*sealed, ttl.as_bytes(), to.scope().mark()];
    let answer = to.run(&script::ACQUIRE, key, &arguments).await?;
    cell_of(to, "EVALSHA", answer)
}

/// Replaces the cell that has this token; `held` is that cell, if it is known to the byte.
pub(super) async fn fill(
    to: &Route,
    key: &str,
    token: Token,
    held: Option<&Cell>,
    cell: &Cell,
    ttl: Option<Duration>,
) -> Result<bool, Fault> {
    if let Some(held) = held.filter(|_| to.speaks(Dialect::IfEq)) {
        let mut replace = set(to, key, cell, ttl);
        replace.arg("IFEQ").arg(&*to.scope().seal(held));
        match to.ask(&replace).await {
            Ok(Value::Okay) => return Ok(true),
            Err(fault) if fault.is_syntax() => to.resort_to(Dialect::SetGet),
            Err(fault) => return Err(fault),
            // Something else stands there, but it may have the token all the same: whoever
            // changes the times of a cell leaves it that.
            Ok(_) => {}
        }
    }
    let (sealed, ttl) = (to.scope().seal(cell), millis_or_0(ttl).to_string());
    let mark = to.scope().mark();
    let arguments = [token.as_bytes(), &*sealed, ttl.as_bytes(), mark];
    compare(to, &script::FILL, key, &arguments).await
}

/// Runs a script that compares the token first.
pub(super) async fn compare(
    to: &Route,
    script: &script::Script,
    key: &str,
    arguments: &[&[u8]],
) -> Result<bool, Fault> {
    let answer = to.run(script, key, arguments).await?;
    Ok(count(to, "EVALSHA", &answer)? != 0)
}

/// Replaces whatever is there, of whatever scope.
pub(super) async fn write(
    to: &Route,
    key: &str,
    cell: &Cell,
    ttl: Option<Duration>,
) -> Result<(), Fault> {
    match to.ask(&set(to, key, cell, ttl)).await? {
        Value::Okay => Ok(()),
        answer => Err(Fault::unexpected(to.at(), "SET", &answer)),
    }
}

/// Removes what is under the keys, of whatever scope; how many of them were there.
pub(super) async fn unlink(to: &Route, keys: &[&str]) -> Result<u64, Fault> {
    let answer = to.ask(redis::cmd("UNLINK").arg(keys)).await?;
    count(to, "UNLINK", &answer)
}

/// For each key whether it was there, or who refused to say.
pub(super) async fn unlink_one_by_one(
    link: &Link,
    keys: &[&str],
) -> Result<Vec<Result<u64, Fault>>, Fault> {
    let answers = one_by_one(link, "UNLINK", keys, false).await?;
    let counts = answers.into_iter().map(|answer| {
        let answer = link.accept(answer)?;
        count(link, "UNLINK", &answer)
    });
    Ok(counts.collect())
}

/// What is under the key.
pub(super) async fn get(to: &Route, key: &str) -> Result<Option<Cell>, Fault> {
    let answer = to.ask(redis::cmd("GET").arg(key)).await?;
    cell_of(to, "GET", answer)
}

/// What is under each key, as the cache calls it, by one command.
pub(super) async fn get_all(link: &Link, keys: &[&str], tracked: bool) -> Result<Cells, Fault> {
    // There may be thousands: nothing is allocated for each.
    let bytes: usize = keys.iter().map(|key| key.len() + Scope::SUFFIX).sum();
    let mut mget = Cmd::with_capacity(1 + keys.len(), "MGET".len() + bytes);
    mget.arg("MGET");
    let mut room = String::new();
    for key in keys {
        mget.arg(link.scope().name(key, &mut room));
    }
    let answer = match tracked {
        true => ask_tracked(link, mget).await?,
        false => link.ask(&mget).await?,
    };
    match answer {
        Value::Array(cells) if cells.len() == keys.len() => {
            let cells = cells.into_iter().map(|cell| cell_of(link, "MGET", cell));
            Ok(cells.collect())
        }
        answer => Err(Fault::unexpected(link.at(), "MGET", &answer)),
    }
}

/// Keys, as the cache calls them, of different slots, which no one command may name, in one round
/// trip all the same.
pub(super) async fn get_one_by_one(
    link: &Link,
    keys: &[&str],
    tracked: bool,
) -> Result<Cells, Fault> {
    let names: Vec<String> = keys.iter().map(|key| link.scoped(key)).collect();
    let mut answers = one_by_one(link, "GET", &names, tracked).await?;
    if tracked {
        // Every other one is that of the opt-in, and a refusal is as good for its read.
        let opted = answers.chunks_exact(2).all(|pair| pair[0] == Value::Okay);
        if !opted {
            return Err(not_tracked(link));
        }
        answers = answers.into_iter().skip(1).step_by(2).collect();
    }
    let cells = answers
        .into_iter()
        .map(|answer| cell_of(link, "GET", link.accept(answer)?));
    Ok(cells.collect())
}

/// The same command for each key, all of them in one piece; an answer for each.
async fn one_by_one(
    link: &Link,
    command: &str,
    keys: &[impl AsRef<str>],
    tracked: bool,
) -> Result<Vec<Value>, Fault> {
    let mut each = redis::pipe();
    for key in keys {
        if tracked {
            each.cmd("CLIENT").arg("CACHING").arg("YES");
        }
        each.cmd(command).arg(key.as_ref());
    }
    let answers = link.ask_all(&each).await?;
    if answers.len() == each.len() {
        return Ok(answers);
    }
    let what = "it answered fewer questions than it was asked";
    Err(Fault::new(ErrorKind::Protocol, link.at(), what))
}

fn not_tracked(link: &Link) -> Fault {
    let what = "it agreed to tell of changes when connecting, but not for a read";
    Fault::new(ErrorKind::Protocol, link.at(), what)
}

/// One command that reads, after which the server tells of the next change of its keys. In one
/// piece with the opt-in, which holds for the next command of this connection only.
async fn ask_tracked(link: &Link, command: Cmd) -> Result<Value, Fault> {
    let mut both = redis::pipe();
    both.cmd("CLIENT").arg("CACHING").arg("YES");
    both.add_command(command);
    let answers = link.ask_all(&both).await?;
    link.accept_all(answers)
}

/// A read after which the server tells of the next change of the key.
pub(super) async fn tracked(link: &Link, ticket: &Ticket<'_>) -> Result<Option<Cell>, Fault> {
    get_tracked(link, ticket.key()).await
}

pub(super) async fn get_tracked(link: &Link, key: &str) -> Result<Option<Cell>, Fault> {
    let mut get = redis::cmd("GET");
    get.arg(key);
    cell_of(link, "GET", ask_tracked(link, get).await?)
}

/// A plain write, to which conditions may be added.
fn set(to: &Arc<Link>, key: &str, cell: &Cell, ttl: Option<Duration>) -> Cmd {
    let mut set = redis::cmd("SET");
    set.arg(key).arg(&*to.scope().seal(cell));
    if let Some(ttl) = ttl {
        set.arg("PX").arg(millis(ttl));
    }
    set
}

/// The cell in an answer, unless it is one of another scope.
fn cell_of(link: &Link, command: &str, answer: Value) -> Result<Option<Cell>, Fault> {
    match answer {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(link.scope().open(bytes)),
        answer => Err(Fault::unexpected(link.at(), command, &answer)),
    }
}

/// The number in an answer.
fn count(link: &Link, command: &str, answer: &Value) -> Result<u64, Fault> {
    match answer {
        Value::Int(count) => Ok(u64::try_from(*count).unwrap_or_default()),
        answer => Err(Fault::unexpected(link.at(), command, answer)),
    }
}

/// A hundred years: the server refuses times that overflow when it adds its clock to them.
const LONGEST: u64 = 100 * 365 * 24 * 60 * 60 * 1000;

/// Whole milliseconds, rounded up to 1 at least: the server takes no 0.
pub(super) fn millis(ttl: Duration) -> u64 {
    let millis = ttl.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).unwrap_or(LONGEST).clamp(1, LONGEST)
}

fn millis_or_0(ttl: Option<Duration>) -> u64 {
    ttl.map_or(0, millis)
}

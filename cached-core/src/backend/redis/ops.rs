//! The port, in commands.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};

use super::Redis;
use super::fault::Fault;
use super::link::Link;
use super::pushes::Ticket;
use super::reads::Reads;
use super::script;
use super::server::Dialect;
use crate::backend::port::{Acquired, Backend, Capabilities};
use crate::cell::{Cell, Token};
use crate::error::Error;

impl Backend for Redis {
    fn name(&self) -> &str {
        "redis"
    }

    /// As the last connection found them; before the first one there are no pushes.
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            pushes: self.shared().pushes(),
            shortest_ttl: Duration::from_millis(1),
            ..Capabilities::default()
        }
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let link = self.link().await?;
        let scoped = keys.iter().map(|key| link.scoped(key)).collect();
        Ok(Reads::ask(&link, self.runtime(), scoped).await?)
    }

    async fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<Acquired, Error> {
        let link = self.link().await?;
        let key = link.scoped(key);
        self.shared().held.note(cell);
        let found = match put_if_absent(&link, &key, cell, ttl).await {
            // `SET` is refused before it looks, but what is there can be served.
            Err(fault) if fault.refuses_writes() => match get(&link, &key).await? {
                Some(found) => Some(found),
                None => return Err(fault.into()),
            },
            found => found?,
        };
        Ok(found.map_or(Acquired::Granted, Acquired::Found))
    }

    async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        let held = self.shared().held.take(token);
        if cell.token() == Some(token) {
            // The lease is written anew.
            self.shared().held.note(cell);
        }
        let link = self.link().await?;
        if let Some(held) = held.filter(|_| link.speaks(Dialect::IfEq)) {
            let command = replace(&link.scoped(key), &held, cell, ttl);
            match link.ask(&command).await {
                Ok(Value::Okay) => return Ok(true),
                Err(fault) if fault.is_syntax() => link.resort_to(Dialect::SetGet),
                Err(fault) => return Err(fault.into()),
                // Something else stands there, but it may have the token all the same: whoever
                // changes the times of a cell leaves it that.
                Ok(_) => {}
            }
        }
        let ttl = millis_or_0(ttl).to_string();
        let arguments = [token.as_bytes(), cell.as_bytes(), ttl.as_bytes()];
        Ok(self.compare(&script::FILL, key, &arguments).await?)
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        let ttl = millis(ttl).to_string();
        let arguments = [token.as_bytes().as_slice(), ttl.as_bytes()];
        Ok(self.compare(&script::RENEW, key, &arguments).await?)
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        let arguments = [token.as_bytes().as_slice()];
        Ok(self.compare(&script::RELEASE, key, &arguments).await?)
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Option<Duration>) -> Result<(), Error> {
        let link = self.link().await?;
        let answer = link.ask(&set(&link.scoped(key), cell, ttl)).await?;
        match answer {
            Value::Okay => Ok(()),
            answer => Err(Fault::unexpected(link.at(), "SET", &answer).into()),
        }
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        if keys.is_empty() {
            return Ok(0);
        }
        let link = self.link().await?;
        let mut unlink = redis::cmd("UNLINK");
        for key in keys {
            unlink.arg(link.scoped(key));
        }
        let answer = link.ask(&unlink).await?;
        Ok(count(&link, "UNLINK", &answer)?)
    }

    async fn now(&self) -> Result<u64, Error> {
        Ok(self.link().await?.now()?)
    }

    async fn changed(&self, key: &str, seen: Token) {
        if self.watch(key, seen).await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Where keys end in the server's run nothing comes back.
    fn incarnation(&self) -> Option<u64> {
        (!self.scoped()).then(|| self.generation())
    }

    async fn check(&self) -> Result<(), Error> {
        let link = self.link().await?;
        link.ask(&redis::cmd("PING")).await?;
        Ok(())
    }
}

impl Redis {
    /// Runs a script that compares the token first.
    async fn compare(
        &self,
        script: &script::Script,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<bool, Fault> {
        let link = self.link().await?;
        let answer = link.run(script, &link.scoped(key), arguments).await?;
        Ok(count(&link, "EVALSHA", &answer)? != 0)
    }

    /// Waits until the key has another cell than the one that was seen, or, if that is not told,
    /// until the cell of now has changed. `None` if nothing will tell of a change.
    async fn watch(&self, key: &str, seen: Token) -> Option<()> {
        let link = self.link().await.ok()?;
        if !link.server().pushes {
            return None;
        }
        let ticket = self.shared().waiters.register(link.scoped(key))?;
        // Before the read: a push that overtakes the answer is heard.
        let bell = ticket.bell();
        match tracked(&link, &ticket).await {
            Ok(Some(cell)) if cell.token() == Some(seen) => {
                link.lost().or(bell).await;
                Some(())
            }
            Ok(_) => Some(()),
            // The connection is lost, and a change may be with it.
            Err(_) if link.lost().is_declared() => Some(()),
            Err(_) => None,
        }
    }

    async fn link(&self) -> Result<Arc<Link>, Fault> {
        match self.shared().live() {
            Some(link) => Ok(link),
            None => self.connect().await,
        }
    }
}

/// What was there; `None` if the cell is there now.
async fn put_if_absent(
    link: &Link,
    key: &str,
    cell: &Cell,
    ttl: Option<Duration>,
) -> Result<Option<Cell>, Fault> {
    if link.speaks(Dialect::SetGet) {
        let command = set(key, cell, ttl).arg("NX").arg("GET").take();
        match link.ask(&command).await {
            Err(fault) if fault.is_syntax() => link.resort_to(Dialect::Lua),
            answer => return cell_of(link, "SET", answer?),
        }
    }
    let ttl = millis_or_0(ttl).to_string();
    let arguments = [cell.as_bytes(), ttl.as_bytes()];
    let answer = link.run(&script::ACQUIRE, key, &arguments).await?;
    cell_of(link, "EVALSHA", answer)
}

/// The key is the server's.
pub(super) async fn get(link: &Link, key: &str) -> Result<Option<Cell>, Fault> {
    let answer = link.ask(redis::cmd("GET").arg(key)).await?;
    cell_of(link, "GET", answer)
}

/// The keys are the server's.
pub(super) async fn get_all(link: &Link, keys: &[&str]) -> Result<Vec<Option<Cell>>, Fault> {
    let mut mget = redis::cmd("MGET");
    mget.arg(keys);
    match link.ask(&mget).await? {
        Value::Array(cells) if cells.len() == keys.len() => {
            let cells = cells.into_iter().map(|cell| cell_of(link, "MGET", cell));
            cells.collect()
        }
        answer => Err(Fault::unexpected(link.at(), "MGET", &answer)),
    }
}

/// A read after which the server tells of the next change of the key.
async fn tracked(link: &Link, ticket: &Ticket<'_>) -> Result<Option<Cell>, Fault> {
    let mut both = redis::pipe();
    // In one piece with the read: it holds for the next command of this connection only.
    both.cmd("CLIENT").arg("CACHING").arg("YES");
    both.cmd("GET").arg(ticket.key());
    let answers = link.ask_all(&both).await?;
    cell_of(link, "GET", link.accept_all(answers)?)
}

fn set(key: &str, cell: &Cell, ttl: Option<Duration>) -> Cmd {
    let mut set = redis::cmd("SET");
    set.arg(key).arg(cell.as_bytes());
    if let Some(ttl) = ttl {
        set.arg("PX").arg(millis(ttl));
    }
    set
}

/// The cell in the place of another one that is known to the byte.
fn replace(key: &str, held: &Cell, cell: &Cell, ttl: Option<Duration>) -> Cmd {
    set(key, cell, ttl).arg("IFEQ").arg(held.as_bytes()).take()
}

fn cell_of(link: &Link, command: &str, answer: Value) -> Result<Option<Cell>, Fault> {
    match answer {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(Cell::from_bytes(bytes))),
        answer => Err(Fault::unexpected(link.at(), command, &answer)),
    }
}

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

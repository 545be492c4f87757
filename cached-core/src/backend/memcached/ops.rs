//! The port, in commands.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::Memcached;
use super::clock::SHORTEST;
use super::command::{Commands, When, is_key};
use super::fault::Fault;
use super::link::Link;
use super::node::Node;
use super::wire::{Code, Reply};
use crate::backend::port::{Acquired, Backend, Capabilities};
use crate::cell::{Cell, Token};
use crate::error::{Error, ErrorKind};

impl Backend for Memcached {
    fn name(&self) -> &str {
        "memcached"
    }

    fn place(&self) -> Option<String> {
        let places: Vec<&str> = self.nodes().iter().map(Node::at).collect();
        Some(places.join(", "))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            shortest_ttl: SHORTEST,
            ..Capabilities::default()
        }
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        if let [key] = keys {
            let link = self.link(key).await?;
            let reply = link.ask(link.commands(1).get(key)).await?;
            return Ok(vec![self.found(&link, reply)?]);
        }
        let mut cells = vec![None; keys.len()];
        for (places, link, replies) in self.ask_each(keys, Commands::get).await? {
            for (place, reply) in places.into_iter().zip(replies) {
                cells[place] = self.found(&link, reply)?;
            }
        }
        Ok(cells)
    }

    async fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<Acquired, Error> {
        let link = self.link(key).await?;
        fits(&link, cell)?;
        loop {
            // The look goes first: it brings nothing where the cell is put, and all of it comes in
            // one round trip either way.
            let asked = link
                .commands(2)
                .get(key)
                .set(key, cell, When::Absent, link.expires(ttl));
            let mut replies = link.ask_all(asked).await?.into_iter();
            let mut next = || replies.next().ok_or_else(|| Fault::lost(link.at()));
            let (found, put) = (next()?, next()?);
            match stored(&link, "ms", cell, &put)? {
                (Code::Done, cas) => {
                    self.0.held.note(cell.token(), link.number(), cas);
                    return Ok(Acquired::Granted);
                }
                (Code::NotStored, _) => {}
                _ => return Err(link.unexpected("ms", &put).into()),
            }
            // Somebody put it there between the two: then once more.
            if let Some(found) = self.found(&link, found)? {
                return Ok(Acquired::Found(found));
            }
        }
    }

    async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        let link = self.link(key).await?;
        let filled = self.replace(&link, key, token, cell, ttl).await;
        if let Err(fault) = &filled
            && fault.kind() == ErrorKind::TooLarge
        {
            // Nobody will fill it: whoever waits for it had better compute.
            self.remove(&link, key, token).await?;
        }
        Ok(filled?)
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        let link = self.link(key).await?;
        let expires = link.expires(Some(ttl));
        loop {
            let Some((cell, cas)) = with_token(&link, key, token).await? else {
                return Ok(false);
            };
            // `touch` asks for no number, so the cell is written once more.
            let again = link
                .commands(1)
                .set(key, &cell, When::Unchanged(cas), expires);
            let reply = link.ask(again).await?;
            let (code, cas) = stored(&link, "ms", &cell, &reply)?;
            if code == Code::Done {
                self.0.held.note(Some(token), link.number(), cas);
            }
            if let Some(done) = verdict(&link, "ms", code, &reply)? {
                return Ok(done);
            }
        }
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        let link = self.link(key).await?;
        Ok(self.remove(&link, key, token).await?)
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Option<Duration>) -> Result<(), Error> {
        let link = self.link(key).await?;
        let written = match fits(&link, cell) {
            Ok(()) => {
                let set = link
                    .commands(1)
                    .set(key, cell, When::Always, link.expires(ttl));
                let reply = link.ask(set).await?;
                match stored(&link, "ms", cell, &reply) {
                    Ok((Code::Done, _)) => return Ok(()),
                    Ok(_) => return Err(link.unexpected("ms", &reply).into()),
                    Err(fault) => fault,
                }
            }
            Err(fault) => fault,
        };
        if matches!(written.kind(), ErrorKind::TooLarge | ErrorKind::Full) {
            // What was to be replaced is outdated, and no longer there if the server refused; it
            // is if nothing was sent.
            link.ask(link.commands(1).delete(key)).await?;
        }
        Err(written.into())
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        let mut count = 0;
        for (_, link, replies) in self.ask_each(keys, Commands::delete).await? {
            for reply in replies {
                match reply {
                    Reply::Status {
                        code: Code::Done, ..
                    } => count += 1,
                    Reply::Status {
                        code: Code::Absent, ..
                    } => {}
                    other => return Err(link.unexpected("md", &other).into()),
                }
            }
        }
        Ok(count)
    }

    /// The clock of the first server of the list that can be had, in an order that all processes
    /// have.
    async fn now(&self) -> Result<u64, Error> {
        let mut first = None;
        for node in self.nodes() {
            node.resample();
            if let Some(sample) = node.sample() {
                return Ok(sample.now());
            }
            match node.look().await {
                Ok(sample) => return Ok(sample.now()),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        // A list has one at least.
        Err(first.unwrap_or_else(|| Fault::lost("nowhere")).into())
    }

    /// Every server: a key of any may be next.
    async fn check(&self) -> Result<(), Error> {
        let checks = self.nodes().iter().map(Node::check);
        for checked in join_all(checks).await {
            checked?;
        }
        Ok(())
    }
}

/// Places in the list of keys, and the replies to their commands.
type Answers = (Vec<usize>, Arc<Link>, Vec<Reply>);

impl Memcached {
    /// The cell of a `get`.
    fn found(&self, link: &Link, reply: Reply) -> Result<Option<Cell>, Fault> {
        let found = item(link, reply)?;
        Ok(found.map(|(cell, cas)| {
            self.0.held.saw(&cell, link.number(), cas);
            cell
        }))
    }

    /// The connection to the server of this key.
    async fn link(&self, key: &str) -> Result<Arc<Link>, Error> {
        refuse_odd(key)?;
        Ok(self.node(key).link().await?)
    }

    /// A command for each key, one round trip per server, all servers at once. Every server is
    /// asked, also if another one fails.
    async fn ask_each(
        &self,
        keys: &[&str],
        command: impl Fn(Commands, &str) -> Commands,
    ) -> Result<Vec<Answers>, Error> {
        let mut groups = vec![Vec::new(); self.nodes().len()];
        for (place, key) in keys.iter().enumerate() {
            refuse_odd(key)?;
            groups[self.0.ring.place(key)].push(place);
        }
        let groups = self.nodes().iter().zip(groups);
        let groups = groups.filter(|(_, places)| !places.is_empty());
        let command = &command;
        let asked = groups.map(|(node, places)| async move {
            let link = node.link().await?;
            let room = u32::try_from(places.len()).unwrap_or(u32::MAX);
            let add = |commands, place: &usize| command(commands, keys[*place]);
            let commands = places.iter().fold(link.commands(room), add);
            let replies = link.ask_all(commands).await?;
            Ok::<_, Fault>((places, link, replies))
        });
        let answers: Result<_, Fault> = join_all(asked).await.into_iter().collect();
        Ok(answers?)
    }

    /// Puts the cell in the place of the one with this token.
    async fn replace(
        &self,
        link: &Link,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Fault> {
        fits(link, cell)?;
        let expires = link.expires(ttl);
        let mut known = self.0.held.take(token, link.number());
        loop {
            let cas = match known.take() {
                Some(cas) => cas,
                None => match with_token(link, key, token).await? {
                    Some((_, cas)) => cas,
                    None => return Ok(false),
                },
            };
            let set = link
                .commands(1)
                .set(key, cell, When::Unchanged(cas), expires);
            let reply = link.ask(set).await?;
            let (code, cas) = stored(link, "ms", cell, &reply)?;
            if code == Code::Done {
                // A lease, perhaps, which is to be filled.
                self.0.held.note(cell.token(), link.number(), cas);
            }
            if let Some(done) = verdict(link, "ms", code, &reply)? {
                return Ok(done);
            }
        }
    }

    /// Removes the cell with this token.
    async fn remove(&self, link: &Link, key: &str, token: Token) -> Result<bool, Fault> {
        let mut known = self.0.held.take(token, link.number());
        loop {
            let cas = match known.take() {
                Some(cas) => cas,
                None => match with_token(link, key, token).await? {
                    Some((_, cas)) => cas,
                    None => return Ok(false),
                },
            };
            let delete = link.commands(1).delete_unchanged(key, cas);
            let reply = link.ask(delete).await?;
            let code = match &reply {
                Reply::Status { code, .. } => *code,
                other => return Err(link.unexpected("md", other)),
            };
            if let Some(done) = verdict(link, "md", code, &reply)? {
                return Ok(done);
            }
        }
    }
}

/// The cell under the key and its CAS number, if it has this token.
async fn with_token(link: &Link, key: &str, token: Token) -> Result<Option<(Cell, u64)>, Fault> {
    let reply = link.ask(link.commands(1).get(key)).await?;
    let found = item(link, reply)?;
    Ok(found.filter(|(cell, _)| cell.token() == Some(token)))
}

/// The item of a `get`, and its CAS number.
fn item(link: &Link, reply: Reply) -> Result<Option<(Cell, u64)>, Fault> {
    match reply {
        Reply::Item { flags, bytes } if flags.cas.is_some() => {
            let cas = flags.cas.unwrap_or_default();
            Ok(Some((Cell::from_bytes(bytes), cas)))
        }
        Reply::Status {
            code: Code::Absent, ..
        } => Ok(None),
        other => Err(link.unexpected("mg", &other)),
    }
}

/// What came of a `set`.
fn stored(
    link: &Link,
    command: &str,
    cell: &Cell,
    reply: &Reply,
) -> Result<(Code, Option<u64>), Fault> {
    match reply {
        Reply::Status { code, flags } => Ok((*code, flags.cas)),
        other => Err(match link.unexpected(command, other) {
            fault if fault.kind() == ErrorKind::TooLarge => {
                Fault::too_large(link.at(), cell.as_bytes().len(), link.limit())
            }
            fault => fault,
        }),
    }
}

/// What came of a conditional command; `None` if the item changed since it was read.
fn verdict(link: &Link, command: &str, code: Code, reply: &Reply) -> Result<Option<bool>, Fault> {
    match code {
        Code::Done => Ok(Some(true)),
        // What stands there now may have the token all the same: whoever changes the times of a
        // cell leaves it that.
        Code::Changed => Ok(None),
        Code::Absent => Ok(Some(false)),
        Code::NotStored | Code::Here => Err(link.unexpected(command, reply)),
    }
}

/// Refuses what no item can hold before it is sent.
fn fits(link: &Link, cell: &Cell) -> Result<(), Fault> {
    let bytes = cell.as_bytes().len();
    match link.limit() {
        Some(limit) if bytes > limit => Err(Fault::too_large(link.at(), bytes, Some(limit))),
        _ => Ok(()),
    }
}

/// Refuses what would not be one key on the wire.
fn refuse_odd(key: &str) -> Result<(), Error> {
    if is_key(key) {
        return Ok(());
    }
    let message = "memcached takes keys of 1 to 250 printable ASCII characters without spaces";
    Err(Error::new(ErrorKind::Key, message))
}

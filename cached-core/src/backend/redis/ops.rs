//! The port: which servers are asked, and again where another one is named.

use std::future::Future;
use std::sync::Weak;
use std::time::Duration;

use futures_util::future::join_all;

use super::Redis;
use super::commands as say;
use super::commands::millis;
use super::fault::Fault;
use super::reads::Reads;
use super::route::Route;
use super::script::{self, Script};
use super::servers::{Group, Servers};
use crate::backend::port::{Acquired, Backend, Capabilities, Page, Watched, Watcher};
use crate::cell::{Cell, Token};
use crate::error::Error;

/// So often one operation is sent on to another server.
const HOPS: usize = 5;

impl Backend for Redis {
    fn name(&self) -> &str {
        "redis"
    }

    fn place(&self) -> Option<String> {
        Some(self.servers().at().to_owned())
    }

    /// As the last connection found them; before the first one there are no pushes.
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            pushes: self.common().pushes(),
            shortest_ttl: Duration::from_millis(1),
            scans: true,
            watches: true,
            ..Capabilities::default()
        }
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        let reading = self.spread(
            keys,
            |group| async move {
                Reads::ask(&group.link, self.runtime(), &group.keys, false).await
            },
            |key| self.routed(key, move |to| get_here(to, key)),
        );
        Ok(reading.await?)
    }

    /// A key that is moving just now is not told of.
    async fn read_watched(&self, keys: &[&str]) -> Result<Watched, Error> {
        let reading = self.spread(
            keys,
            |group| async move {
                let told = group.link.server().pushes;
                let asking = Reads::ask(&group.link, self.runtime(), &group.keys, told);
                let cells = asking.await?.into_iter();
                Ok(cells.map(|cell| Ok((cell?, told))).collect())
            },
            |key| async move { Ok((self.routed(key, move |to| get_here(to, key)).await?, false)) },
        );
        let read: Vec<(Option<Cell>, bool)> = reading.await?;
        let told = read.iter().all(|(_, told)| *told);
        let cells = read.into_iter().map(|(cell, _)| cell).collect();
        Ok(Watched { cells, told })
    }

    fn watch(&self, watcher: Weak<dyn Watcher>) {
        self.common().watchers.add(watcher);
    }

    async fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<Acquired, Error> {
        self.common().held.note(cell);
        let putting = |to: Route| async move {
            let key = to.scoped(key);
            say::put_if_absent(&to, &key, cell, ttl).await
        };
        let found = self.routed(key, putting).await?;
        Ok(found.map_or(Acquired::Granted, Acquired::Found))
    }

    async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        let held = self.common().held.take(token);
        if cell.token() == Some(token) {
            // The lease is written anew.
            self.common().held.note(cell);
        }
        let held = held.as_ref();
        let filling = |to: Route| async move {
            let key = to.scoped(key);
            say::fill(&to, &key, token, held, cell, ttl).await
        };
        Ok(self.routed(key, filling).await?)
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
        let writing = |to: Route| async move {
            let key = to.scoped(key);
            say::write(&to, &key, cell, ttl).await
        };
        Ok(self.routed(key, writing).await?)
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        let removing = self.spread(keys, unlink_group, |key| {
            self.routed(key, move |to| unlink_here(to, key))
        });
        Ok(removing.await?.into_iter().sum())
    }

    async fn scan(&self, prefix: &str, after: Option<&str>) -> Result<Page, Error> {
        Ok(self.page(prefix, after).await?)
    }

    async fn now(&self) -> Result<u64, Error> {
        Ok(self.servers().first().await?.now()?)
    }

    async fn changed(&self, key: &str, seen: Token) {
        if self.until_changed(key, seen).await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Where cells carry the server's run nothing comes back.
    fn incarnation(&self) -> Option<u64> {
        (!self.scoped()).then(|| self.generation())
    }

    async fn check(&self) -> Result<(), Error> {
        let ping = redis::cmd("PING");
        for link in self.servers().each().await? {
            link.ask(&ping).await?;
        }
        Ok(())
    }
}

impl Redis {
    /// Runs an operation where the key is, and again where it is said to be.
    ///
    /// Only a refusal sends it on, so nothing is done twice: what is lost on its way is an error.
    async fn routed<T, F>(
        &self,
        key: &str,
        run: impl Fn(Route) -> F + Send + Sync,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>> + Send,
    {
        let mut to = self.servers().route(key).await?;
        for _ in 0..HOPS {
            match run(to.clone()).await {
                Err(fault) => to = self.servers().elsewhere(&to, fault).await?,
                done => return done,
            }
        }
        run(to).await
    }

    /// Asks each server about its keys, all at once, then one by one about those that are said to
    /// be elsewhere; the answers in the order of the keys.
    async fn spread<'k, T, F, A>(
        &self,
        keys: &[&'k str],
        ask: impl Fn(Group<'k>) -> F + Send + Sync,
        again: impl Fn(&'k str) -> A + Send + Sync,
    ) -> Result<Vec<T>, Fault>
    where
        T: Send,
        F: Future<Output = Result<Vec<Result<T, Fault>>, Fault>> + Send,
        A: Future<Output = Result<T, Fault>> + Send,
    {
        let cluster = match self.servers() {
            _ if keys.is_empty() => return Ok(Vec::new()),
            Servers::One(node) => {
                let (link, keys) = (node.link().await?, keys.to_vec());
                return ask(Group { link, keys }).await?.into_iter().collect();
            }
            Servers::Cluster(cluster) => cluster,
        };
        let groups = cluster.groups(keys).await?;
        let (places, asking): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .map(|(places, group)| (places, ask(group)))
            .unzip();
        let mut found: Vec<Option<T>> = keys.iter().map(|_| None).collect();
        for (places, answers) in places.into_iter().zip(join_all(asking).await) {
            for (place, answer) in places.into_iter().zip(answers?) {
                found[place] = match answer {
                    Err(fault) if fault.is_elsewhere() => None,
                    answer => Some(answer?),
                };
            }
        }
        if found.iter().all(Option::is_some) {
            return Ok(found.into_iter().flatten().collect());
        }
        let late = found
            .iter_mut()
            .zip(keys)
            .map(|(found, key)| (found.take(), key));
        let late = late.map(|(found, key)| async {
            match found {
                Some(found) => Ok(found),
                None => again(key).await,
            }
        });
        join_all(late).await.into_iter().collect()
    }

    /// Runs a script that compares the token first.
    async fn compare(
        &self,
        script: &'static Script,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<bool, Fault> {
        let comparing = |to: Route| async move {
            let key = to.scoped(key);
            say::compare(&to, script, &key, arguments).await
        };
        self.routed(key, comparing).await
    }

    /// Waits until the key has another cell than the one that was seen, or, if that is not told,
    /// until the cell of now has changed. `None` if nothing will tell of a change.
    async fn until_changed(&self, key: &str, seen: Token) -> Option<()> {
        let to = self.servers().route(key).await.ok()?;
        if !to.server().pushes {
            return None;
        }
        let ticket = self.common().waiters.register(to.scoped(key))?;
        // Before the read: a push that overtakes the answer is heard.
        let bell = ticket.bell();
        match say::tracked(&to, &ticket).await {
            Ok(Some(cell)) if cell.token() == Some(seen) => {
                to.lost().or(bell).await;
                Some(())
            }
            Ok(_) => Some(()),
            // The connection is lost, and a change may be with it.
            Err(_) if to.lost().is_declared() => Some(()),
            Err(_) => None,
        }
    }
}

/// What is under the key, by whoever has it.
async fn get_here(to: Route, key: &str) -> Result<Option<Cell>, Fault> {
    let key = to.scoped(key);
    say::get(&to, &key).await
}

/// Removes what is under the key, wherever that is by now.
async fn unlink_here(to: Route, key: &str) -> Result<u64, Fault> {
    let key = to.scoped(key);
    say::unlink(&to, &[&key]).await
}

/// The number of a group's keys is the first one's, where one command takes them all.
async fn unlink_group(group: Group<'_>) -> Result<Vec<Result<u64, Fault>>, Fault> {
    let names: Vec<String> = group
        .keys
        .iter()
        .map(|key| group.link.scoped(key))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if group.link.is_of_cluster() {
        return say::unlink_one_by_one(&group.link, &names).await;
    }
    let removed = say::unlink(&Route::to(group.link.clone()), &names).await?;
    let mut counts = vec![Ok(0); names.len()];
    if let Some(first) = counts.first_mut() {
        *first = Ok(removed);
    }
    Ok(counts)
}

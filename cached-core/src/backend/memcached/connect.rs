//! From an address to a [`Link`]: one round trip, after which the server is known.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use futures_util::future::join;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use super::address::Server;
use super::clock::{Sample, millis_of_log};
use super::fault::Fault;
use super::link::{Halves, Link};
use super::wire::{Reply, read_line, read_reply};
use crate::error::ErrorKind;

/// How long an attempt may take, in seconds, name resolution included.
const CONNECT: u64 = 2;

/// How long the server's log is waited for. It is written every few milliseconds, while somebody
/// reads it.
const LOG: Duration = Duration::from_millis(250);

/// The oldest version with all that is asked of it.
const OLDEST: [u32; 3] = [1, 6, 12];

/// What a server said of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Greeting {
    /// `-I`: what one item may have, in bytes.
    pub(super) limit: Option<usize>,
    /// The server's time when it was asked, in seconds since the Unix epoch.
    pub(super) seconds: u64,
    /// The same, as closely as it could be told.
    pub(super) sample: Sample,
}

/// A link to the server, driven by this runtime, on which this has to be polled.
pub(super) async fn connect(
    server: &Server,
    at: &Arc<str>,
    runtime: &Handle,
) -> Result<Link, Fault> {
    let opening = join(open(server, at), sample(server));
    match tokio::time::timeout(Duration::from_secs(CONNECT), opening).await {
        Ok((opened, sampled)) => {
            let (mut greeting, halves) = opened?;
            greeting.sample = sampled.unwrap_or(greeting.sample);
            Ok(Link::new(at, greeting, halves, runtime))
        }
        Err(_) => Err(Fault::silent(at, CONNECT)),
    }
}

async fn open(server: &Server, at: &Arc<str>) -> Result<(Greeting, Halves), Fault> {
    let dialled = dial(server).await;
    let mut halves = dialled.map_err(|error| Fault::of_io(error, at))?;
    let asked = Instant::now();
    let answers = ask(&mut halves).await.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Fault::unexpected(at, "version", &error.to_string()),
        _ => Fault::of_io(error, at),
    })?;
    let greeting = judge(at, asked, &answers)?;
    Ok((greeting, halves))
}

async fn dial(server: &Server) -> io::Result<Halves> {
    match server {
        Server::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            let (read, write) = stream.into_split();
            Ok((Box::new(read), Box::new(write)))
        }
        Server::Unix(path) => dial_path(path).await,
    }
}

#[cfg(unix)]
async fn dial_path(path: &Path) -> io::Result<Halves> {
    let (read, write) = tokio::net::UnixStream::connect(path).await?.into_split();
    Ok((Box::new(read), Box::new(write)))
}

#[cfg(not(unix))]
async fn dial_path(_: &Path) -> io::Result<Halves> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Everything that has to be known before the first command of the cache, in one round trip.
async fn ask((read, write): &mut Halves) -> io::Result<[Reply; 4]> {
    write
        .write_all(b"version\r\nmn\r\nstats\r\nstats settings\r\n")
        .await?;
    let (mut from, heard) = (BufReader::new(read), AtomicU64::new(0));
    let mut next = async || read_reply(&mut from, &heard).await;
    let version = next().await?;
    if let Reply::Refused(_) = version {
        // It may close after that, and its reason would be lost.
        let none = || Reply::Stats(Vec::new());
        return Ok([version, none(), none(), none()]);
    }
    Ok([version, next().await?, next().await?, next().await?])
}

/// What the answers say, unless it is that this server cannot be used.
fn judge(at: &str, asked: Instant, answers: &[Reply; 4]) -> Result<Greeting, Fault> {
    let [version, here, stats, settings] = answers;
    let version = match version {
        Reply::Version(version) => version,
        Reply::Refused(line) => return Err(Fault::refused(at, "version", line)),
        other => return Err(Fault::unexpected(at, "version", other.shape())),
    };
    let too_old = numbers(version).is_some_and(|numbers| numbers < OLDEST);
    if too_old || here.shape() != "MN" {
        let version: String = version.chars().take(40).collect();
        let what = format!(
            "it does not speak the meta protocol as memcached 1.6.12 and newer do; it says that \
             it is version `{}`",
            version.escape_default()
        );
        return Err(Fault::new(ErrorKind::Protocol, at, what));
    }
    let seconds = stats.number_of("time").ok_or_else(|| {
        let what = "`stats` tells no `time`";
        Fault::new(ErrorKind::Protocol, at, what)
    })?;
    let limit = settings.number_of("item_size_max");
    Ok(Greeting {
        limit: limit.and_then(|limit| usize::try_from(limit).ok()),
        seconds,
        sample: Sample::of_seconds(seconds, asked),
    })
}

/// The numbers of a version such as `1.6.18` or `1.6.21-beta`.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split(['.', '-', '_']).map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

/// A close look at the server's clock; `None` if it does not let its log be read.
pub(super) async fn sample(server: &Server) -> Option<Sample> {
    let watching = async {
        let (read, mut write) = dial(server).await.ok()?;
        let (mut log, heard) = (BufReader::new(read), AtomicU64::new(0));
        write.write_all(b"watch connevents\r\n").await.ok()?;
        let allowed = read_line(&mut log, &heard).await.ok()?;
        if allowed != "OK" {
            return None;
        }
        // What is logged: that there is one more connection.
        let _seen = dial(server).await.ok()?;
        let taken = Instant::now();
        let line = read_line(&mut log, &heard).await.ok()?;
        Some(Sample::new(millis_of_log(&line)?, taken))
    };
    tokio::time::timeout(LOG, watching).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(numbers("1.6.18"), Some([1, 6, 18]));
        assert!(numbers("1.6.9") < Some(OLDEST) && numbers("1.10.0") > Some(OLDEST));
        assert_eq!(numbers("1.6.21-beta"), Some([1, 6, 21]));
        assert_eq!(numbers("unknown"), None);
    }
}

//! Reads that are asked for at the same time, as one command.
//!
//! A lone read is sent as it is. While one is under way, the next wait for the background runtime to
//! turn to them, and all that have come by then go as one `MGET` that names each key once. Nobody
//! waits for the sake of others; many at once cost the server and the driver a fraction, most of
//! all because entries of one function share their stamps.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::commands::{get, get_all, get_one_by_one, get_tracked};
use super::fault::Fault;
use super::link::Link;
use super::route::Route;
use crate::cell::Cell;

/// So many keys go at once at most: the server answers nobody else meanwhile, and a fault is
/// everybody's. A read of more goes alone.
const MOST: usize = 256;
/// Where answers are larger than this on average, in bytes, each read goes alone: what takes long to
/// arrive had better not arrive all at once.
const LARGE: usize = 4096;

/// What is under each key, or, in a cluster, who refused to say.
pub(super) type Cells = Vec<Result<Option<Cell>, Fault>>;

/// The reads of one connection.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Whether one is under way that was sent as it is.
    lone: AtomicBool,
    /// Those that no task has taken yet.
    waiting: Mutex<Vec<Read>>,
    /// The smoothed size of an answer in bytes.
    size: AtomicUsize,
}

#[derive(Debug)]
struct Read {
    /// As the cache calls them.
    keys: Vec<String>,
    /// Whether the server is to tell of changes.
    tracked: bool,
    answer: oneshot::Sender<Result<Cells, Fault>>,
}

impl Reads {
    /// What is under these keys.
    pub(super) async fn ask(
        link: &Arc<Link>,
        runtime: &Handle,
        keys: &[&str],
        tracked: bool,
    ) -> Result<Cells, Fault> {
        let lone = Lone::of(link.reads());
        if lone.is_some() || link.reads().are_large() {
            let cells = get_each(link, keys, tracked).await?;
            link.reads().learn(&cells);
            return Ok(cells);
        }
        let (answer, answered) = oneshot::channel();
        // Whoever finds others there knows that a task is on its way.
        let first = {
            let mut waiting = link.reads().lock();
            waiting.push(Read {
                keys: keys.iter().map(|key| (*key).to_owned()).collect(),
                tracked,
                answer,
            });
            waiting.len() == 1
        };
        if first {
            runtime.spawn(serve(Serving(Some(Arc::clone(link)))));
        }
        let answer = answered.await;
        answer.unwrap_or_else(|_| Err(Fault::lost(link.at())))
    }

    fn are_large(&self) -> bool {
        self.size.load(Ordering::Relaxed) > LARGE
    }

    /// Takes note of an answer. Of two at the same time one may be lost.
    fn learn(&self, cells: &Cells) {
        let sizes = cells
            .iter()
            .flatten()
            .flatten()
            .map(|cell| cell.as_bytes().len());
        let (size, before) = (sizes.sum::<usize>(), self.size.load(Ordering::Relaxed));
        let after = before - before / 16 + size / 16;
        if after != before {
            self.size.store(after, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Read>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to be sent at once, while nobody else is.
struct Lone<'r>(&'r AtomicBool);

impl<'r> Lone<'r> {
    fn of(reads: &'r Reads) -> Option<Self> {
        let taken = reads.lone.swap(true, Ordering::Relaxed);
        (!taken).then(|| Self(&reads.lone))
    }
}

impl Drop for Lone<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A task that is to answer what waits.
struct Serving(Option<Arc<Link>>);

impl Serving {
    /// What waits; what comes from here on begins a task of its own.
    fn take(mut self) -> Option<(Arc<Link>, Vec<Read>)> {
        let link = self.0.take()?;
        let waiting = std::mem::take(&mut *link.reads().lock());
        Some((link, waiting))
    }
}

/// A runtime that was shut down drops the task before it has looked: readers are told by the end of
/// their channels.
impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(link) = self.0.take() {
            // Outside of the lock: a reader may be woken.
            let waiting = std::mem::take(&mut *link.reads().lock());
            drop(waiting);
        }
    }
}

async fn serve(serving: Serving) {
    let Some((link, mut waiting)) = serving.take() else {
        return;
    };
    loop {
        let rest = waiting.split_off(as_many_as_fit(&waiting));
        if rest.is_empty() {
            return answer(link, waiting).await;
        }
        tokio::spawn(answer(Arc::clone(&link), waiting));
        waiting = rest;
    }
}

/// How many of the reads, one at least, go in one command.
fn as_many_as_fit(reads: &[Read]) -> usize {
    let mut keys = 0;
    let fitting = reads.iter().take_while(|read| {
        let first = keys == 0;
        keys += read.keys.len();
        first || keys <= MOST
    });
    fitting.count()
}

async fn answer(link: Arc<Link>, mut reads: Vec<Read>) {
    // Whoever has gone meanwhile needs no answer.
    reads.retain(|read| !read.answer.is_closed());
    match ask_once(&link, &reads).await {
        Ok(answers) => {
            for (read, cells) in reads.into_iter().zip(answers) {
                link.reads().learn(&cells);
                // Nobody may be left to hear it.
                let _ = read.answer.send(Ok(cells));
            }
        }
        // One reader's key may be what the user has no right to.
        Err(fault) if fault.code() == Some("NOPERM") && reads.len() > 1 => {
            for read in reads {
                tokio::spawn(alone(Arc::clone(&link), read));
            }
        }
        Err(fault) => {
            for read in reads {
                let _ = read.answer.send(Err(fault.clone()));
            }
        }
    }
}

async fn alone(link: Arc<Link>, read: Read) {
    let cells = get_each(&link, &names(&read.keys), read.tracked).await;
    let _ = read.answer.send(cells);
}

/// Asks for all keys, each once, and deals the cells out.
async fn ask_once(link: &Arc<Link>, reads: &[Read]) -> Result<Vec<Cells>, Fault> {
    if let [read] = reads {
        return Ok(vec![
            get_each(link, &names(&read.keys), read.tracked).await?,
        ]);
    }
    let mut keys: Vec<&str> = Vec::new();
    let mut uses: Vec<usize> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let all = reads.iter().flat_map(|read| &read.keys);
    let at: Vec<usize> = all
        .map(|key| {
            let place = *places.entry(key).or_insert(keys.len());
            if place == keys.len() {
                keys.push(key);
                uses.push(0);
            }
            uses[place] += 1;
            place
        })
        .collect();
    // What one of them wants to be told of all are: a message too many does no harm.
    let tracked = reads.iter().any(|read| read.tracked);
    let mut cells = get_each(link, &keys, tracked).await?;
    let mut at = at.into_iter();
    let mut deal = |place: usize| {
        uses[place] -= 1;
        match uses[place] {
            0 => std::mem::replace(&mut cells[place], Ok(None)),
            _ => cells[place].clone(),
        }
    };
    let dealt = reads
        .iter()
        .map(|read| at.by_ref().take(read.keys.len()).map(&mut deal).collect());
    Ok(dealt.collect())
}

fn names(keys: &[String]) -> Vec<&str> {
    keys.iter().map(String::as_str).collect()
}

async fn get_each(link: &Arc<Link>, keys: &[&str], tracked: bool) -> Result<Cells, Fault> {
    match keys {
        [] => Ok(Vec::new()),
        [key] if tracked => Ok(vec![get_tracked(link, &link.scoped(key)).await]),
        [key] => {
            let to = Route::to(Arc::clone(link));
            Ok(vec![get(&to, &link.scoped(key)).await])
        }
        keys if link.is_of_cluster() => get_one_by_one(link, keys, tracked).await,
        keys => get_all(link, keys, tracked).await,
    }
}

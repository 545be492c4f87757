//! Reads after which changes are told: what memory in front of a backend lives by.
//!
//! For a backend with [`Capabilities::watches`](crate::backend::Capabilities::watches).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::stage::{LONG, cell, eventually, fresh_key, together};
use super::subject::{Handle, Subject, answered};
use crate::backend::port::{Put, Watcher};
use crate::cell::Cell;

/// Hears what a handle is told.
#[derive(Debug, Default)]
struct Ear {
    changed: Mutex<HashMap<String, u64>>,
    missed: AtomicU64,
}

impl Watcher for Ear {
    fn changed(&self, key: &str) {
        let changed = self.changed.lock();
        let mut changed = changed.unwrap_or_else(PoisonError::into_inner);
        *changed.entry(key.to_owned()).or_default() += 1;
    }

    fn missed(&self) {
        self.missed.fetch_add(1, Ordering::SeqCst);
    }
}

impl Ear {
    fn at(handle: &Handle) -> Arc<Self> {
        let ear = Arc::new(Self::default());
        let watcher: Weak<dyn Watcher> = Arc::<Self>::downgrade(&ear);
        handle.0.watch(watcher);
        ear
    }

    /// How much was heard that puts what is kept of the key out of use.
    fn news_of(&self, key: &str) -> u64 {
        let changed = self.changed.lock();
        let changed = changed.unwrap_or_else(PoisonError::into_inner);
        let of_key = changed.get(key).copied().unwrap_or_default();
        of_key + self.missed.load(Ordering::SeqCst)
    }

    /// Waits for more news of the key than there were.
    async fn hears(&self, key: &str, before: u64, change: &str) {
        let heard = eventually(|| async { self.news_of(key) > before }).await;
        assert!(
            heard,
            "{change} is told to whoever watches, after a read by `read_watched`"
        );
    }
}

/// A handle that tells, and who hears it.
fn heard(subject: &Subject) -> Option<(Handle, Arc<Ear>)> {
    let handle = subject.backend();
    if !handle.0.capabilities().watches {
        subject.lacks("watches");
        return None;
    }
    let ear = Ear::at(&handle);
    Some((handle, ear))
}

async fn watched(handle: &Handle, keys: &[&str]) -> Vec<Option<Cell>> {
    let read = answered("read_watched", handle.0.read_watched(keys).await);
    assert!(
        read.told,
        "`Capabilities::watches` says that changes are told, so `read_watched` does"
    );
    read.cells
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy)]
enum Change {
    Write,
    WriteMany,
    Acquire,
    AcquireMany,
    Fill,
    FillMany,
    Release,
    Invalidate,
}

impl Change {
    const ALL: [Self; 8] = [
        Self::Write,
        Self::WriteMany,
        Self::Acquire,
        Self::AcquireMany,
        Self::Fill,
        Self::FillMany,
        Self::Release,
        Self::Invalidate,
    ];

    fn needs_absence(self) -> bool {
        matches!(self, Self::Acquire | Self::AcquireMany)
    }

    /// Has it made on each of the keys, which `reader` has read and watches, and waits for the news.
    async fn is_told(self, reader: &Handle, ear: &Ear, changer: &Handle) {
        let keys = [fresh_key(), fresh_key()];
        let names = [&*keys[0], &*keys[1]];
        let (token, there) = cell("there before");
        if !self.needs_absence() {
            changer.write(names[0], &there, LONG).await;
            changer.write(names[1], &there, LONG).await;
        }
        let expected = (!self.needs_absence()).then_some(there);
        let read = watched(reader, &names).await;
        assert_eq!(read, [expected.clone(), expected], "as any read finds it");
        let before = names.map(|name| ear.news_of(name));
        let (_, new) = cell("new");
        let put = |key| Put {
            key,
            cell: &new,
            ttl: LONG,
        };
        let backend = &changer.0;
        match self {
            Self::WriteMany => answered("write_many", backend.write_many(&names.map(put)).await),
            Self::AcquireMany => {
                drop(answered(
                    "acquire_many",
                    backend.acquire_many(&names.map(put)).await,
                ));
            }
            Self::FillMany => {
                let fills = names.map(|name| (token, put(name)));
                for filled in answered("fill_many", backend.fill_many(&fills).await) {
                    answered("fill_many", filled);
                }
            }
            Self::Invalidate => drop(changer.invalidate(&names).await),
            Self::Write | Self::Acquire | Self::Fill | Self::Release => {
                for name in names {
                    match self {
                        Self::Write => changer.write(name, &new, LONG).await,
                        Self::Acquire => drop(changer.acquire(name, &new, LONG).await),
                        Self::Fill => assert!(changer.fill(name, token, &new, LONG).await),
                        _ => assert!(changer.release(name, token).await),
                    }
                }
            }
        }
        for (name, before) in names.into_iter().zip(before) {
            ear.hears(name, before, &format!("{self:?}")).await;
        }
    }
}

/// A watched read answers as any other, and says that changes are told.
pub async fn a_watched_read_is_a_read(subject: &Subject) {
    let Some((backend, _ear)) = heard(subject) else {
        return;
    };
    let (here, absent) = (fresh_key(), fresh_key());
    let (_, value) = cell("value");
    backend.write(&here, &value, LONG).await;
    let asked = [&*absent, &*here, &*absent, &*here];
    let expected = [None, Some(value.clone()), None, Some(value)];
    assert_eq!(
        watched(&backend, &asked).await,
        expected,
        "one answer per key, in the order of the keys"
    );
    let none = answered("read_watched", backend.0.read_watched(&[]).await);
    assert_eq!(none.cells, [], "no keys, no cells");
}

/// Whatever another process does to a key is told to those who have read it.
pub async fn changes_by_others_are_told(subject: &Subject) {
    let Some((backend, ear)) = heard(subject) else {
        return;
    };
    let other = subject.backend();
    for change in Change::ALL {
        change.is_told(&backend, &ear, &other).await;
    }
}

/// What a handle does itself it is told as well: a process has more than one cache on it.
pub async fn changes_of_ones_own_are_told(subject: &Subject) {
    let Some((backend, ear)) = heard(subject) else {
        return;
    };
    for change in Change::ALL {
        change.is_told(&backend, &ear, &backend).await;
    }
}

/// A key that is read anew after it was told of is watched anew.
pub async fn each_watched_read_is_told_of(subject: &Subject) {
    let Some((backend, ear)) = heard(subject) else {
        return;
    };
    let (other, key) = (subject.backend(), fresh_key());
    for round in 0..20 {
        watched(&backend, &[&key]).await;
        let before = ear.news_of(&key);
        match round % 2 {
            0 => other.write(&key, &cell("written").1, LONG).await,
            _ => drop(other.invalidate(&[&key]).await),
        }
        ear.hears(&key, before, "the next change").await;
    }
}

/// A change beside a watched read is in what it found, or told.
pub async fn no_change_slips_by_a_watched_read(subject: &Subject) {
    let Some((backend, ear)) = heard(subject) else {
        return;
    };
    let other = subject.backend();
    for _ in 0..200 {
        let (key, (_, written)) = (fresh_key(), cell("written"));
        let before = ear.news_of(&key);
        let keys = [&*key];
        let reading = watched(&backend, &keys);
        let (read, ()) = together(reading, other.write(&key, &written, LONG)).await;
        if read != [Some(written)] {
            ear.hears(&key, before, "a change that a read did not find")
                .await;
        }
    }
}

/// Everybody who watches is told, and one that has gone is in nobody's way.
pub async fn every_watcher_is_told(subject: &Subject) {
    let Some((backend, first)) = heard(subject) else {
        return;
    };
    let (second, gone) = (Ear::at(&backend), Ear::at(&backend));
    drop(gone);
    let key = fresh_key();
    watched(&backend, &[&key]).await;
    let before = [&first, &second].map(|ear| ear.news_of(&key));
    subject.backend().write(&key, &cell("new").1, LONG).await;
    for (ear, before) in [first, second].iter().zip(before) {
        ear.hears(&key, before, "a write").await;
    }
}

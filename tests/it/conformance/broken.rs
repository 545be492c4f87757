//! Backends that break one rule each: the suite has to find every one of them.

use std::collections::{HashMap, VecDeque};
use std::panic::catch_unwind;
use std::sync::{Mutex, Weak};
use std::time::Duration;

use cached_core::Error;
use cached_core::backend::{Acquired, Backend, Capabilities, Cell, Token, Watched, Watcher};
use cached_core::testing::conformance::{self, Subject};
use cached_core::testing::{self, ManualClock};

/// A test per broken rule: each of these behaviours has to fail on it.
macro_rules! is_found {
    ($($broken:ident: $($group:ident::$name:ident)+;)*) => {
        $(#[test]
        #[expect(non_snake_case, reason = "named after the rule")]
        fn $broken() {
            $({
                let shown = catch_unwind(|| {
                    conformance::__run(subject(Broken::$broken), |subject| {
                        Box::pin(conformance::$group::$name(subject))
                    });
                });
                assert!(shown.is_err(), "{} does not find it", stringify!($name));
            })+
        })*
    };
}

mod many;

type Ttl = Option<Duration>;

/// The rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    FillIgnoresTheToken,
    FillPutsWhereNothingIs,
    FillLooksThenWrites,
    FillKeepsTheTime,
    FillForgetsTheTime,
    ReleaseIgnoresTheToken,
    ReleaseDoesNothing,
    RenewDoesNothing,
    RenewPutsBack,
    AcquireReplaces,
    AcquireLooksThenWrites,
    WriteKeepsWhatIsThere,
    WriteTearsApart,
    InvalidateForgetsLeases,
    InvalidateForgetsStamps,
    InvalidateMiscounts,
    InvalidateTakesTheFirst,
    ReadReverses,
    ReadCutsOff,
    RepliesAreMixedUp,
    KeysIgnoreCase,
    KeysAreCutOff,
    ClocksDiffer,
    HandlesRemember,
    EmptyIsAbsent,
    WatchesAsOthersRead,
    WatchersAreForgotten,
    WatchedReadsAreReversed,
}

/// A backend that breaks it.
struct Wrong<B> {
    inner: B,
    broken: Broken,
    seen: Mutex<HashMap<String, Cell>>,
    replies: Mutex<VecDeque<Vec<Option<Cell>>>>,
}

/// Lets other threads come between a look and a write: a window that stands open for some time is
/// what is wrong here.
fn dawdle() {
    std::thread::sleep(Duration::from_millis(4));
}

impl<B: Backend> Wrong<B> {
    fn is(&self, broken: Broken) -> bool {
        self.broken == broken
    }

    fn key(&self, key: &str) -> String {
        match self.broken {
            Broken::KeysIgnoreCase => key.to_lowercase(),
            Broken::KeysAreCutOff => key.chars().take(200).collect(),
            _ => key.to_owned(),
        }
    }

    async fn cell(&self, key: &str) -> Result<Option<Cell>, Error> {
        let cells = self.inner.read(&[key]).await?;
        Ok(cells.into_iter().next().flatten())
    }

    /// What the handle says is there, having seen it before.
    fn seen(&self, key: &str, cell: Option<Cell>) -> Option<Cell> {
        let mut seen = self.seen.lock().expect("no test panics under this lock");
        match (self.broken, cell) {
            (Broken::HandlesRemember, cell) => {
                let known = seen.get(key).cloned().or(cell)?;
                seen.insert(key.to_owned(), known.clone());
                Some(known)
            }
            (Broken::ReadCutsOff, Some(cell)) => {
                let bytes = cell.into_bytes().into_iter().take(1 << 20);
                Some(Cell::from_bytes(bytes.collect()))
            }
            (Broken::EmptyIsAbsent, cell) => cell.filter(|cell| !cell.as_bytes().is_empty()),
            (_, cell) => cell,
        }
    }

    /// Answers by way of a queue, as connections do.
    async fn queued(&self, cells: Vec<Option<Cell>>) -> Vec<Option<Cell>> {
        let queue = || self.replies.lock().expect("no test panics under this lock");
        queue().push_back(cells);
        tokio::task::yield_now().await;
        queue().pop_front().expect("one was pushed")
    }
}

impl<B: Backend> Backend for Wrong<B> {
    fn name(&self) -> &str {
        "wrong"
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.watches = self.is(Broken::WatchesAsOthersRead)
            || self.is(Broken::WatchersAreForgotten)
            || self.is(Broken::WatchedReadsAreReversed);
        capabilities
    }

    /// As a wrapper does that was written before there were watched reads.
    async fn read_watched(&self, keys: &[&str]) -> Result<Watched, Error> {
        let mut read = self.inner.read_watched(keys).await?;
        read.told &= !self.is(Broken::WatchesAsOthersRead);
        if self.is(Broken::WatchedReadsAreReversed) {
            read.cells.reverse();
        }
        Ok(read)
    }

    fn watch(&self, watcher: Weak<dyn Watcher>) {
        if !self.is(Broken::WatchersAreForgotten) {
            self.inner.watch(watcher);
        }
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        let mut cells = Vec::new();
        for key in keys {
            let key = self.key(key);
            cells.push(self.seen(&key, self.cell(&key).await?));
        }
        if self.is(Broken::ReadReverses) {
            cells.reverse();
        }
        if self.is(Broken::RepliesAreMixedUp) {
            cells = self.queued(cells).await;
        }
        Ok(cells)
    }

    async fn acquire(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<Acquired, Error> {
        let key = self.key(key);
        match (self.broken, self.cell(&key).await?) {
            (Broken::AcquireReplaces, _) => {}
            (Broken::AcquireLooksThenWrites, None) => dawdle(),
            _ => return self.inner.acquire(&key, cell, ttl).await,
        }
        self.inner.write(&key, cell, ttl).await?;
        Ok(Acquired::Granted)
    }

    async fn fill(&self, key: &str, token: Token, cell: &Cell, ttl: Ttl) -> Result<bool, Error> {
        let key = self.key(key);
        let there = self.cell(&key).await?;
        let held = there.as_ref().and_then(Cell::token) == Some(token);
        match (self.broken, there) {
            (Broken::FillIgnoresTheToken, Some(_)) | (Broken::FillPutsWhereNothingIs, None) => {}
            (Broken::FillLooksThenWrites, _) if held => dawdle(),
            (Broken::FillKeepsTheTime, _) => {
                let long = ttl.map(|_| Duration::from_secs(3600));
                return self.inner.fill(&key, token, cell, long).await;
            }
            (Broken::FillForgetsTheTime, _) => {
                let short = Some(Duration::from_millis(1));
                return self.inner.fill(&key, token, cell, short).await;
            }
            _ => return self.inner.fill(&key, token, cell, ttl).await,
        }
        self.inner.write(&key, cell, ttl).await?;
        Ok(true)
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        let key = self.key(key);
        let there = self.cell(&key).await?;
        let held = there.as_ref().and_then(Cell::token) == Some(token);
        match (self.broken, there) {
            (Broken::RenewDoesNothing, _) => Ok(held),
            (Broken::RenewPutsBack, Some(cell)) if held => {
                dawdle();
                self.inner.write(&key, &cell, Some(ttl)).await?;
                Ok(true)
            }
            _ => self.inner.renew(&key, token, ttl).await,
        }
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        let key = self.key(key);
        match self.broken {
            Broken::ReleaseIgnoresTheToken => Ok(self.inner.invalidate(&[&key]).await? > 0),
            Broken::ReleaseDoesNothing => Ok(true),
            _ => self.inner.release(&key, token).await,
        }
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<(), Error> {
        let key = self.key(key);
        if self.is(Broken::WriteKeepsWhatIsThere) {
            return self.inner.acquire(&key, cell, ttl).await.map(drop);
        }
        if self.is(Broken::WriteTearsApart) {
            let half = cell.as_bytes()[..cell.as_bytes().len() / 2].to_vec();
            self.inner.write(&key, &Cell::from_bytes(half), ttl).await?;
            tokio::task::yield_now().await;
        }
        self.inner.write(&key, cell, ttl).await
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        let mut removed = 0;
        for key in keys.iter().map(|key| self.key(key)) {
            let cell = self.cell(&key).await?;
            // The kind stands before the token; a lease of a cache is an `l`, a stamp an `s`.
            let forgotten: &[u8] = match self.broken {
                Broken::InvalidateForgetsLeases => b"lx",
                Broken::InvalidateForgetsStamps => b"s",
                _ => b"",
            };
            let kind = cell.and_then(|cell| cell.as_bytes().get(3).copied());
            let skip = kind.is_some_and(|kind| forgotten.contains(&kind));
            if !skip {
                removed += self.inner.invalidate(&[&key]).await?;
            }
            if self.is(Broken::InvalidateTakesTheFirst) {
                break;
            }
        }
        let asked = keys.len() as u64;
        Ok(if self.is(Broken::InvalidateMiscounts) {
            asked
        } else {
            removed
        })
    }

    async fn now(&self) -> Result<u64, Error> {
        let now = self.inner.now().await?;
        let hidden = self.is(Broken::ClocksDiffer);
        // Every handle is elsewhere in memory, so each has another clock.
        let own = std::ptr::from_ref(self).addr() as u64 * 1_000;
        Ok(if hidden { now.wrapping_add(own) } else { now })
    }
}

fn subject(broken: Broken) -> Subject {
    let clock = ManualClock::new();
    let store = testing::in_process_at(clock.clone());
    let open = move || Wrong {
        inner: store.clone(),
        broken,
        seen: Mutex::default(),
        replies: Mutex::default(),
    };
    Subject::of(open).with_clock(move |by| clock.advance(by))
}

#[test]
fn a_report_names_what_fails_and_goes_on() {
    let report = conformance::report(&subject(Broken::InvalidateMiscounts));
    let failed = |name: &str| report.failed.iter().any(|(failed, _)| *failed == name);
    assert!(failed("cells::invalidate_removes_and_counts"), "{report}");
    assert!(
        report
            .passed
            .contains(&"cells::an_absent_key_reads_as_nothing")
    );
    // Behaviours after those that failed.
    assert!(report.passed.contains(&"races::set_overtakes"), "{report}");
    let lacks = |name: &str| report.unsupported.iter().find(|(lacks, _)| *lacks == name);
    let pushes = ("cells::changes_are_told", "pushes");
    assert_eq!(lacks(pushes.0), Some(&pushes));
    let watches = ("watch::every_watcher_is_told", "watches");
    assert_eq!(lacks(watches.0), Some(&watches));
    let scans = ("caches::keys_are_listed_by_a_pattern", "scans");
    assert_eq!(lacks(scans.0), Some(&scans), "{report}");
    let text = report.to_string();
    assert!(
        text.contains(" failed, ") && text.contains("\n  cells::invalidate"),
        "{text}"
    );
}

/// Capabilities are a backend's own word: one that has lost one would be examined less, and pass.
#[test]
fn what_a_backend_lacks_is_expected_or_a_fault() {
    let passes = |lacking: &'static [&'static str]| {
        let wrong = || subject(Broken::EmptyIsAbsent).lacking(lacking);
        let watch = catch_unwind(|| {
            conformance::__run(wrong(), |subject| {
                Box::pin(conformance::watch::every_watcher_is_told(subject))
            });
        });
        let says = catch_unwind(|| {
            conformance::__run(wrong(), |subject| {
                Box::pin(conformance::cells::it_says_what_it_can_do(subject))
            });
        });
        (watch.is_ok(), says.is_ok())
    };
    assert_eq!(passes(&["pushes", "scans", "watches"]), (true, true));
    assert_eq!(passes(&["scans", "watches"]), (true, false), "no pushes");
    assert_eq!(passes(&["pushes", "scans"]), (false, false), "no watches");
}

#[test]
fn a_report_of_caches_alone_says_what_it_leaves_out() {
    let report = conformance::report(&Subject::of_caches(|_| cached_core::Cache::dummy()));
    let fence = ("fence::one_of_two_fills_is_stored", "cells");
    assert!(report.unsupported.contains(&fence));
    assert!(!report.failed.is_empty(), "it stores nothing");
}

is_found! {
    FillIgnoresTheToken: cells::fill_is_refused_for_another_token cells::a_token_is_used_up_by_its_fill
        fence::every_order_agrees_with_the_model leases::a_lease_is_taken_over_when_its_time_is_up
        races::set_overtakes races::add_overtakes;
    FillPutsWhereNothingIs: cells::fill_is_refused_where_nothing_is
        fence::every_order_agrees_with_the_model races::invalidate_overtakes
        races::delete_overtakes leases::a_lost_lease_refuses_the_fill
        batches::an_invalidation_keeps_one_value_out;
    FillLooksThenWrites: fence::no_fill_lands_after_an_invalidation
        fence::no_fill_lands_after_a_write fence::one_of_two_fills_is_stored
        fence::a_fill_or_a_release_happens caches::no_increment_is_lost;
    FillKeepsTheTime: cells::a_cell_goes_with_its_time;
    FillForgetsTheTime: cells::a_new_cell_has_a_time_of_its_own;
    ReleaseIgnoresTheToken: cells::renew_and_release_go_by_the_token
        leases::a_lease_is_taken_over_when_its_time_is_up;
    ReleaseDoesNothing: leases::a_released_lease_is_free_at_once
        batches::a_failure_is_not_kept batches::a_dropped_batch_holds_nobody_up;
    RenewDoesNothing: leases::a_renewed_lease_lives_on leases::a_renewal_counts_from_now;
    RenewPutsBack: fence::no_renewal_brings_a_lease_back;
    AcquireReplaces: locks::one_process_holds_it cells::acquire_finds_what_is_there_and_leaves_it
        cells::acquire_finds_foreign_bytes;
    AcquireLooksThenWrites: leases::one_of_a_thousand_gets_the_lease caches::one_of_many_adds
        locks::many_take_turns;
    WriteKeepsWhatIsThere: cells::write_replaces_whatever_is_there caches::what_is_set_is_got;
    WriteTearsApart: cancelled::a_dropped_write_leaves_no_half;
    InvalidateForgetsLeases: cells::invalidate_removes_and_counts races::invalidate_overtakes
        batches::an_invalidation_keeps_one_value_out;
    InvalidateForgetsStamps: races::clear_overtakes batches::what_drops_an_entry_drops_it
        batches::what_is_dropped_meanwhile_is_not_served;
    InvalidateMiscounts: cells::invalidate_removes_and_counts cells::many_keys_go_at_once;
    InvalidateTakesTheFirst: cells::invalidate_removes_and_counts cells::many_keys_go_at_once;
    ReadReverses: cells::a_read_answers_in_the_order_of_its_keys caches::several_keys_at_once
        batches::what_one_process_computes_another_gets batches::only_what_is_missing_is_computed
        batches::an_absent_id_is_remembered_where_it_is_said
        batches::one_key_at_a_time_is_the_same batches::two_processes_at_once_agree
        batches::with_a_lock_each_id_is_computed_once batches::sync_batches_do_the_same;
    ReadCutsOff: cells::a_large_cell_comes_back_whole caches::values_of_any_size_come_back;
    RepliesAreMixedUp: cancelled::a_dropped_read;
    KeysIgnoreCase: cells::keys_are_told_apart bytes::any_text_is_a_key_of_its_own;
    KeysAreCutOff: cells::keys_are_told_apart;
    ClocksDiffer: cells::the_clock_is_one_for_all;
    HandlesRemember: cells::handles_share_their_cells;
    EmptyIsAbsent: cells::bytes_come_back_as_they_are;
    WatchesAsOthersRead: watch::a_watched_read_is_a_read watch::changes_by_others_are_told;
    WatchersAreForgotten: watch::changes_by_others_are_told watch::changes_of_ones_own_are_told
        watch::each_watched_read_is_told_of watch::every_watcher_is_told;
    WatchedReadsAreReversed: watch::a_watched_read_is_a_read;
}

//! Counters per function, kept per thread so that a hit writes no shared memory.
//!
//! Each thread owns one row of counters per function it called; a row is written by its thread
//! alone (plain load and store) and summed by whoever asks. A thread that ends folds its rows
//! into the totals, so that threads come and go without a trace.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counter {
    Hit,
    /// A call that found no fresh value.
    Miss,
    Joined,
    Stored,
    Refused,
    Uncached,
    /// A value that could not be measured or encoded, and so was not stored.
    Unencodable,
    /// A shared backend that did not answer, or refused.
    Fault,
    /// An entry of a shared backend that could not be read.
    Unreadable,
}

const COUNTERS: usize = 9;

/// One row, summed: indexed by [`Counter`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts([u64; COUNTERS]);

impl Counts {
    pub(crate) fn get(&self, counter: Counter) -> u64 {
        self.0[counter as usize]
    }

    fn add(&mut self, row: &Row) {
        for (total, cell) in self.0.iter_mut().zip(&row.0) {
            *total += cell.load(Ordering::Relaxed);
        }
    }
}

#[derive(Debug, Default)]
struct Row([AtomicU64; COUNTERS]);

impl Row {
    /// Only the owning thread calls this, so a load and a store lose nothing.
    #[inline]
    fn bump(&self, counter: Counter) {
        let cell = &self.0[counter as usize];
        cell.store(cell.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// All rows of one function.
#[derive(Debug, Default)]
struct Ledger {
    retired: Counts,
    rows: Vec<Arc<Row>>,
}

static LEDGERS: Mutex<Vec<Ledger>> = Mutex::new(Vec::new());

fn ledgers() -> MutexGuard<'static, Vec<Ledger>> {
    LEDGERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This thread's rows, indexed by site number.
#[derive(Default)]
struct Rows(RefCell<Vec<Option<Arc<Row>>>>);

thread_local! {
    static ROWS: Rows = const { Rows(RefCell::new(Vec::new())) };
}

/// Counts one occurrence for the function with that number.
#[inline]
pub(crate) fn count(site: u32, counter: Counter) {
    // A thread that is being torn down has no rows any more; its last calls go uncounted.
    let _ = ROWS.try_with(|rows| rows.count(site, counter));
}

impl Rows {
    #[inline]
    fn count(&self, site: u32, counter: Counter) {
        let rows = self.0.borrow();
        if let Some(Some(row)) = rows.get(site as usize) {
            return row.bump(counter);
        }
        drop(rows);
        self.open(site).bump(counter);
    }

    #[cold]
    fn open(&self, site: u32) -> Arc<Row> {
        let site = site as usize;
        let row = Arc::new(Row::default());
        let mut all = ledgers();
        if all.len() <= site {
            all.resize_with(site + 1, Ledger::default);
        }
        all[site].rows.push(Arc::clone(&row));
        let mut rows = self.0.borrow_mut();
        if rows.len() <= site {
            rows.resize(site + 1, None);
        }
        rows[site] = Some(Arc::clone(&row));
        row
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        let mut all = ledgers();
        for (site, row) in self.0.get_mut().iter().enumerate() {
            let (Some(row), Some(ledger)) = (row, all.get_mut(site)) else {
                continue;
            };
            ledger.retired.add(row);
            ledger.rows.retain(|other| !Arc::ptr_eq(other, row));
        }
    }
}

/// The sums of one function over all threads, past and present.
pub(crate) fn totals(site: u32) -> Counts {
    let all = ledgers();
    let Some(ledger) = all.get(site as usize) else {
        return Counts::default();
    };
    let mut sum = ledger.retired;
    ledger.rows.iter().for_each(|row| sum.add(row));
    sum
}

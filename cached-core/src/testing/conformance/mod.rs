//! The conformance suite: what a shared backend has to do so that caches on it keep their promises,
//! one small function per behaviour.
//!
//! It runs on every backend of this library, and on yours. A [`Subject`] says how to open it;
//! [`conformance_tests!`](crate::testing::conformance_tests) makes one `#[test]` of each behaviour,
//! so that a failure has a name:
//!
//! ```
//! use cached_core::testing::{self, ManualClock, conformance::Subject};
//!
//! /// New for every test: `open` gives handles to the same cells, as processes have them.
//! fn subject() -> Subject {
//!     let clock = ManualClock::new();
//!     let store = testing::in_process_at(clock.clone()); // a backend of your own here
//!     Subject::of(move || store.clone()).with_clock(move |by| clock.advance(by))
//! }
//!
//! testing::conformance_tests!(subject());
//!
//! # fn main() {
//! #     let run = testing::conformance::cells::an_absent_key_reads_as_nothing;
//! #     let test = || async { run(&subject()).await };
//! # }
//! ```
//!
//! | Group | What it shows |
//! |---|---|
//! | [`cells`] | the operations of [`Backend`](crate::backend::Backend), one by one |
//! | [`fence`] | nothing that is overtaken is stored: all orders of operations, and races |
//! | [`leases`] | one holder at a time, for a time; tokens are used once |
//! | [`cancelled`] | every operation dropped after each of its polls |
//! | [`bytes`] | garbage, truncated, swapped and foreign cells; hostile keys |
//! | [`watch`] | watched reads: every change of what was read is told to every watcher |
//! | [`caches`] | the operations of a [`Cache`](crate::Cache) on it, as two processes see them |
//! | [`batches`] | functions of many keys: each is found, computed and kept by itself |
//! | [`races`] | whatever ends a value overtakes its computation |
//! | [`locks`] | locks by name: one holder, growing numbers, leases and their renewal |
//!
//! A subject of [`Subject::of_caches`] runs the last four: `conformance_tests!(subject(); caches
//! batches races locks)`. Without a clock of the subject's own, waiting takes real time, about
//! twenty seconds for all behaviours one after the other. Futures are polled by threads that belong
//! to no runtime, as those of sync callers are; a backend brings what its I/O needs.
//!
//! [`run_all`] runs all of it under a test framework of your own:
//!
//! ```
//! # use cached_core::testing::{self, ManualClock, conformance::Subject};
//! # fn subject() -> Subject {
//! #     let clock = ManualClock::new();
//! #     let store = testing::in_process_at(clock.clone());
//! #     Subject::of(move || store.clone()).with_clock(move |by| clock.advance(by))
//! # }
//! # async fn example() {
//! testing::conformance::run_all(&subject()).await;
//! # }
//! ```
//!
//! [`report`] runs all of it, too, and does not end at the first that fails.
//!
//! Not for how fast a backend is, and not for faults: what the engine does when a backend hangs or
//! lies does not depend on the backend, and [`Faulty`](crate::testing::Faulty) shows it.

pub mod batches;
pub mod bytes;
pub mod caches;
pub mod cancelled;
pub mod cells;
pub mod fence;
pub mod leases;
pub mod locks;
pub mod races;
mod report;
mod stage;
mod subject;
pub mod watch;

use std::future::Future;
use std::pin::Pin;

pub use report::Report;
pub use subject::Subject;

use report::{Ended, examine};

/// Lists the behaviours by group: the one place that names all of them.
macro_rules! behaviours {
    ($d:tt $($group:ident: $($needs:ident)? { $($name:ident)* })*) => {
        /// Runs every behaviour that the subject can show, one after the other. Panics with what was
        /// expected, and why, at the first that fails, and names it on stderr.
        pub async fn run_all(subject: &Subject) {
            $(if behaviours!(@runs subject $($needs)?) {
                // By pointer: all of them in one function would be more than a stack holds.
                let group: &[(&str, Behaviour)] = &[$((
                    concat!(stringify!($group), "::", stringify!($name)),
                    |subject| Box::pin($group::$name(subject)),
                ),)*];
                for (name, behaviour) in group {
                    named(name, async {
                        behaviour(subject).await;
                        subject.found_lacking().expect("it can do what it is said to do");
                    })
                    .await;
                }
            })*
        }

        /// Runs every behaviour, one after the other, whatever fails, and says how each ended. One
        /// that hangs is given up after three minutes; its thread is left behind.
        ///
        /// ```
        /// use cached_core::testing::{self, conformance::{self, Subject}};
        ///
        /// # fn examine() {
        /// let store = testing::in_process(); // a backend of your own here
        /// let report = conformance::report(&Subject::of(move || store.clone()));
        /// println!("{report}");
        /// assert!(report.failed.is_empty());
        /// # }
        /// ```
        #[must_use]
        pub fn report(subject: &Subject) -> Report {
            let mut report = Report::default();
            $(
                let runs = behaviours!(@runs subject $($needs)?);
                $(
                    let name = concat!(stringify!($group), "::", stringify!($name));
                    let ended = if runs {
                        examine(&subject.anew(), |subject| Box::pin($group::$name(subject)))
                    } else {
                        Ended::Unsupported("cells")
                    };
                    report.add(name, ended);
                )*
            )*
            report
        }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! __conformance_group {
            $(($group $d subject:expr) => {
                mod $group {
                    #[allow(unused_imports)]
                    use super::*;
                    $(#[test]
                    fn $name() {
                        $crate::testing::conformance::__run($d subject, |subject| {
                            let test = $crate::testing::conformance::$group::$name(subject);
                            ::std::boxed::Box::pin(test)
                        });
                    })*
                }
            };)*
        }
    };
    (@runs $subject:ident backend) => { $subject.has_backend() };
    (@runs $subject:ident) => { true };
}

behaviours! { $
    cells: backend {
        an_absent_key_reads_as_nothing
        a_read_answers_in_the_order_of_its_keys
        a_read_of_no_keys_answers_nothing
        bytes_come_back_as_they_are
        a_large_cell_comes_back_whole
        keys_are_told_apart
        acquire_puts_its_cell_where_none_is
        acquire_finds_what_is_there_and_leaves_it
        acquire_finds_foreign_bytes
        fill_replaces_the_cell_with_its_token
        fill_is_refused_for_another_token
        fill_is_refused_where_nothing_is
        fill_is_refused_for_foreign_bytes
        a_token_is_used_up_by_its_fill
        renew_and_release_go_by_the_token
        write_replaces_whatever_is_there
        invalidate_removes_and_counts
        many_keys_go_at_once
        several_operations_go_at_once
        names_are_listed
        handles_share_their_cells
        a_cell_goes_with_its_time
        a_new_cell_has_a_time_of_its_own
        extreme_times_are_rounded
        the_clock_is_one_for_all
        it_says_that_it_can_be_used
        it_says_what_it_can_do
        changes_are_told
    }
    fence: backend {
        every_order_agrees_with_the_model
        no_fill_lands_after_an_invalidation
        no_fill_lands_after_a_write
        one_of_two_fills_is_stored
        a_fill_or_a_release_happens
        no_renewal_brings_a_lease_back
    }
    leases: backend {
        one_of_a_thousand_gets_the_lease
        a_lease_is_taken_over_when_its_time_is_up
        a_renewed_lease_lives_on
        a_renewal_counts_from_now
        a_released_lease_is_free_at_once
        a_lost_lease_refuses_the_fill
        no_token_is_used_twice
        with_a_lock_one_process_computes
        a_dead_holder_is_succeeded
    }
    cancelled: backend {
        a_dropped_read
        a_dropped_acquire
        a_dropped_fill
        a_dropped_renew
        a_dropped_release
        a_dropped_invalidate
        a_dropped_write
        a_dropped_write_leaves_no_half
        a_dropped_computation_leaves_no_stuck_key
        a_dropped_invalidation_is_delivered
        a_dropped_set
    }
    bytes: backend {
        garbage_is_a_miss
        truncated_cells_are_a_miss
        a_turned_bit_is_a_miss
        a_swapped_cell_is_a_miss
        a_foreign_cell_is_a_miss
        a_strange_lease_holds_nobody_up
        a_damaged_stamp_is_a_miss
        any_text_is_a_key_of_its_own
    }
    watch: backend {
        a_watched_read_is_a_read
        changes_by_others_are_told
        changes_of_ones_own_are_told
        each_watched_read_is_told_of
        no_change_slips_by_a_watched_read
        every_watcher_is_told
    }
    caches: {
        what_is_set_is_got
        another_type_is_a_miss
        values_of_any_size_come_back
        a_read_through_computes_once
        callers_share_a_computation
        a_failure_is_not_stored
        delete_and_invalidate_remove
        clear_drops_this_cache_only
        prefixes_keep_caches_apart
        versions_are_apart
        add_stores_where_nothing_is
        one_of_many_adds
        no_increment_is_lost
        counters_have_rules
        an_increment_keeps_the_time
        a_value_goes_with_its_time
        zero_is_over_at_once
        touch_gives_another_time
        expire_makes_stale
        several_keys_at_once
        a_value_tells_its_time
        a_long_time_is_long
        a_stored_none_is_no_miss
        a_value_goes_to_another_version
        a_moved_value_falls_with_its_cache
        warming_replaces_nothing
        warming_replaces_what_is_of_no_use
        keys_are_listed_by_a_pattern
        keys_are_deleted_by_a_pattern
        a_tag_drops_what_carries_it
        a_function_drops_its_entries
        what_was_read_changes
        values_of_every_kind_come_back
        bytes_are_values
        a_copy_is_stored
        what_cannot_be_encoded_is_refused
        several_are_stored_or_none
        any_text_can_be_a_key
        any_language_goes
        an_empty_key_is_refused
        versions_are_looked_at_apart
        versions_count_apart
        several_keys_of_a_version
        versions_are_computed_apart
        forever_has_no_end
        several_values_go_with_their_time
        no_time_stores_nothing
        a_default_stands_in_for_a_miss
        contains_goes_by_life
        nothing_is_no_fault
        racing_read_throughs_come_to_one
        a_closed_cache_can_be_used
        a_full_cache_takes_new_values
        sync_callers_do_the_same
        sync_callers_compute_once
        sync_callers_overtake
        sync_callers_end_values
        sync_callers_tell_the_time
        sync_callers_move_versions
        sync_callers_warm
        sync_callers_list_keys
        sync_callers_have_entries
        sync_callers_are_refused_the_same
        tenants_are_apart
        no_tenant_forges_anothers_key
        a_tenant_has_its_tags
        a_tenant_overtakes_its_own
        a_tenants_keys_are_listed
        a_tenant_has_its_locks
        a_function_says_the_tenant
        a_function_makes_the_keys
        a_made_key_is_any_text_but_none
    }
    batches: {
        what_one_process_computes_another_gets
        only_what_is_missing_is_computed
        an_absent_id_is_remembered_where_it_is_said
        one_key_at_a_time_is_the_same
        what_drops_an_entry_drops_it
        two_processes_at_once_agree
        with_a_lock_each_id_is_computed_once
        an_invalidation_keeps_one_value_out
        what_is_dropped_meanwhile_is_not_served
        a_failure_is_not_kept
        a_dropped_batch_holds_nobody_up
        many_values_are_stored
        one_that_is_too_large_leaves_the_others
        sync_batches_do_the_same
    }
    races: {
        invalidate_overtakes
        delete_overtakes
        delete_many_overtakes
        clear_overtakes
        a_tag_overtakes
        the_function_overtakes
        set_overtakes
        a_set_for_no_time_overtakes
        add_overtakes
        nobody_joins_what_is_overtaken
        joiners_of_the_overtaken_start_over
        expire_lets_a_computation_fill
    }
    locks: {
        one_process_holds_it
        numbers_grow
        a_dropped_guard_gives_it_back
        a_former_holder_holds_nothing
        a_held_lock_is_renewed
        a_waiter_gets_it_or_is_told
        many_take_turns
        locks_are_of_their_cache
        what_is_no_lock_is_refused
        sync_callers_hold_it_too
    }
}

/// Makes a `#[test]` of every behaviour, in a module per group; the expression gives the
/// [`Subject`](crate::testing::conformance::Subject), anew for each. Groups can be named:
/// `conformance_tests!(subject(); caches batches races locks)`. At the root of a module; see
/// [`conformance`](crate::testing::conformance).
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ($subject:expr) => {
        $crate::__conformance_tests!($subject; cells fence leases cancelled bytes watch caches batches races locks);
    };
    ($subject:expr; $($group:ident)*) => {
        $($crate::__conformance_group!($group $subject);)*
    };
}

/// Names the behaviour that panics.
async fn named(name: &'static str, behaviour: impl Future<Output = ()>) {
    struct Name(&'static str);
    impl Drop for Name {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("conformance: {} is not shown", self.0);
            }
        }
    }
    let _name = Name(name);
    behaviour.await;
}

/// A behaviour, as a list holds it.
type Behaviour = for<'s> fn(&'s Subject) -> Pin<Box<dyn Future<Output = ()> + Send + 's>>;

/// What the tests of [`conformance_tests!`](crate::testing::conformance_tests) do.
#[doc(hidden)]
pub fn __run(subject: Subject, behaviour: Behaviour) {
    if let Ended::Failed(_, panic) = examine(&subject, behaviour) {
        std::panic::resume_unwind(panic);
    }
}

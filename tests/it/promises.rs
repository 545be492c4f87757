//! The README's table of how strong each promise is on each backend: every cell of it is shown by
//! behaviours of the conformance suite or by tests, or only says how far a promise does not reach.

use std::collections::BTreeSet;

use super::source;

const README: &str = include_str!("../../README.md");

/// What shows a row.
enum Shown {
    /// Behaviours that the suite examines on every backend.
    Suite(&'static [&'static str]),
    /// Tests, by column.
    Tests(&'static [(&'static str, &'static [&'static str])]),
}

use Shown::{Suite, Tests};

/// A cell that promises nothing, and says so by this phrase.
const NOT_COVERED: &[&str] = &["*not covered*"];

const MEMORY: &str = "memory";
const REDIS: &str = "Redis";
const CLUSTER: &str = "Redis cluster, Redis under sentinels";
const SERVERS: &str = "PostgreSQL, MySQL";
const FILES: &str = "SQLite, `file://`";
const MEMCACHED: &str = "memcached";

const ROWS: &[(&str, &[Shown])] = &[
    (
        "An overtaken value is not stored",
        &[Suite(&[
            "races::invalidate_overtakes",
            "races::delete_overtakes",
            "races::clear_overtakes",
            "races::a_tag_overtakes",
            "races::the_function_overtakes",
            "races::set_overtakes",
            "fence::no_fill_lands_after_an_invalidation",
            "batches::an_invalidation_keeps_one_value_out",
        ])],
    ),
    (
        "A call after an invalidation gets no older value",
        &[
            Suite(&[
                "races::nobody_joins_what_is_overtaken",
                "races::joiners_of_the_overtaken_start_over",
                "caches::delete_and_invalidate_remove",
                "batches::what_is_dropped_meanwhile_is_not_served",
            ]),
            Tests(&[
                (
                    REDIS,
                    &["nobody_sees_less_than_what_was_acknowledged_before"],
                ),
                (CLUSTER, &["slots_move_and_primaries_change_places"]),
                (
                    SERVERS,
                    &[
                        "a_postgres_that_hangs_costs_a_bounded_wait_and_serves_nothing_old_afterwards",
                    ],
                ),
                (
                    MEMCACHED,
                    &["a_killed_and_a_stopped_server_of_three_bring_nothing_old_back"],
                ),
            ]),
        ],
    ),
    (
        "An invalidation in your own transaction",
        &[Tests(&[(SERVERS, TRANSACTIONS), (FILES, TRANSACTIONS)])],
    ),
    (
        "One computation per key",
        &[
            Suite(&[
                "caches::callers_share_a_computation",
                "caches::racing_read_throughs_come_to_one",
                "caches::sync_callers_compute_once",
                "leases::with_a_lock_one_process_computes",
                "batches::with_a_lock_each_id_is_computed_once",
            ]),
            Tests(&[
                (
                    REDIS,
                    &[
                        "sixteen_processes_compute_a_cold_key_once_with_a_lock_and_store_once_without",
                        "a_lease_is_renewed_no_longer_than_the_cap",
                    ],
                ),
                (
                    MEMCACHED,
                    &["eight_processes_compute_a_cold_key_once_with_a_lock"],
                ),
            ]),
        ],
    ),
    (
        "A waiter waits",
        &[Tests(&[
            (
                MEMORY,
                &["a_leader_that_nobody_polls_holds_async_waiters_until_the_bound"],
            ),
            (REDIS, WAITS),
            (CLUSTER, WAITS),
            (SERVERS, WAITS),
            (FILES, WAITS),
            (MEMCACHED, WAITS),
        ])],
    ),
    (
        "A holder is killed",
        &[
            Suite(&[
                "leases::a_dead_holder_is_succeeded",
                "leases::a_lost_lease_refuses_the_fill",
            ]),
            Tests(&[
                (REDIS, &["a_killed_holder_is_replaced_when_its_lease_ends"]),
                (
                    MEMCACHED,
                    &["a_killed_holder_is_replaced_and_a_stopped_one_stores_nothing"],
                ),
            ]),
        ],
    ),
    (
        "Server or machine restarted, with or without a snapshot",
        &[Tests(&[
            (
                REDIS,
                &["a_server_restarted_from_a_snapshot_brings_nothing_back"],
            ),
            (CLUSTER, FAILOVERS),
            (
                SERVERS,
                &[
                    "a_postgres_that_crashed_has_forgotten_everything",
                    "a_mariadb_that_was_killed_keeps_what_it_acknowledged",
                ],
            ),
            (
                FILES,
                &[
                    "a_killed_writer_tears_nothing_and_brings_nothing_back",
                    "what_was_written_before_the_machine_started_is_forgotten",
                ],
            ),
            (
                MEMCACHED,
                &["a_killed_server_fails_its_operations_and_comes_back_empty"],
            ),
        ])],
    ),
    (
        "Failover to a server that lacks the last writes",
        &[Tests(&[
            (REDIS, &["a_restart_brings_nothing_back"]),
            (CLUSTER, FAILOVERS),
            (
                SERVERS,
                &[
                    "a_postgres_that_crashed_has_forgotten_everything",
                    "what_another_mariadb_wrote_is_forgotten",
                ],
            ),
            (MEMCACHED, &["*there is none*"]),
        ])],
    ),
    (
        "The same server put back to an earlier state",
        &[Tests(&[
            (
                CLUSTER,
                &[
                    "who_is_promoted_again_without_a_restart_is_another",
                    "who_is_stopped_and_comes_back_is_left_and_another_when_promoted_again",
                ],
            ),
            (REDIS, NOT_COVERED),
            (SERVERS, NOT_COVERED),
            (FILES, NOT_COVERED),
        ])],
    ),
    (
        "The clock is set back",
        &[Tests(&[
            (REDIS, &["*lasts longer*"]),
            (SERVERS, &["*the same*"]),
            (FILES, &["*the same*"]),
        ])],
    ),
    (
        "`INFO` denied by ACL, or a proxy",
        &[Tests(&[
            (
                REDIS,
                &["a_server_that_does_not_tell_its_run_brings_nothing_back_either"],
            ),
            (
                CLUSTER,
                &["servers_that_do_not_tell_who_they_are_are_new_with_each_connection"],
            ),
            (MEMCACHED, NOT_COVERED),
        ])],
    ),
    (
        "Invalidation while the server is down",
        &[
            Suite(&["cancelled::a_dropped_invalidation_is_delivered"]),
            Tests(&[
                (
                    REDIS,
                    &[
                        "invalidations_that_a_process_owes_are_delivered_while_nobody_calls",
                        "the_end_waits_for_what_is_owed",
                    ],
                ),
                (CLUSTER, &["a_primary_that_sentinels_watch_is_killed"]),
                (
                    SERVERS,
                    &["without_its_postgres_everything_works_as_without_a_cache"],
                ),
                (
                    MEMCACHED,
                    &["a_killed_and_a_stopped_server_of_three_bring_nothing_old_back"],
                ),
            ]),
        ],
    ),
    (
        "Primary cut off, together with a process, from the sentinels or most of the cluster",
        &[Tests(&[(
            CLUSTER,
            &[
                "what_was_heard_once_is_not_forgotten",
                "who_comes_late_and_knows_better_is_heard",
            ],
        )])],
    ),
    (
        "Migration of a slot that was given up half-way",
        &[Tests(&[(CLUSTER, NOT_COVERED)])],
    ),
];

const TRANSACTIONS: &[&str] = &[
    "nothing_from_before_the_commit_outlives_it",
    "a_fill_in_between_waits_and_is_refused",
    "a_computation_that_begins_in_between_leaves_nothing_old",
    "a_rollback_invalidates_nothing",
];
/// The engine's, whatever the backend.
const WAITS: &[&str] = &[
    "waits_for_one_process_after_another_add_up_to_one_bound",
    "a_backend_that_does_not_answer_costs_the_first_callers_their_limit_and_the_rest_nothing",
];
const FAILOVERS: &[&str] = &["an_invalidation_that_was_not_replicated_is_not_undone_by_a_failover"];

/// The columns of the table, and its rows: a label, and what is said in each column.
fn table() -> (Vec<&'static str>, Vec<(&'static str, Vec<&'static str>)>) {
    let (_, after) = README
        .split_once("How strong each promise is:\n\n")
        .expect("the README has the table");
    let lines = after.lines().take_while(|line| line.starts_with('|'));
    let cells = lines.map(|line| line.trim_matches('|').split('|').map(str::trim));
    let mut rows = cells.map(|mut cells| (cells.next().unwrap_or_default(), cells.collect()));
    let (_, columns) = rows.next().expect("it has a heading");
    (columns, rows.skip(1).collect())
}

/// Whether it is what a cell says that promises nothing.
fn is_phrase(name: &str) -> bool {
    name.starts_with('*')
}

/// The names of the tests: of functions, and alone in a line where a macro makes them.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in source::files(&["tests/it", "cached-core/src"]) {
        let text = source::read(&file);
        for line in text.lines().map(str::trim) {
            let function = line.trim_start_matches("async ").strip_prefix("fn ");
            let name = function.and_then(|rest| rest.split('(').next());
            names.insert(name.unwrap_or(line).to_owned());
        }
    }
    names
}

/// The behaviours that run where there is no backend but a cache in memory, too.
const OF_CACHES: [&str; 4] = ["caches", "batches", "races", "locks"];

#[test]
fn every_row_is_one_of_the_readme_and_the_other_way_round() {
    let (_, rows) = table();
    let said: Vec<&str> = rows.iter().map(|(label, _)| *label).collect();
    let shown: Vec<&str> = ROWS.iter().map(|(label, _)| *label).collect();
    assert_eq!(shown, said, "what shows each row, in their order");
}

#[test]
fn every_cell_that_promises_something_is_shown() {
    let (columns, rows) = table();
    assert_eq!(columns, [MEMORY, REDIS, CLUSTER, SERVERS, FILES, MEMCACHED]);
    for ((label, cells), (_, shown)) in rows.iter().zip(ROWS) {
        for (column, cell) in columns.iter().zip(cells) {
            let by = shown.iter().any(|shown| match shown {
                Suite(behaviours) => behaviours.iter().any(|name| {
                    let group = name.split_once("::").map_or("", |(group, _)| group);
                    *column != MEMORY || OF_CACHES.contains(&group)
                }),
                Tests(tests) => tests.iter().any(|(of, by)| {
                    let said = |phrase: &&str| cell.contains(phrase.trim_matches('*'));
                    of == column && by.iter().filter(|name| is_phrase(name)).all(said)
                }),
            });
            assert!(by || cell.is_empty(), "`{label}` on {column}: `{cell}`");
        }
    }
}

#[test]
fn what_shows_a_cell_is_there() {
    let names = names();
    let list = source::read(&source::root().join("cached-core/src/testing/conformance/mod.rs"));
    let listed: BTreeSet<&str> = list.lines().map(str::trim).collect();
    for (label, shown) in ROWS {
        for shown in *shown {
            match shown {
                Suite(behaviours) => behaviours.iter().for_each(|name| {
                    let (_, name) = name.split_once("::").expect("group and name");
                    assert!(listed.contains(name), "`{name}`, which shows `{label}`");
                }),
                Tests(tests) => {
                    let shown = tests.iter().flat_map(|(_, names)| *names);
                    for name in shown.filter(|name| !is_phrase(name)) {
                        assert!(names.contains(*name), "`{name}`, which shows `{label}`");
                    }
                }
            }
        }
    }
}

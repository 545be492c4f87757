//! Batches on a real server.

use std::collections::HashMap;

use cached_core::testing::with_cache;
use cached_core::{Cache, Outcome, cached, invalidates};

use super::patient;
use super::server::Server;
use crate::support::{Gate, Runs};

#[cached(key = "redis:squares:<id>", batch(id in ids), skip(runs, gate), ttl_none = 60)]
async fn squares(runs: &Runs, gate: &Gate, ids: &[u64]) -> HashMap<u64, Option<u64>> {
    runs.next();
    gate.passed().await;
    ids.iter()
        .map(|id| (*id, (*id != 13).then_some(id * id)))
        .collect()
}

#[cached(key = "redis:squares:<id>", skip(runs), ttl_none = 60)]
async fn square(runs: &Runs, id: u64) -> Option<u64> {
    runs.next();
    Some(id * id)
}

#[invalidates("redis:squares:<id>")]
async fn change(id: u64) {
    let _ = id;
}

fn scene() -> (Server, Cache, Cache) {
    let server = Server::start();
    let (here, there) = (patient(&server.url()), patient(&server.url()));
    (server, here, there)
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_the_entries_of_batches_and_single_calls() {
    let (_server, here, there) = scene();
    let (runs, gate) = (Runs::default(), Gate::default());
    gate.open();
    let ids = [1, 2, 13];
    with_cache(&here, squares(&runs, &gate, &ids)).await;
    let (found, outcomes) = with_cache(&there, squares::traced(&runs, &gate, &ids)).await;
    assert_eq!(outcomes, [Outcome::Hit; 3]);
    assert_eq!(
        found,
        HashMap::from([(1, Some(1)), (2, Some(4)), (13, None)])
    );
    assert_eq!(with_cache(&there, square(&runs, 2)).await, Some(4));
    assert_eq!(with_cache(&there, square(&runs, 13)).await, None);
    assert_eq!(runs.count(), 1);
    with_cache(&there, change(2)).await;
    let (_, outcomes) = with_cache(&here, squares::traced(&runs, &gate, &ids)).await;
    assert_eq!(outcomes, [Outcome::Hit, Outcome::Stored, Outcome::Hit]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalidation_elsewhere_refuses_one_id_of_a_batch() {
    let (_server, here, there) = scene();
    let (runs, gate) = (Runs::default(), Gate::default());
    let ids = [1, 2, 3];
    let call = with_cache(&here, squares::traced(&runs, &gate, &ids));
    let meanwhile = async {
        gate.await_entered_async(1).await;
        with_cache(&there, change(2)).await;
        gate.open();
    };
    let ((_, outcomes), ()) = tokio::join!(call, meanwhile);
    assert_eq!(
        outcomes,
        [Outcome::Stored, Outcome::Refused, Outcome::Stored]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_ids_are_one_run() {
    let (_server, here, there) = scene();
    let (runs, gate) = (Runs::default(), Gate::default());
    gate.open();
    let ids: Vec<u64> = (0..10_000).collect();
    let first = with_cache(&here, squares::traced(&runs, &gate, &ids)).await;
    assert_eq!(
        first.1.iter().filter(|o| **o == Outcome::Stored).count(),
        10_000
    );
    let (found, outcomes) = with_cache(&there, squares::traced(&runs, &gate, &ids)).await;
    assert_eq!(outcomes, [Outcome::Hit; 10_000]);
    assert_eq!((found.len(), runs.count()), (10_000, 1));
}

//! Batches: every id is the tenant's that asked.

use std::collections::HashMap;

use cached_core::invalidates;

use super::*;

#[cached(key = "tenants:square:<id>", batch(id in ids), skip(runs, gate))]
async fn squares(runs: &Runs, gate: &Gate, ids: &[u64]) -> HashMap<u64, String> {
    runs.next();
    gate.passed().await;
    let square = |id: &u64| (*id, format!("{} {}", tenant(), id * id));
    ids.iter().map(square).collect()
}

#[cached(key = "tenants:square:<id>", skip(runs))]
fn square(runs: &Runs, id: u64) -> String {
    runs.next();
    format!("{} {}", tenant(), id * id)
}

#[invalidates(square(id))]
fn change(id: u64) {
    let _ = id;
}

fn opened() -> (Runs, Gate) {
    let gate = Gate::default();
    gate.open();
    (Runs::default(), gate)
}

#[test]
fn a_batch_is_its_tenants() {
    for cache in caches() {
        let (runs, gate) = opened();
        let batch = |name: &str, ids: &[u64]| {
            of(name, || {
                let (found, outcomes) =
                    Task::new(with_cache(&cache, squares::traced(&runs, &gate, ids))).ends();
                let mine = |value: &String| value.starts_with(&format!("{name} "));
                assert!(found.values().all(mine), "{name}: {found:?}");
                outcomes
                    .iter()
                    .filter(|outcome| **outcome == Outcome::Hit)
                    .count()
            })
        };
        assert_eq!(batch("acme", &[1, 2]), 0);
        assert_eq!(batch("globex", &[1, 2]), 0);
        assert_eq!(batch("acme", &[1, 2, 3]), 2);
        of("acme", || with_cache_blocking(&cache, || change(1)));
        assert_eq!(batch("globex", &[1, 2]), 2);
        assert_eq!(batch("acme", &[1, 2, 3]), 2);
        of("acme", || {
            with_cache_blocking(&cache, || {
                assert_eq!(square::traced(&runs, 1).1, Outcome::Hit)
            });
        });
    }
}

#[test]
fn a_batch_joins_and_stores_for_the_tenant_that_it_began_under() {
    for cache in caches() {
        let (runs, gate) = (Runs::default(), Gate::default());
        let batch = || with_cache(&cache, squares(&runs, &gate, &[4, 5]));
        let mut leader = of("acme", || Task::waiting(batch()));
        let mut joiner = of("acme", || Task::waiting(batch()));
        let mut other = of("globex", || Task::waiting(batch()));
        assert_eq!(runs.count(), 2, "one per tenant");
        gate.open();
        of("globex", || leader.ends());
        of("", || (joiner.ends(), other.ends()));
        of("acme", || Task::new(batch()).ends());
        of("globex", || Task::new(batch()).ends());
        assert_eq!(runs.count(), 2, "each is stored where it was asked for");
    }
}

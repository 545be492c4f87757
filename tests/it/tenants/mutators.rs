//! Mutators: their targets are the tenant's that called them, however and wherever they end.

use std::sync::mpsc;
use std::time::Duration;

use cached_core::testing::{Fault, Faulty, Op};
use cached_core::{Delivery, invalidate, invalidate_blocking, invalidates};

use super::*;
use crate::support::{manual_builder, until};

#[invalidates("tenants:plan:<id>")]
fn change(id: u64) {
    let _ = id;
}

#[invalidates("tenants:plan:<id>", tag = "tenants:plans")]
async fn change_slowly(id: u64) {
    let _ = id;
    std::future::pending::<()>().await;
}

#[invalidates(plan(id), again_after = 60)]
fn change_again(id: u64) {
    let _ = id;
}

#[invalidates(plan(..))]
fn change_all() {}

#[invalidates("tenants:plan:<result.0>")]
fn create(id: u64) -> Result<(u64,), String> {
    Ok((id,))
}

/// Values of two tenants, and who of them still has one.
struct Scene<'c> {
    cache: &'c Cache,
    runs: Runs,
}

impl<'c> Scene<'c> {
    fn of(cache: &'c Cache) -> Self {
        let scene = Self {
            cache,
            runs: Runs::default(),
        };
        scene.warm();
        scene
    }

    fn warm(&self) {
        for name in ["acme", "globex"] {
            self.request(name, || drop(plan(&self.runs, 7)));
        }
    }

    fn request<R>(&self, name: &str, act: impl FnOnce() -> R) -> R {
        of(name, || with_cache_blocking(self.cache, act))
    }

    fn has(&self, name: &str) -> bool {
        self.request(name, || plan::entry(7).blocking().contains())
    }

    #[track_caller]
    fn acme_lost_it(&self) {
        assert!(!self.has("acme"), "its own mutator dropped it");
        assert!(self.has("globex"), "nobody spoke of this one");
        self.warm();
    }
}

#[test]
fn a_mutator_drops_its_tenants_entry_and_no_other() {
    for cache in caches() {
        let scene = Scene::of(&cache);
        scene.request("acme", || change(7));
        scene.acme_lost_it();
        scene.request("acme", change_all);
        scene.acme_lost_it();
        scene.request("acme", || create(7)).expect("as written");
        scene.acme_lost_it();
        scene.request("acme", || invalidate_blocking!("tenants:plan:7"));
        scene.acme_lost_it();
        let mut invalidation = Task::new(with_cache(&cache, async {
            invalidate!(tag = "tenants:plans").await
        }));
        until("it is delivered", || {
            of("acme", || invalidation.poll()).is_ready()
        });
        scene.acme_lost_it();
    }
}

/// The keys were rendered before the body: who drops the future, and under whom, says nothing.
#[test]
fn a_mutator_that_is_dropped_half_way_drops_its_tenants_entry() {
    for cache in caches() {
        let scene = Scene::of(&cache);
        let mutator = of("acme", || {
            Task::waiting(with_cache(&cache, change_slowly(7)))
        });
        assert!(scene.has("acme"), "the body still runs");
        of("globex", || drop(mutator));
        until("it is delivered", || !scene.has("acme"));
        scene.acme_lost_it();
    }
}

#[test]
fn a_repetition_is_the_tenants_that_mutated() {
    let (builder, clock) = manual_builder();
    let cache = tenanted(builder);
    let scene = Scene::of(&cache);
    scene.request("acme", || change_again(7));
    scene.acme_lost_it();
    of("globex", || clock.advance(Duration::from_secs(60)));
    scene.acme_lost_it();
}

/// What is delivered in the background is what the call named.
#[test]
fn an_undelivered_invalidation_is_repeated_for_its_tenant() {
    let faulty = Faulty::new(in_process());
    let cache = tenanted(Cache::on(faulty.clone()));
    let scene = Scene::of(&cache);
    faulty.next(Op::Invalidate, Fault::LoseReply);
    let delivery = scene.request("acme", || plan::entry(7).blocking().invalidate());
    assert_eq!(delivery, Delivery::Queued, "nobody acknowledged it");
    until("it is repeated", || cache.undelivered() == 0);
    scene.acme_lost_it();
}

/// Within a mutator its own tenant's entry is hidden, and nobody else's.
#[test]
fn a_mutator_hides_what_it_is_armed_for_from_its_tenant() {
    for cache in caches() {
        let scene = Scene::of(&cache);
        let outcomes = [("acme", Outcome::Uncached), ("globex", Outcome::Hit)];
        #[invalidates("tenants:plan:<id>")]
        fn looks(id: u64, look: impl Fn()) {
            let _ = id;
            look();
        }
        let look = || {
            for (name, expected) in &outcomes {
                assert_eq!(of(name, || outcome(&scene.runs, 7)), *expected, "{name}");
            }
        };
        scene.request("acme", || looks(7, look));
        scene.acme_lost_it();
    }
}

/// Hits and computations of other tenants go on while one invalidates; none of its own is stored.
#[test]
fn an_invalidation_overtakes_the_computations_of_its_tenant() {
    for cache in caches() {
        let (runs, gate) = (Runs::default(), Gate::default());
        let call = || with_cache(&cache, slow(&runs, &gate, 9));
        let mut acme = of("acme", || Task::waiting(call()));
        let mut globex = of("globex", || Task::waiting(call()));
        of("acme", || {
            with_cache_blocking(&cache, || slow::entry(9).blocking().invalidate())
        });
        gate.open();
        acme.ends();
        globex.ends();
        assert_eq!(
            of("acme", || Task::new(call()).ends()),
            3,
            "nothing was stored"
        );
        assert_eq!(of("globex", || Task::new(call()).ends()), 2);
    }
}

#[test]
fn hooks_are_told_whose_it_was() {
    let cache = tenanted(Cache::memory());
    let (told, hear) = mpsc::channel();
    cache
        .on_invalidate(move |event| drop(told.send(event.key.to_string())))
        .expect("a thread");
    let scene = Scene::of(&cache);
    scene.request("acme", || change(7));
    assert_eq!(hear.recv().as_deref(), Ok("acme:tenants:plan:7"));
    scene
        .request("acme", || cache.blocking().invalidate_tag("t"))
        .expect("a tag");
    assert_eq!(hear.recv().as_deref(), Ok("@acme:t"));
}

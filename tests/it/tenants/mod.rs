//! Caches with tenants: a part of each key that the call has, not its arguments. On the memory of
//! the process and on a shared backend alike.

mod keys;
mod mutators;
#[cfg(feature = "servers")]
mod servers;
mod texts;
mod together;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cached_core::testing::{in_process, with_cache, with_cache_blocking};
use cached_core::{Builder, Cache, Outcome, cached};

use crate::support::{Gate, Runs, Task};

thread_local! {
    static TENANT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The tenant of this thread's request.
fn tenant() -> String {
    TENANT.with_borrow(String::clone)
}

/// Runs a request of this tenant; a future that it makes is polled outside of it.
fn of<R>(tenant: &str, request: impl FnOnce() -> R) -> R {
    let before = TENANT.replace(tenant.to_owned());
    let returned = catch_unwind(AssertUnwindSafe(request));
    TENANT.set(before);
    returned.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn tenanted(builder: Builder) -> Cache {
    builder.prefix_with(tenant).build().expect("valid")
}

/// A cache in memory, and one on a backend.
fn caches() -> [Cache; 2] {
    [Cache::memory(), Cache::on(in_process())].map(tenanted)
}

#[cached(key = "tenants:plan:<id>", tags("tenants:plans"), skip(runs))]
fn plan(runs: &Runs, id: u64) -> String {
    runs.next();
    format!("{} {id}", tenant())
}

/// Counts its runs; waits at the gate.
#[cached(key = "tenants:slow:<id>", skip(runs, gate))]
async fn slow(runs: &Runs, gate: &Gate, id: u64) -> i64 {
    let _ = id;
    let run = runs.next();
    gate.passed().await;
    run
}

fn outcome(runs: &Runs, id: u64) -> Outcome {
    plan::traced(runs, id).1
}

#[test]
fn a_value_is_its_tenants() {
    for cache in caches() {
        let runs = Runs::default();
        with_cache_blocking(&cache, || {
            for name in ["acme", "globex", "", "acme", "globex", ""] {
                assert_eq!(of(name, || plan(&runs, 7)), format!("{name} 7"));
            }
        });
        assert_eq!(runs.count(), 3, "each tenant computed once");
    }
}

#[test]
fn an_installed_cache_with_tenants_is_none_of_the_usual() {
    // In a process of its own the first cache that is installed is found without being asked.
    let cache = tenanted(Cache::memory().name("tenants:installed"));
    cached_core::install(cache).expect("the name is free");
    #[cached(key = "tenants:named", cache = "tenants:installed")]
    fn named() -> String {
        tenant()
    }
    for name in ["acme", "globex", "acme"] {
        assert_eq!(of(name, named), name);
    }
}

#[test]
fn entries_are_those_of_the_tenant_that_asks() {
    for cache in caches() {
        let runs = Runs::default();
        with_cache_blocking(&cache, || {
            of("acme", || plan(&runs, 7));
            let entry = || plan::entry(7).blocking();
            assert_eq!(entry().key(), "tenants:plan:7");
            of("globex", || {
                assert_eq!(entry().get(), None);
                assert!(!entry().contains());
                assert!(!entry().expire());
                entry().invalidate();
                assert!(entry().put("put".to_owned()));
                assert_eq!(entry().get().as_deref(), Some("put"));
            });
            of("acme", || {
                assert_eq!(entry().get().as_deref(), Some("acme 7"));
                entry().refresh(|| "new".to_owned());
                assert_eq!(plan(&runs, 7), "new");
                entry().invalidate();
                assert_eq!(entry().get(), None);
            });
            of("globex", || assert_eq!(plan(&runs, 7), "put"));
        });
    }
}

/// The tenant is that of the first poll: whoever polls the future later is none of its business.
#[test]
fn a_computation_ends_under_the_tenant_that_it_began_under() {
    for cache in caches() {
        let (runs, gate) = (Runs::default(), Gate::default());
        let call = || with_cache(&cache, slow(&runs, &gate, 1));
        let mut leader = of("acme", || Task::waiting(call()));
        let mut joiner = of("acme", || Task::waiting(call()));
        gate.open();
        assert_eq!(of("globex", || leader.ends()), 1);
        assert_eq!(
            of("globex", || joiner.ends()),
            1,
            "it joined its own tenant's"
        );
        assert_eq!(
            of("globex", || Task::new(call()).ends()),
            2,
            "nothing is here"
        );
        assert_eq!(of("acme", || Task::new(call()).ends()), 1);
        assert_eq!(runs.count(), 2);
    }
}

#[test]
fn tenants_do_not_join_each_other() {
    for cache in caches() {
        let (runs, gate) = (Runs::default(), Gate::default());
        let call = || with_cache(&cache, slow(&runs, &gate, 2));
        let mut tasks: Vec<_> = ["acme", "globex"]
            .map(|name| of(name, || Task::waiting(call())))
            .into();
        assert_eq!(runs.count(), 2, "each leads its own");
        gate.open();
        assert_eq!(tasks.iter_mut().map(Task::ends).collect::<Vec<_>>(), [1, 2]);
    }
}

/// A dropped leader hands on to a joiner, which stores for the tenant it has, not the thread's.
#[test]
fn whoever_inherits_a_computation_keeps_the_tenant() {
    for cache in caches() {
        let (runs, gate) = (Runs::default(), Gate::default());
        let call = || with_cache(&cache, slow(&runs, &gate, 3));
        let leader = of("acme", || Task::waiting(call()));
        let mut joiner = of("acme", || Task::waiting(call()));
        drop(leader);
        of("globex", || joiner.waits());
        gate.open();
        assert_eq!(of("globex", || joiner.ends()), 2);
        assert_eq!(of("acme", || Task::new(call()).ends()), 2);
        assert_eq!(of("globex", || Task::new(call()).ends()), 3);
    }
}

#[test]
fn tags_and_functions_fall_for_the_tenant_that_says_so() {
    for cache in caches() {
        let runs = Runs::default();
        let warm = || {
            for name in ["acme", "globex"] {
                of(name, || plan(&runs, 7));
            }
        };
        with_cache_blocking(&cache, || {
            warm();
            of("acme", || cache.blocking().invalidate_tag("tenants:plans")).expect("a tag");
            assert_eq!(of("globex", || outcome(&runs, 7)), Outcome::Hit);
            assert_ne!(of("acme", || outcome(&runs, 7)), Outcome::Hit);
            warm();
            of("acme", || plan::all().blocking().invalidate());
            assert_eq!(of("globex", || outcome(&runs, 7)), Outcome::Hit);
            assert_ne!(of("acme", || outcome(&runs, 7)), Outcome::Hit);
            warm();
            cache
                .for_tenant("globex")
                .blocking()
                .invalidate_tag("tenants:plans")
                .expect("a tag");
            assert_eq!(of("acme", || outcome(&runs, 7)), Outcome::Hit);
            assert_ne!(of("globex", || outcome(&runs, 7)), Outcome::Hit);
            warm();
            of("acme", || cache.blocking().clear());
            assert_ne!(
                of("globex", || outcome(&runs, 7)),
                Outcome::Hit,
                "clear is for all"
            );
        });
    }
}

#[test]
fn values_that_were_put_fall_with_their_tenants_function_and_tags() {
    for cache in caches() {
        with_cache_blocking(&cache, || {
            let put = |name| of(name, || plan::entry(8).blocking().put("put".to_owned()));
            let there = |name| of(name, || plan::entry(8).blocking().contains());
            assert!(put("acme") && put("globex"));
            of("acme", || plan::all().blocking().invalidate());
            assert!(!there("acme") && there("globex"));
            assert!(put("acme"));
            of("globex", || {
                cache.blocking().invalidate_tag("tenants:plans")
            })
            .expect("a tag");
            assert!(there("acme") && !there("globex"));
        });
    }
}

/// A panic in the user's function is the caller's, and leaves the key as it was.
#[test]
fn a_tenant_that_panics_leaves_nothing_stuck() {
    let panicky = || {
        let name = tenant();
        assert!(name != "nobody", "as the test wants");
        name
    };
    for builder in [Cache::memory(), Cache::on(in_process())] {
        let cache = builder.prefix_with(panicky).build().expect("valid");
        let (runs, gate) = (Runs::default(), Gate::default());
        gate.open();
        with_cache_blocking(&cache, || {
            let nobody = |act: &dyn Fn()| of("nobody", || catch_unwind(AssertUnwindSafe(act)));
            assert!(nobody(&|| drop(plan(&runs, 7))).is_err());
            assert!(nobody(&|| drop(plan::entry(7).blocking().get())).is_err());
            assert!(nobody(&|| drop(cache.blocking().set("k", &1u8, 60))).is_err());
            assert!(nobody(&|| drop(cache.lock("l").blocking().try_acquire())).is_err());
            let call = || _ = Task::new(slow(&runs, &gate, 4)).poll();
            assert!(nobody(&call).is_err());
            assert_eq!(runs.count(), 0, "no body ran");
            assert_eq!(of("acme", || plan(&runs, 7)), "acme 7");
            assert_eq!(of("acme", || Task::new(slow(&runs, &gate, 4)).ends()), 2);
            assert_eq!(of("acme", || outcome(&runs, 7)), Outcome::Hit);
        });
    }
}

#[test]
fn a_thread_in_between_asks_once_per_hit() {
    let asked = Runs::default();
    let counting = asked.clone();
    let tenant = move || {
        counting.next();
        "acme"
    };
    let cache = Cache::memory().prefix_with(tenant).build().expect("valid");
    let runs = Runs::default();
    with_cache_blocking(&cache, || {
        plan(&runs, 7);
        let before = asked.count();
        plan(&runs, 7);
        assert_eq!(asked.count() - before, 1);
        plan(&runs, 8);
        assert_eq!(
            asked.count() - before,
            2,
            "a miss goes on with what the look found"
        );
    });
}

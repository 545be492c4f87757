//! The conformance suite, on every backend there is.

use std::collections::BTreeSet;

use cached_core::testing::conformance::Subject;
use cached_core::testing::{self, conformance_tests};

use super::source;

mod broken;
#[path = "../../examples/11_custom_backend.rs"]
#[allow(dead_code)] // its `main` is the example's
mod custom_backend;
#[cfg(feature = "servers")]
mod table;
mod tiered;

#[path = "../conformance/backends.rs"]
mod backends;
#[cfg(feature = "servers")]
#[path = "../conformance/json.rs"]
mod json;
#[cfg(feature = "servers")]
#[path = "../conformance/program.rs"]
mod program;

#[cfg(feature = "servers")]
use backends::tiers::L1;

mod in_process {
    use super::*;

    conformance_tests!(backends::in_process().subject);
}

/// Without a clock of its own.
mod custom {
    use super::*;

    fn subject() -> Subject {
        let shelf = custom_backend::Shelf::default();
        Subject::of(move || shelf.clone()).lacking(backends::lacking("custom"))
    }

    conformance_tests!(subject());
}

mod memory {
    use super::*;

    conformance_tests!(backends::memory().subject; caches batches races locks);
}

/// A server for each behaviour.
#[cfg(feature = "servers")]
mod redis {
    use super::*;
    use backends::servers::{redis, redis_cluster, redis_sentinel};

    conformance_tests!(redis(L1::Off).subject);

    /// Servers that take seconds to find each other: all behaviours in turn, on the same ones.
    #[tokio::test]
    async fn all_of_it_holds_in_a_cluster() {
        testing::conformance::run_all(&redis_cluster(L1::Off).subject).await;
    }

    #[tokio::test]
    async fn all_of_it_holds_under_sentinels() {
        testing::conformance::run_all(&redis_sentinel(L1::Off).subject).await;
    }
}

/// A file for each behaviour.
#[cfg(feature = "servers")]
mod sqlite {
    use super::*;

    conformance_tests!(backends::servers::sqlite(L1::Off).subject);
}

/// A directory for each behaviour.
#[cfg(feature = "servers")]
mod file {
    use super::*;

    conformance_tests!(backends::servers::file(L1::Off).subject);
}

/// A database for each behaviour, in one server.
#[cfg(feature = "servers")]
mod postgres {
    use super::*;

    conformance_tests!(backends::servers::postgres(L1::Off).subject);
}

/// A database for each behaviour, in one server.
#[cfg(feature = "servers")]
mod mysql {
    use super::*;

    conformance_tests!(backends::servers::mysql(L1::Off).subject);
}

/// Servers for each behaviour.
#[cfg(feature = "servers")]
mod memcached {
    mod on_one {
        use super::super::*;

        conformance_tests!(backends::servers::memcached(1, L1::Off).subject);
    }

    mod on_three {
        use super::super::*;

        conformance_tests!(backends::servers::memcached(3, L1::Off).subject);
    }
}

#[tokio::test]
async fn all_of_it_runs_under_a_framework_of_ones_own() {
    testing::conformance::run_all(&backends::in_process().subject).await;
}

/// What one run counts is no other's: users examine several backends in one process.
#[test]
fn it_runs_on_several_backends_at_once() {
    let start = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                let store = testing::in_process();
                let subject = Subject::of(move || store.clone());
                start.wait();
                let bytes = testing::conformance::bytes::truncated_cells_are_a_miss(&subject);
                runtime.expect("the OS has threads").block_on(bytes);
            });
        }
    });
}

#[test]
fn every_behaviour_is_listed() {
    let folder = "cached-core/src/testing/conformance";
    let list = source::read(&source::root().join(folder).join("mod.rs"));
    let listed: BTreeSet<&str> = list.lines().map(str::trim).collect();
    for file in source::files(&[folder]) {
        let text = source::read(&file);
        let behaviours = text.lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("pub async fn ")?.split_once('(')?;
            Some(name)
        });
        for name in behaviours {
            assert!(
                listed.contains(name) || name == "run_all",
                "`{name}` of {} is not in the list of mod.rs, so it never runs",
                source::shown(&file)
            );
        }
    }
}

/// The names of the public functions in the `impl` blocks of this type, in one folder.
fn operations(of: &str, folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in source::files(&[folder]) {
        let parsed = syn::parse_file(&source::read(&file)).expect("it compiles");
        let blocks = parsed.items.into_iter().filter_map(|item| match item {
            syn::Item::Impl(block) if block.trait_.is_none() => Some(block),
            _ => None,
        });
        for block in blocks {
            let syn::Type::Path(path) = &*block.self_ty else {
                continue;
            };
            let last = path.path.segments.last();
            if last.is_none_or(|last| last.ident != of) {
                continue;
            }
            let functions = block.items.into_iter().filter_map(|item| match item {
                syn::ImplItem::Fn(function) => Some(function),
                _ => None,
            });
            let public = functions.filter(|function| {
                let twins = of != "Cache" || function.sig.asyncness.is_some();
                matches!(function.vis, syn::Visibility::Public(_)) && twins
            });
            found.extend(public.map(|function| function.sig.ident.to_string()));
        }
    }
    found
}

#[test]
fn every_operation_has_a_twin_for_sync_callers_that_the_suite_calls() {
    // What opens a cache, and what is async by its argument or its answer.
    const ASYNC: [&str; 5] = [
        "connect",
        "connect_checked",
        "invalidate_in",
        "invalidate_tag_in",
        "redis",
    ];
    let folder = "cached-core/src/cache";
    let sync = operations("BlockingCache", folder);
    let mut operations = operations("Cache", folder);
    operations.retain(|name| !ASYNC.contains(&name.as_str()));
    assert_eq!(operations, sync);
    let suite = "cached-core/src/testing/conformance/caches/twins.rs";
    let calls = source::read(&source::root().join(suite));
    for name in &sync {
        let called = [format!(".{name}("), format!(".{name}::<")];
        assert!(
            called.iter().any(|call| calls.contains(call)),
            "`BlockingCache::{name}` is not in {suite}"
        );
    }
}

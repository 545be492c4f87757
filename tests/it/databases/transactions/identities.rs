//! Transactions beside caches that keep keys under other names than they are rendered with.

use std::cell::Cell;

use cached_core::backend::{self, Transaction};
use cached_core::testing::with_cache;
use cached_core::{Builder, Cache, Outcome, cached};

use super::{Directory, How, WAYS, sqlite};

thread_local! {
    static TENANT: Cell<&'static str> = const { Cell::new("acme") };
}

#[cached(key = "placed:<id>", ttl = 60, tags("placed:tag:<id>"))]
async fn placed(id: u64) -> u64 {
    id
}

async fn is_stored() -> bool {
    placed::traced(7).await.1 == Outcome::Hit
}

async fn invalidate(how: How, cache: &Cache, transaction: &mut impl Transaction) {
    let done = match how {
        How::Entry => placed::entry(7).invalidate_in(transaction).await,
        How::Key => cache.invalidate_in(transaction, ["placed:7"]).await,
        How::Tag => cache.invalidate_tag_in(transaction, "placed:tag:7").await,
        How::All => placed::all().invalidate_in(transaction).await,
    };
    done.expect("the cache is in the database of the transaction");
}

/// However it is named, the entry of `acme` goes with the commit; whether that of another tenant
/// stays is what `apart` says.
async fn goes_with_the_commit(
    identify: fn(Builder) -> Builder,
    handle: fn(&Cache) -> Cache,
    apart: bool,
) {
    let directory = Directory::new();
    let pool = sqlite(&directory).await;
    let table = backend::beside_pool(&pool).expect("it is no database in memory");
    table.create().await.expect("the user may");
    let cache = identify(Cache::on(table)).build().expect("valid");
    with_cache(&cache, async {
        for how in WAYS {
            for tenant in ["globex", "acme"] {
                TENANT.set(tenant);
                placed(7).await;
                assert!(is_stored().await);
            }
            let mut transaction = pool.begin().await.expect("there is room");
            invalidate(how, &handle(&cache), &mut transaction).await;
            transaction.commit().await.expect("it can be committed");
            TENANT.set("globex");
            assert_eq!(is_stored().await, apart, "{how:?}");
            TENANT.set("acme");
            assert_eq!(is_stored().await, !apart, "{how:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_entry_of_a_tenant_goes_with_the_commit() {
    let tenants = |builder: Builder| builder.prefix_with(|| TENANT.get());
    goes_with_the_commit(tenants, Cache::clone, true).await;
}

#[tokio::test]
async fn a_handle_names_the_tenant_whoever_uses_it() {
    let tenants = |builder: Builder| builder.prefix_with(|| TENANT.get());
    goes_with_the_commit(tenants, |cache| cache.for_tenant("acme"), true).await;
}

#[tokio::test]
async fn an_entry_that_a_key_function_named_goes_with_the_commit() {
    let upper = |builder: Builder| builder.key_with(|text| text.to_uppercase());
    goes_with_the_commit(upper, Cache::clone, false).await;
}

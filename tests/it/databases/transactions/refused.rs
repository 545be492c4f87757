//! Where a cache cannot take part in a transaction, and what it says then.

use cached_core::backend::Transaction;
use cached_core::testing::with_cache;
use cached_core::{Cache, ErrorKind, cached};

use super::{Directory, Posts, Server, sqlite};

/// A transaction that sees the state of its begin takes no key that a reader has stored since.
async fn an_older_snapshot_is_refused<D: Posts>(pool: sqlx::Pool<D>, begin: &'static str)
where
    for<'t> sqlx::Transaction<'t, D>: Transaction,
    D::Connection: Transaction,
{
    let cache = D::cache(&pool).await;
    cache.set("k", &1_u8, 60).await.expect("it answers");
    let mut transaction = pool.begin_with(begin).await.expect("there is room");
    D::read(&mut *transaction).await;
    cache.set("k", &2_u8, 60).await.expect("it answers");
    let fault = cache.invalidate_in(&mut transaction, ["k"]).await;
    let fault = fault.expect_err("the row is newer than the transaction");
    assert_eq!(fault.kind(), ErrorKind::Unavailable, "{fault}");
    assert!(fault.to_string().contains("begin it anew"), "{fault}");
    transaction.rollback().await.expect("it can be rolled back");
    assert!(cache.contains("k").await.expect("it answers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_snapshot_of_postgres_is_refused() {
    let pool = <sqlx::Postgres as Posts>::connect(&Server::postgres().new_database()).await;
    an_older_snapshot_is_refused(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_snapshot_of_sqlite_is_refused() {
    let directory = Directory::new();
    an_older_snapshot_is_refused(sqlite(&directory).await, "BEGIN DEFERRED").await;
}

#[cached(key = "kept:<id>", in_process)]
async fn kept(id: u64) -> u64 {
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_elsewhere_says_which_one_to_use() {
    let directory = Directory::new();
    let pool = sqlite(&directory).await;
    let mut transaction = pool.begin().await.expect("there is room");
    let place = directory.path().join("cache");
    let caches = [
        (Cache::memory().build(), "memory"),
        (Cache::dummy().build(), "dummy"),
        (
            Cache::connect(&Server::postgres().new_database()).await,
            "postgres",
        ),
        (
            Cache::connect(&format!("file://{}", place.display())).await,
            "directory",
        ),
    ];
    for (cache, named) in caches {
        let cache = cache.expect("valid");
        let fault = cache.invalidate_in(&mut transaction, ["k"]).await;
        let fault = fault.expect_err("it is elsewhere");
        assert_eq!(fault.kind(), ErrorKind::Unsupported, "{fault}");
        let text = fault.to_string();
        assert!(text.contains(named) && text.contains("sqlite://"), "{text}");
        let fault = cache.invalidate_tag_in(&mut transaction, "t").await;
        assert_eq!(fault.expect_err("as above").kind(), ErrorKind::Unsupported);
    }
    let cache = <sqlx::Sqlite as Posts>::cache(&pool);
    drop(transaction);
    with_cache(&cache.await, async {
        let mut transaction = pool.begin().await.expect("there is room");
        let faults = [
            kept::entry(1).invalidate_in(&mut transaction).await,
            kept::all().invalidate_in(&mut transaction).await,
        ];
        for fault in faults {
            let fault = fault.expect_err("it is in memory");
            assert_eq!(fault.kind(), ErrorKind::Unsupported);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_on_another_database_is_refused() {
    let (directory, another) = (Directory::new(), Directory::new());
    let cache = <sqlx::Sqlite as Posts>::cache(&sqlite(&directory).await).await;
    let pool = sqlite(&another).await;
    let mut transaction = pool.begin().await.expect("there is room");
    let fault = cache.invalidate_in(&mut transaction, ["k"]).await;
    let fault = fault.expect_err("it has no table");
    assert_eq!(fault.kind(), ErrorKind::Config, "{fault}");
    assert!(fault.to_string().contains("beside_pool"), "{fault}");
    let fault = cache.invalidate_in(&mut transaction, [""]).await;
    assert_eq!(fault.expect_err("it is empty").kind(), ErrorKind::Key);
}

//! Invalidation within a transaction: what slips in, what waits, what comes back.

use std::sync::mpsc;

use super::directory::Directory;
use super::server::Server;
use super::*;
use crate::backend;
use crate::backend::sql::Sql;
use crate::backend::sql::dialect::Dialect;

/// A pool of the application's, as small as it can be, and the cache beside it.
async fn beside<D: Dialect>(pool: sqlx::Pool<D>) -> (sqlx::Pool<D>, Sql<D>) {
    let table = backend::beside_pool(&pool).expect("the database is in a file or a server");
    table.create().await.expect("it may be made");
    (pool, table)
}

/// No lease is given while the transaction is open: its holder would read what is not committed
/// yet, and store it after the commit.
async fn nobody_slips_in<D: Dialect>((pool, table): (sqlx::Pool<D>, Sql<D>)) {
    for there in [false, true] {
        let key = if there { "there" } else { "absent" };
        if there {
            table
                .write(key, &cell(Token::random(), 100), None)
                .await
                .expect("it answers");
            table.invalidate(&[key]).await.expect("it answers");
        }
        let mut transaction = pool.begin().await.expect("the database is there");
        table
            .invalidate_in(&mut transaction, &[key, "other"])
            .await
            .expect("it answers");
        let (say, heard) = mpsc::channel();
        let same = table.clone();
        let waiting = std::thread::spawn(move || {
            let lease = cell(Token::random(), 100);
            let _ = say.send(block_on(same.acquire(key, &lease, MINUTE)));
        });
        assert!(heard.recv_timeout(Duration::from_millis(200)).is_err());
        transaction.commit().await.expect("it can be committed");
        let acquired = heard.recv_timeout(Duration::from_secs(5)).expect("it ends");
        assert_eq!(
            acquired.expect("it waited less than its limit"),
            Acquired::Granted
        );
        waiting.join().expect("it does not panic");
    }
}

/// A lease that was taken before is worth nothing after.
async fn an_older_lease_fills_nothing<D: Dialect>((pool, table): (sqlx::Pool<D>, Sql<D>)) {
    let token = Token::random();
    let acquired = table.acquire("k", &cell(token, 100), MINUTE).await;
    assert_eq!(acquired.expect("it answers"), Acquired::Granted);
    let mut transaction = pool.begin().await.expect("the database is there");
    table
        .invalidate_in(&mut transaction, &["k"])
        .await
        .expect("it answers");
    let (say, heard) = mpsc::channel();
    let same = table.clone();
    std::thread::spawn(move || {
        let value = cell(Token::random(), 100);
        let _ = say.send(block_on(same.fill("k", token, &value, MINUTE)));
    });
    assert!(heard.recv_timeout(Duration::from_millis(200)).is_err());
    transaction.commit().await.expect("it can be committed");
    let filled = heard.recv_timeout(Duration::from_secs(5)).expect("it ends");
    assert!(!filled.expect("it waited less than its limit"));
    assert_eq!(table.read(&["k"]).await.expect("it answers"), [None]);
}

/// What was there is read until the commit, and not after.
async fn it_happens_with_the_commit<D: Dialect>((pool, table): (sqlx::Pool<D>, Sql<D>)) {
    let value = cell(Token::random(), 100);
    table.write("k", &value, MINUTE).await.expect("it answers");
    let mut transaction = pool.begin().await.expect("the database is there");
    table
        .invalidate_in(&mut transaction, &["k", "k"])
        .await
        .expect("it answers");
    assert_eq!(table.read(&["k"]).await.expect("it answers"), [Some(value)]);
    transaction.commit().await.expect("it can be committed");
    assert_eq!(table.read(&["k"]).await.expect("it answers"), [None]);
    assert_eq!(
        table.invalidate(&["k"]).await.expect("it answers"),
        0,
        "nothing was there"
    );
}

/// A transaction that is rolled back, or whose process dies, has invalidated nothing.
async fn a_rollback_leaves_everything<D: Dialect>((pool, table): (sqlx::Pool<D>, Sql<D>)) {
    let value = cell(Token::random(), 100);
    table.write("k", &value, MINUTE).await.expect("it answers");
    let mut transaction = pool.begin().await.expect("the database is there");
    table
        .invalidate_in(&mut transaction, &["k"])
        .await
        .expect("it answers");
    transaction.rollback().await.expect("it can be rolled back");
    assert_eq!(table.read(&["k"]).await.expect("it answers"), [Some(value)]);
}

/// Callers that hold all connections of the pool are no reason to wait.
async fn an_exhausted_pool_is_no_obstacle<D: Dialect>((pool, table): (sqlx::Pool<D>, Sql<D>)) {
    let held = pool.acquire().await.expect("there is room for one");
    table
        .write("k", &cell(Token::random(), 100), MINUTE)
        .await
        .expect("it answers");
    assert!(table.read(&["k"]).await.expect("it answers")[0].is_some());
    drop(held);
}

/// Whoever waits for the end of a transaction leaves a connection to those who read.
async fn readers_wait_for_no_transaction<D: Dialect>((pool, table): (sqlx::Pool<D>, Sql<D>)) {
    let mut address = table.0.address.clone();
    address.connections = 2;
    let small = Sql::new(address, table.0.runtime.clone());
    let value = cell(Token::random(), 100);
    small.write("k", &value, MINUTE).await.expect("it answers");
    let names: Vec<String> = (0..10).map(|number| format!("buried{number}")).collect();
    let keys: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut transaction = pool.begin().await.expect("the database is there");
    table
        .invalidate_in(&mut transaction, &keys)
        .await
        .expect("it answers");
    let lease = cell(Token::random(), 100);
    for key in &keys {
        let acquiring = small.acquire(key, &lease, MINUTE);
        let late = tokio::time::timeout(Duration::from_millis(20), acquiring).await;
        assert!(late.is_err(), "{key} is buried");
    }
    for _ in 0..10 {
        let reading = small.read(&["k"]);
        let read = tokio::time::timeout(Duration::from_millis(200), reading).await;
        let read = read.expect("there is a connection").expect("it answers");
        assert_eq!(read, [Some(value.clone())]);
    }
    transaction.rollback().await.expect("it can be rolled back");
}

/// Runs a test of the application's side, where its pools are polled.
fn run(test: impl Future<Output = ()>) {
    let runtime = backend::runtime::handle().expect("the OS has threads");
    runtime.block_on(test);
}

/// A pool of one connection.
async fn pool<D: Dialect>(url: &str) -> sqlx::Pool<D> {
    let pool = sqlx::pool::PoolOptions::new().max_connections(1);
    pool.connect(url).await.expect("the database is there")
}

macro_rules! on_each {
    ($($test:ident)*) => {
        mod sqlite {
            use super::*;
            $(#[test]
            fn $test() {
                let directory = Directory::new();
                let url = format!("sqlite://{}/app.db?mode=rwc", directory.path().display());
                run(async {
                    let pool = pool::<sqlx::Sqlite>(&url).await;
                    let wal = sqlx::query("PRAGMA journal_mode = WAL").execute(&pool).await;
                    wal.expect("nobody else is there");
                    super::$test(beside(pool).await).await;
                });
            })*
        }
        mod postgres {
            use super::*;
            $(#[test]
            fn $test() {
                let url = Server::postgres().new_database();
                run(async { super::$test(beside(pool::<sqlx::Postgres>(&url).await).await).await });
            })*
        }
        mod mysql {
            use super::*;
            $(#[test]
            fn $test() {
                let url = Server::mariadb().new_database();
                run(async { super::$test(beside(pool::<sqlx::MySql>(&url).await).await).await });
            })*
        }
    };
}

on_each! {
    nobody_slips_in
    an_older_lease_fills_nothing
    it_happens_with_the_commit
    a_rollback_leaves_everything
    an_exhausted_pool_is_no_obstacle
    readers_wait_for_no_transaction
}

//! The demonstration: uses the blog, and prints what the database and the cache had to do.
//!
//! Every number is measured while it runs; nothing here sleeps. Where something has to happen in
//! the middle of something else, the database's answer is held on a [`Wire`](crate::db::Wire).

use std::error::Error;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cached_core::Cache;

use crate::db::{Db, DbError, Size};
use crate::posts::{add_comment, feed, get_post, rename_post, top_posts};
use crate::second::Second;

const SIZE: Size = Size {
    authors: 500,
    posts: 4_000,
    comments: 20_000,
};

/// How many entries the first chapter reads of each function, and how often once they are warm.
const READ: i64 = 200;
const ROUNDS: i64 = 20;

/// Creates the database and says so.
pub(crate) async fn opening(file: &Path, cache: &Cache) -> Result<Db, DbError> {
    let (db, took) = timed(Db::create(file, SIZE)).await;
    let Size {
        authors,
        posts,
        comments,
    } = SIZE;
    println!("Cache: {}", cache.backend());
    if cfg!(debug_assertions) {
        println!(
            "Built without optimisation; `cargo run --release -p blog` is what would be deployed"
        );
    }
    println!(
        "Database: SQLite, {authors} authors, {posts} posts, {comments} comments, \
         filled in {} ms",
        took.as_millis()
    );
    db
}

/// All chapters.
pub(crate) async fn tell(db: &Db) -> Result<(), DbError> {
    cold_and_warm(db).await?;
    many_readers(db).await?;
    visible_at_once(db).await?;
    feed_follows(db).await?;
    dropped_half_way(db).await?;
    overtaken(db).await?;
    lazy_field(db).await?;
    traffic(db).await
}

/// What two processes see of each other.
pub(crate) async fn two_processes(db: &Db, file: &Path) -> Result<(), Box<dyn Error>> {
    chapter("A second process on the same database and cache");
    let mut second = Second::start(file)?;
    let post = get_post(db, 12).await?;
    println!(
        "  it reads a post that this one read   {}",
        second.read(12)?
    );
    rename_post(db, &post, "Renamed here").await?;
    println!(
        "  renamed here; it reads               {}",
        second.read(12)?
    );
    second.rename(12, "Renamed there")?;
    let title = &get_post(db, 12).await?.title;
    println!("  renamed there; this one reads        {title:?}");
    Ok(())
}

fn chapter(title: &str) {
    println!("\n{title}");
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    (work.await, start.elapsed())
}

/// What one pass over some keys cost.
struct Cost {
    queries: u64,
    each: Duration,
}

async fn cost<T, F>(db: &Db, keys: &[i64], read: impl Fn(i64) -> F) -> Result<Cost, DbError>
where
    F: Future<Output = Result<T, DbError>>,
{
    let (before, start) = (db.queries(), Instant::now());
    for key in keys {
        read(*key).await?;
    }
    let reads = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    Ok(Cost {
        queries: db.queries() - before,
        each: start.elapsed() / reads.max(1),
    })
}

async fn cold_and_warm(db: &Db) -> Result<(), DbError> {
    chapter("Cold and warm reads");
    println!(
        "  {:<10} {:>8} {:>8} {:>10}   {:>8} {:>8} {:>10}",
        "", "cold", "queries", "µs each", "warm", "queries", "µs each"
    );
    row(db, "get_post", READ, |id| get_post(db, id)).await?;
    row(db, "feed", READ, |author| feed(db, author)).await?;
    row(db, "top_posts", 5, |limit| top_posts(db, limit)).await
}

async fn row<T, F>(db: &Db, name: &str, last: i64, read: impl Fn(i64) -> F) -> Result<(), DbError>
where
    F: Future<Output = Result<T, DbError>>,
{
    let keys: Vec<i64> = (1..=last).collect();
    let again: Vec<i64> = (0..ROUNDS).flat_map(|_| keys.iter().copied()).collect();
    let cold = cost(db, &keys, &read).await?;
    let warm = cost(db, &again, &read).await?;
    let micros = |cost: &Cost| cost.each.as_secs_f64() * 1e6;
    println!(
        "  {name:<10} {:>8} {:>8} {:>10.2}   {:>8} {:>8} {:>10.2}",
        keys.len(),
        cold.queries,
        micros(&cold),
        again.len(),
        warm.queries,
        micros(&warm)
    );
    Ok(())
}

async fn many_readers(db: &Db) -> Result<(), DbError> {
    chapter("200 readers of one cold post at the same time");
    let before = db.queries();
    let start = Arc::new(tokio::sync::Barrier::new(200));
    let readers: Vec<_> = (0..200)
        .map(|_| {
            let (db, start) = (db.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                get_post(&db, 1_000).await
            })
        })
        .collect();
    let mut answered = 0;
    for reader in readers {
        answered += usize::from(matches!(reader.await, Ok(Ok(_))));
    }
    println!(
        "  {answered} answers, {} database query",
        db.queries() - before
    );
    Ok(())
}

async fn visible_at_once(db: &Db) -> Result<(), DbError> {
    chapter("An update is visible at once");
    let post = get_post(db, 7).await?;
    rename_post(db, &post, "A better title").await?;
    println!("  before  {:?}", post.title);
    println!("  after   {:?}", get_post(db, 7).await?.title);
    Ok(())
}

async fn feed_follows(db: &Db) -> Result<(), DbError> {
    chapter("A feed follows the post that it shows, because the mutator names the author's tag");
    let post = get_post(db, 8).await?;
    let before = feed(db, post.author).await?;
    rename_post(db, &post, "Seen in the feed").await?;
    add_comment(db, &post, "Seen, too").await?;
    let after = feed(db, post.author).await?;
    for (when, feed) in [("before", before), ("after", after)] {
        if let Some(line) = feed.iter().find(|line| line.post == post.id) {
            println!("  {when:<7} {:?}, {} comments", line.title, line.comments);
        }
    }
    Ok(())
}

async fn dropped_half_way(db: &Db) -> Result<(), DbError> {
    chapter("A mutator that is dropped half-way still invalidates");
    let post = get_post(db, 9).await?;
    let (stuck, wire) = db.stuck();
    tokio::select! {
        done = rename_post(&stuck, &post, "Written, and then the client hung up") => done?,
        () = wire.answered() => println!("  dropped after the database wrote, before it returned"),
    }
    println!("  before  {:?}", post.title);
    println!("  after   {:?}", get_post(db, 9).await?.title);
    Ok(())
}

async fn overtaken(db: &Db) -> Result<(), DbError> {
    chapter("An invalidation overtakes a read that is under way");
    let post = get_post(db, 10).await?;
    get_post::entry(10).invalidate().await;
    let (stuck, wire) = db.stuck();
    let slow = tokio::spawn(async move { get_post::traced(&stuck, 10).await });
    wire.answered().await;
    println!("  a slow reader has read the old row and is on its way to the cache");
    rename_post(db, &post, "Renamed meanwhile").await?;
    println!(
        "  renamed; a new reader sees     {:?}",
        get_post(db, 10).await?.title
    );
    wire.release();
    if let Ok((Ok(old), outcome)) = slow.await {
        println!(
            "  the slow reader came back with {:?}, its fill: {outcome:?}",
            old.title
        );
    }
    println!(
        "  the cache still says           {:?}",
        get_post(db, 10).await?.title
    );
    Ok(())
}

async fn lazy_field(db: &Db) -> Result<(), DbError> {
    chapter("A lazy field: HTML rendered once per post, shared by all who hold it");
    let post = get_post(db, 11).await?;
    let start = Instant::now();
    let bytes = post.html().len();
    let first = start.elapsed();
    let start = Instant::now();
    post.html();
    println!(
        "  {bytes} bytes, first {first:?}, then {:?}",
        start.elapsed()
    );
    let other = get_post(db, 11).await?;
    println!(
        "  the next caller of get_post holds the same HTML: {}",
        std::ptr::eq(post.html(), other.html())
    );
    Ok(())
}

/// 8 clients; a few posts are read most of the time, and one request in 200 changes something.
async fn traffic(db: &Db) -> Result<(), DbError> {
    const CLIENTS: u64 = 8;
    const REQUESTS: u64 = 2_500;
    chapter("Traffic: 8 clients, 2,500 requests each, 1 in 200 a write");
    let (before, start) = (db.queries(), Instant::now());
    let clients: Vec<_> = (1..=CLIENTS)
        .map(|seed| {
            let db = db.clone();
            tokio::spawn(async move { client(&db, seed, REQUESTS).await })
        })
        .collect();
    for client in clients {
        match client.await {
            Ok(done) => done?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
    let queries = db.queries() - before;
    println!(
        "  {} requests, {queries} queries, {} ms",
        CLIENTS * REQUESTS,
        start.elapsed().as_millis()
    );
    Ok(())
}

async fn client(db: &Db, seed: u64, requests: u64) -> Result<(), DbError> {
    let mut dice = Dice(seed);
    for _ in 0..requests {
        match dice.below(200) {
            0 => {
                let post = get_post(db, dice.skewed(SIZE.posts)).await?;
                add_comment(db, &post, "Indeed").await?;
            }
            1..120 => drop(get_post(db, dice.skewed(SIZE.posts)).await?),
            120..180 => drop(feed(db, dice.skewed(SIZE.authors)).await?),
            _ => drop(top_posts(db, 10).await?),
        }
    }
    Ok(())
}

/// Random enough for traffic (splitmix64), and the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 31)) % end
    }

    /// From 1 to `last`, small numbers far more often.
    fn skewed(&mut self, last: i64) -> i64 {
        let share = self.below(1_000) * self.below(1_000) * self.below(1_000);
        let scaled = u128::from(share) * u128::from(last.unsigned_abs()) / 1_000_000_000;
        1 + i64::try_from(scaled).unwrap_or(0)
    }
}

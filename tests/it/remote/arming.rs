//! What a mutator's body reads: nothing that the mutator is about to invalidate, and hits of the rest.

use cached_core::testing::with_cache;
use cached_core::{Cache, ErrorKind, Outcome, bypass, cached, invalidates, refresh};

use super::cells::{Act, Cells, Op};
use crate::support::Task;

#[cached(key = "armed:post:<id>", tags("armed-author:<id>"))]
async fn post(id: u64) -> u64 {
    id
}

#[cached(key = "armed:feed:<id>")]
async fn feed(id: u64) -> u64 {
    id
}

/// What it reads before it ends: two posts of different authors, and a feed.
type Read = [Outcome; 3];

async fn read() -> Read {
    [
        post::traced(1).await.1,
        post::traced(2).await.1,
        feed::traced(3).await.1,
    ]
}

#[invalidates("armed:post:1")]
async fn change_a_key() -> Read {
    read().await
}

#[invalidates(tag = "armed-author:2")]
async fn change_a_tag() -> Read {
    read().await
}

#[invalidates(feed(..))]
async fn change_a_function() -> Read {
    read().await
}

#[invalidates("armed:post:1")]
async fn change_around(inner: bool) -> Read {
    if inner {
        change_a_function().await
    } else {
        bypass(read()).await
    }
}

#[invalidates("armed:post:1")]
async fn change_and_refresh() -> Read {
    refresh(read()).await
}

fn run<T>(cache: &Cache, future: impl Future<Output = T>) -> T {
    Task::new(with_cache(cache, future)).ends()
}

#[test]
fn the_body_is_given_hits_of_what_its_mutator_leaves_alone() {
    use Outcome::{Hit, Uncached};
    let cells = Cells::default();
    let (here, there) = (cells.cache(), cells.cache());
    let fresh = || run(&there, read());
    fresh();
    assert_eq!(run(&here, change_a_key()), [Uncached, Hit, Hit]);
    fresh();
    assert_eq!(run(&here, change_a_tag()), [Hit, Uncached, Hit]);
    fresh();
    assert_eq!(run(&here, change_a_function()), [Hit, Hit, Uncached]);
    fresh();
    assert_eq!(run(&here, change_around(true)), [Uncached, Hit, Uncached]);
    fresh();
    assert_eq!(run(&here, change_around(false)), [Uncached; 3]);
    fresh();
    assert_eq!(run(&here, change_and_refresh()), [Uncached; 3]);
}

#[test]
fn what_the_body_computes_is_not_stored_and_nobody_is_kept_from_it() {
    let cells = Cells::default();
    let here = cells.cache();
    assert_eq!(run(&here, change_a_key()), [Outcome::Uncached; 3]);
    assert_eq!(cells.count(Op::Acquire), 0);
    assert_eq!(run(&here, read()), [Outcome::Stored; 3]);
}

#[test]
fn a_backend_that_does_not_answer_costs_the_body_nothing() {
    let cells = Cells::default();
    let here = cells.cache();
    run(&here, read());
    cells.next(Op::Read, Act::Fail(ErrorKind::Unavailable));
    let read = run(&here, change_a_function());
    assert_eq!(read, [Outcome::Uncached, Outcome::Hit, Outcome::Uncached]);
}

#[invalidates("armed:post:1", tag = "armed-author:2")]
async fn change_and_look(cache: &Cache) -> [bool; 5] {
    let here = post::entry(1).get().await.is_some();
    let tagged = post::entry(2).get().await.is_some();
    let other = feed::entry(3).get().await.is_some();
    let many = cache
        .get_many::<u64>(["armed:post:1", "armed:feed:3"])
        .await;
    let many = many.expect("it answers");
    [here, tagged, other, many[0].is_some(), many[1].is_some()]
}

/// In memory and on a shared backend alike.
#[test]
fn the_handle_shows_the_body_nothing_that_its_mutator_invalidates() {
    let (cells, memory) = (Cells::default(), crate::support::memory());
    for cache in [cells.cache(), memory] {
        run(&cache, read());
        let hidden = run(&cache, change_and_look(&cache));
        assert_eq!(hidden, [false, false, true, false, true]);
        run(&cache, read());
        let bypassed = run(&cache, bypass(feed::entry(3).get()));
        assert_eq!(bypassed, None);
        let found = run(&cache, cache.get::<u64>("armed:feed:3"));
        assert_eq!(found.expect("it answers"), Some(3));
        let hidden = run(&cache, bypass(cache.get::<u64>("armed:feed:3")));
        assert_eq!(hidden.expect("it answers"), None);
    }
}

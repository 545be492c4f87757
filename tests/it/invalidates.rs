//! Every way in which a mutator names what it changes.

use std::sync::Arc;

use cached_core::testing::{isolated, isolated_blocking};
use cached_core::{
    Cache, Delivery, Handle, Outcome, cached, invalidate, invalidate_blocking, invalidates,
};
use serde::{Deserialize, Serialize};

use crate::support::Task;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Post {
    id: u64,
    author: Author,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Author {
    name: String,
}

fn new(id: u64, author: &str) -> Post {
    Post {
        id,
        author: Author {
            name: author.to_owned(),
        },
    }
}

#[cached(key = "i:post:<id>", tags("i:user:<author>"), skip(author))]
async fn post(id: u64, author: &str) -> Post {
    new(id, author)
}

#[cached(key = "i:feed:<author>:<page>", tags("i:user:<author>", "i:feeds"))]
fn feed(author: &str, page: u32) -> Vec<u64> {
    vec![author.len() as u64, page.into()]
}

#[cached(key = "i:title:<id>")]
fn title(id: u64) -> String {
    format!("title {id}")
}

mod elsewhere {
    #[cached_core::cached(key = "i:elsewhere:<id>")]
    pub(super) fn count(id: u64) -> u64 {
        id
    }
}

/// What is left of these, in order: post 1, post 2, feed of ann, feed of bob, title 1, count 1.
fn left() -> String {
    let mut left = String::new();
    let posts = [post::entry(1, "ann"), post::entry(2, "bob")];
    for (there, mark) in posts
        .into_iter()
        .map(|post| post.blocking().contains())
        .zip(['1', '2'])
    {
        left.extend(there.then_some(mark));
    }
    left.extend(feed::entry("ann", 0).blocking().contains().then_some('a'));
    left.extend(feed::entry("bob", 0).blocking().contains().then_some('b'));
    left.extend(title::entry(1).blocking().contains().then_some('t'));
    left.extend(
        elsewhere::count::entry(1)
            .blocking()
            .contains()
            .then_some('c'),
    );
    left
}

/// What is left after `mutate`, of everything.
async fn after<T>(mutate: impl AsyncFnOnce() -> T) -> String {
    isolated(async {
        _ = (post(1, "ann").await, post(2, "bob").await);
        _ = (
            feed("ann", 0),
            feed("bob", 0),
            title(1),
            elsewhere::count(1),
        );
        assert_eq!(left(), "12abtc");
        mutate().await;
        left()
    })
    .await
}

#[tokio::test]
async fn templates_name_keys_and_tags() {
    #[invalidates("i:post:<id>", "i:title:{id}", "i:elsewhere:1")]
    async fn several(id: u64) {}
    assert_eq!(after(async || several(1).await).await, "2ab");

    #[invalidates("i:post:<post.id>", tag = "i:user:<post.author.name>")]
    fn fields(post: &Post) {}
    assert_eq!(after(async || fields(&new(1, "bob"))).await, "atc");

    #[invalidates("i:user:<name>:*")]
    fn star(name: &str) {}
    assert_eq!(after(async || star("ann")).await, "2btc");

    #[invalidates(tag = "i:feeds", tag = "i:user:ann")]
    fn tags() {}
    assert_eq!(after(async || tags()).await, "2tc");

    #[invalidates("i:feed:<name>:<pages.0>")]
    fn paths((name, _): (&str, u8), pages: (u32, u32)) {}
    assert_eq!(after(async || paths(("ann", 1), (0, 9))).await, "12btc");
}

#[tokio::test]
async fn functions_name_their_entries() {
    #[invalidates(post(id, name), elsewhere::count(1))]
    async fn by_call(id: u64, name: &str) {}
    assert_eq!(after(async || by_call(1, "ann").await).await, "2abt");

    #[invalidates(title(post.id), feed(&post.author.name, 0))]
    fn by_field(post: Post) {}
    assert_eq!(after(async || by_field(new(1, "ann"))).await, "12bc");

    #[invalidates(title(page + 1), crate::invalidates::elsewhere::count(page + 1))]
    fn by_expression(page: u64) {}
    assert_eq!(after(async || by_expression(0)).await, "12ab");

    #[invalidates(post(..), feed(..))]
    fn all() {}
    assert_eq!(after(async || all()).await, "tc");

    #[invalidates(self::elsewhere::count(..), "i:post:2")]
    fn mixed() {}
    assert_eq!(after(async || mixed()).await, "1abt");
}

#[tokio::test]
async fn several_attributes_add_up() {
    #[invalidates("i:post:<id>")]
    #[invalidates(title(id))]
    #[invalidates(tag = "i:user:bob")]
    async fn stacked(id: u64) -> Result<u64, String> {
        let found = Some(id).ok_or("never")?;
        Ok(found)
    }
    assert_eq!(after(async || stacked(1).await).await, "ac");
}

#[tokio::test]
async fn targets_can_be_made_of_the_result() {
    #[invalidates("i:post:<result.id>", tag = "i:user:<result.author.name>", title(result.id))]
    async fn create(id: u64) -> Result<Post, String> {
        if id == 0 {
            return Err("zero".into());
        }
        Ok(new(id, "bob"))
    }
    assert_eq!(after(async || create(1).await).await, "ac");
    assert_eq!(
        after(async || create(0).await).await,
        "12abtc",
        "an `Err` names nothing"
    );

    #[invalidates("i:title:<result>")]
    fn number(id: u64) -> u64 {
        id
    }
    assert_eq!(after(async || number(1)).await, "12abc");

    #[invalidates("i:title:<result.0>")]
    fn maybe(id: u64) -> Option<(u64, u8)> {
        (id > 0).then_some((id, 0))
    }
    assert_eq!(after(async || maybe(1)).await, "12abc");
    assert_eq!(after(async || maybe(0)).await, "12abtc");

    // An argument of that name is an argument.
    #[invalidates("i:title:<result>")]
    fn argument(result: u64) {}
    assert_eq!(after(async || argument(1)).await, "12abc");
}

#[tokio::test]
async fn on_ok_waits_for_success() {
    #[invalidates("i:title:<id>", elsewhere::count(id), on = ok)]
    async fn sure(id: u64, fails: bool) -> Result<(), String> {
        if fails { Err("no".into()) } else { Ok(()) }
    }
    assert_eq!(after(async || sure(1, false).await).await, "12ab");
    assert_eq!(after(async || sure(1, true).await).await, "12abtc");

    #[invalidates("i:title:<id>", on = ok)]
    async fn never_ends(id: u64) -> Result<(), String> {
        std::future::pending().await
    }
    let dropped = async || drop(Task::waiting(never_ends(1)));
    assert_eq!(after(dropped).await, "12abtc", "nobody knows of a success");

    #[invalidates("i:title:<id>")]
    async fn anyhow(id: u64) -> Result<(), String> {
        Err("no".into())
    }
    assert_eq!(
        after(async || anyhow(1).await).await,
        "12abc",
        "an `Err` proves nothing"
    );
}

#[derive(Clone, Default, Handle)]
struct Repo;

impl Repo {
    #[cached(key = "i:repo:<id>")]
    async fn load(&self, id: u64) -> u64 {
        id
    }

    #[cached(key = "i:assoc:<id>")]
    fn assoc(id: u64) -> u64 {
        id
    }

    #[invalidates(self.load(id), Self::assoc(id))]
    async fn change(&self, id: u64) {}

    #[invalidates(self.load(..), Self::assoc(..))]
    fn change_all(&mut self) {}

    #[invalidates(Self::load(id))]
    fn change_without_self(id: u64) {}

    #[invalidates("i:repo:<id>")]
    fn change_by_template(self: Arc<Self>, id: u64) -> Arc<Self> {
        self
    }
}

#[invalidates(<Repo>::load(id), <Repo>::assoc(id))]
fn change_from_outside(id: u64) {}

#[invalidates(<Repo>::load(..))]
fn change_all_from_outside() {}

#[invalidates(repo.load(id))]
fn change_through(repo: &Repo, id: u64) {}

async fn repo_after(mutate: impl AsyncFnOnce(&mut Repo)) -> (bool, bool, bool) {
    isolated(async {
        let mut repo = Repo;
        _ = (repo.load(1).await, repo.load(2).await, Repo::assoc(1));
        mutate(&mut repo).await;
        let there = |id: u64| repo.load_entry(id).blocking().contains();
        (
            there(1),
            there(2),
            Repo::assoc_entry(1).blocking().contains(),
        )
    })
    .await
}

#[tokio::test]
async fn methods_name_their_entries() {
    assert_eq!(
        repo_after(async |repo| repo.change(1).await).await,
        (false, true, false)
    );
    assert_eq!(
        repo_after(async |repo| repo.change_all()).await,
        (false, false, false)
    );
    assert_eq!(
        repo_after(async |_| Repo::change_without_self(2)).await,
        (true, false, true)
    );
    assert_eq!(
        repo_after(async |_| change_from_outside(1)).await,
        (false, true, false)
    );
    assert_eq!(
        repo_after(async |_| change_all_from_outside()).await,
        (false, false, true)
    );
    assert_eq!(
        repo_after(async |repo| change_through(repo, 2)).await,
        (true, false, true)
    );
    let by_template = async |_: &mut Repo| drop(Arc::new(Repo).change_by_template(1));
    assert_eq!(repo_after(by_template).await, (false, true, true));
}

#[tokio::test]
async fn the_macros_for_hooks_take_the_same_targets() {
    let (id, post_now) = (1_u64, new(1, "bob"));
    let by_template =
        after(async || invalidate!("i:post:<id>", tag = "i:user:<post_now.author.name>").await);
    assert_eq!(by_template.await, "atc");
    let by_function =
        after(async || invalidate!(title(id), post(id, "ann"), elsewhere::count(..)).await);
    assert_eq!(by_function.await, "2ab");
    let blocking = after(async || invalidate_blocking!("i:title:{id}", feed("ann", 0)));
    assert_eq!(blocking.await, "12bc");
    let star = after(async || invalidate_blocking!("i:user:ann:*"));
    assert_eq!(star.await, "2btc");
    isolated(async {
        assert_eq!(invalidate!("i:post:<id>").await, Delivery::Acknowledged);
        assert_eq!(invalidate_blocking!(title(..)), Delivery::Acknowledged);
        let (repo, cache) = (Repo, Cache::memory().build().expect("valid"));
        repo.load(1).await;
        cache.set("i:repo:1", &5_u64, 60).await.expect("valid");
        invalidate!("i:repo:<id>", cache = cache).await;
        assert!(
            repo.load_entry(1).contains().await,
            "another cache was named"
        );
        assert!(!cache.contains("i:repo:1").await.expect("valid"));
        invalidate!(repo.load(id)).await;
        assert!(!repo.load_entry(1).contains().await);
    })
    .await;
}

#[tokio::test]
async fn a_mutator_keeps_the_form_of_its_function() {
    /// Changes in place, borrows, returns what it borrowed.
    #[invalidates("i:title:<id>")]
    fn borrow<'a>(id: u64, list: &'a mut Vec<u64>) -> Option<&'a u64> {
        list.push(id);
        let last = list.last()?;
        Some(last)
    }
    #[invalidates("i:title:<id>")]
    async fn generic<T>(id: u64, value: T) -> impl Iterator<Item = u64>
    where
        T: Into<u64> + Send,
    {
        std::iter::once(value.into() + id)
    }
    #[invalidates(title(id))]
    async fn consume(id: u64, text: String, then: impl FnOnce(String) -> usize) -> usize {
        then(text)
    }
    let mut list = Vec::new();
    assert_eq!(
        after(async || assert_eq!(borrow(1, &mut list), Some(&1))).await,
        "12abc"
    );
    assert_eq!(list, [1]);
    assert_eq!(
        after(async || assert!(generic(1, 2_u8).await.eq([3]))).await,
        "12abc"
    );
    assert_eq!(
        after(async || consume(1, "abc".into(), |text| text.len()).await).await,
        "12abc"
    );
}

#[test]
fn a_cached_function_may_be_a_mutator_too() {
    #[cached(key = "i:both:<id>")]
    #[invalidates(title(id))]
    fn below(id: u64) -> u64 {
        id
    }
    #[invalidates(title(id))]
    #[cached(key = "i:both:above:<id>")]
    fn above(id: u64) -> u64 {
        id
    }
    isolated_blocking(|| {
        for mutate in [below, above] {
            title(1);
            mutate(1);
            assert!(!title::entry(1).blocking().contains());
        }
        title(1);
        assert_eq!(below(1), 1);
        assert!(title::entry(1).blocking().contains(), "a hit runs no body");
        assert_eq!(below::traced(1).1, Outcome::Hit);
    });
}

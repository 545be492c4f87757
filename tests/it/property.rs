//! Lazy fields: `#[cached_property]` getters and `#[invalidates(self.field)]` mutators.

mod ageing;
mod mixed;
mod shapes;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use cached_core::{CachedProperty, Shared, cached_property, invalidates};

#[derive(Debug, PartialEq)]
struct Broken;

type Fallible<T> = Result<T, Broken>;
type Renamed = Fallible<usize>;
type ParseResult<T> = Fallible<T>;

/// A plain struct whose name ends like an alias of `Result`.
#[derive(Debug, PartialEq)]
struct SearchResult(usize);

#[derive(Default)]
struct Article {
    body: String,
    runs: AtomicUsize,
    word_count: CachedProperty<usize>,
    words: CachedProperty<Vec<String>>,
    first_number: CachedProperty<usize>,
    by_alias: CachedProperty<usize>,
    by_name: CachedProperty<usize>,
    found: CachedProperty<SearchResult>,
    later: CachedProperty<usize>,
    later_number: CachedProperty<usize>,
    title: CachedProperty<String, Shared>,
    rank: CachedProperty<usize, Shared>,
    nested: Nested,
}

#[derive(Default)]
struct Nested {
    pair: (CachedProperty<usize>, u8),
}

impl Article {
    fn new(body: &str) -> Self {
        Self {
            body: body.into(),
            ..Self::default()
        }
    }

    fn run(&self) -> usize {
        self.runs.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    /// Words in the body.
    #[cached_property]
    fn word_count(&self) -> usize {
        self.run();
        self.body.split_whitespace().count()
    }

    #[cached_property]
    pub fn words<'a>(&'a self) -> Vec<String> {
        if self.body.is_empty() {
            return Vec::new();
        }
        self.body.split_whitespace().map(str::to_owned).collect()
    }

    #[cached_property]
    fn first_number(&self) -> Result<usize, Broken> {
        self.run();
        Ok(self.body.trim().parse::<usize>().map_err(|_| Broken)? + 1)
    }

    #[cached_property(result)]
    fn by_alias(&self) -> Renamed {
        self.run();
        self.body.trim().parse().map_err(|_| Broken)
    }

    #[cached_property]
    fn by_name(&self) -> ParseResult<usize> {
        self.run();
        self.body.trim().parse().map_err(|_| Broken)
    }

    #[cached_property]
    fn found(&self) -> SearchResult {
        SearchResult(self.run())
    }

    #[cached_property]
    async fn later(&self) -> usize {
        pause().await;
        self.run()
    }

    #[cached_property]
    async fn later_number(&self) -> Result<usize, Broken> {
        pause().await;
        self.run();
        if self.body.is_empty() {
            return Err(Broken);
        }
        let number = self.body.trim().parse::<usize>().map_err(|_| Broken)?;
        Ok(number)
    }

    #[cached_property(shared)]
    fn title(&self) -> String {
        self.run();
        self.body.clone()
    }

    #[cached_property(ttl = "5m")]
    async fn rank(&self) -> Result<usize, Broken> {
        pause().await;
        Ok(self.run())
    }

    #[cached_property(field = nested.pair.0)]
    fn deep(&self) -> usize {
        self.run()
    }

    #[invalidates(self.word_count, self.first_number)]
    fn set_body(&mut self, body: &str) -> usize {
        // Whatever is read here, old or new, is not kept.
        let before = *self.word_count();
        self.body = body.into();
        before
    }

    #[invalidates(self.word_count)]
    fn set_body_or_panic(&mut self, body: String) {
        self.body = body;
        self.word_count();
        assert!(!self.body.is_empty(), "no body");
    }

    #[invalidates(self.word_count)]
    async fn set_body_slowly(&mut self, body: &str) -> Result<(), Broken> {
        self.body.clear();
        self.word_count();
        pause().await;
        self.body = body.into();
        if body.is_empty() {
            return Err(Broken);
        }
        Ok(())
    }

    #[invalidates(self.title, self.rank)]
    fn retitle(&self) -> Arc<String> {
        self.title()
    }

    #[invalidates(self.nested.pair.0)]
    fn reset_deep(
        &mut self,
        mut by: usize,
        (left, _): (usize, u8),
        rest: impl Into<usize>,
    ) -> usize {
        by += left;
        by + rest.into()
    }
}

async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        match std::mem::replace(&mut paused, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_getter_hands_out_a_reference_and_computes_once() {
    let article = Article::new("one two");
    let count: &usize = article.word_count();
    assert_eq!((count, article.word_count()), (&2, &2));
    assert_eq!(article.runs(), 1);
    assert_eq!(article.words(), &["one", "two"]);
    assert!(Article::new("").words().is_empty());
}

#[test]
fn an_error_is_not_kept() {
    let mut article = Article::new("x");
    assert_eq!(article.first_number(), Err(Broken));
    assert_eq!(article.first_number(), Err(Broken));
    article.body = "7".into();
    let number: Result<&usize, Broken> = article.first_number();
    assert_eq!(number, Ok(&8));
    assert_eq!(article.first_number(), Ok(&8));
    assert_eq!(article.runs(), 3);
}

#[test]
fn an_error_behind_aliases_is_not_kept() {
    let mut article = Article::new("x");
    assert_eq!(article.by_alias(), Err(Broken));
    assert_eq!(article.by_name(), Err(Broken));
    article.body = "7".into();
    let by_alias: Result<&usize, Broken> = article.by_alias();
    let by_name: Result<&usize, Broken> = article.by_name();
    assert_eq!((by_alias, by_name), (Ok(&7), Ok(&7)));
    article
        .by_alias()
        .and(article.by_name())
        .expect("both are kept");
    assert_eq!(article.runs(), 4);
}

#[test]
fn a_struct_that_is_called_a_result_is_a_value() {
    let article = Article::default();
    let found: &SearchResult = article.found();
    assert_eq!(
        (found, article.found()),
        (&SearchResult(1), &SearchResult(1))
    );
}

#[tokio::test]
async fn async_getters_compute_once() {
    let article = Arc::new(Article::new("7"));
    let other = Arc::clone(&article);
    let (here, there) = tokio::join!(
        async { *article.later().await },
        tokio::spawn(async move { *other.later().await }),
    );
    assert_eq!((here, there.expect("it does not panic")), (1, 1));
    assert_eq!(article.later_number().await, Ok(&7));
    assert_eq!(article.later_number().await, Ok(&7));
    assert_eq!(article.runs(), 2);
    assert_eq!(Article::default().later_number().await, Err(Broken));
}

#[tokio::test]
async fn shared_getters_hand_out_arcs() {
    let article = Article::new("a");
    let title: Arc<String> = article.title();
    assert!(Arc::ptr_eq(&title, &article.title()));
    let rank: Result<Arc<usize>, Broken> = article.rank().await;
    assert_eq!(
        (rank.as_deref(), article.rank().await.as_deref()),
        (Ok(&2), Ok(&2))
    );
    article.rank.reset();
    assert_eq!(article.rank().await.as_deref(), Ok(&3));
}

#[test]
fn the_field_may_have_another_name_and_place() {
    let mut article = Article::default();
    assert_eq!(
        (article.deep(), article.nested.pair.0.get()),
        (&1, Some(&1))
    );
    assert_eq!(article.reset_deep(1, (2, 0), 4u8), 7);
    assert_eq!(article.nested.pair.0.get(), None);
}

#[test]
fn a_mutator_resets_before_and_after_its_body() {
    let mut article = Article::new("one");
    article.word_count();
    article.body = "one two".into();
    assert_eq!(
        article.set_body("one two three"),
        2,
        "reset before the body"
    );
    assert_eq!(article.word_count.get(), None, "reset after the body");
    assert_eq!(article.word_count(), &3);
}

#[test]
fn a_mutator_that_panics_resets() {
    let mut article = Article::new("one");
    article.word_count();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        article.set_body_or_panic(String::new())
    }));
    assert!(panicked.is_err());
    assert_eq!(article.word_count.get(), None);
    assert_eq!(article.word_count(), &0);
}

#[test]
fn a_mutator_that_is_dropped_half_way_resets() {
    let mut article = Article::new("one");
    article.word_count();
    let mut dropped = Box::pin(article.set_body_slowly("one two"));
    assert!(poll(&mut dropped).is_pending());
    drop(dropped);
    assert_eq!(article.word_count.get(), None);
    assert_eq!(article.word_count(), &0);
}

#[tokio::test]
async fn an_async_mutator_resets_whatever_it_returns() {
    let mut article = Article::new("one");
    assert_eq!(article.set_body_slowly("one two").await, Ok(()));
    assert_eq!(article.word_count(), &2);
    assert_eq!(article.set_body_slowly("").await, Err(Broken));
    assert_eq!(article.word_count(), &0);
}

#[tokio::test]
async fn an_async_mutator_can_be_spawned() {
    let mut article = Article::new("one");
    let count = tokio::spawn(async move {
        article
            .set_body_slowly("one two")
            .await
            .map(|()| *article.word_count())
    });
    assert_eq!(count.await.expect("it does not panic"), Ok(2));
}

#[test]
fn a_shared_property_is_reset_through_a_shared_reference() {
    let article = Article::new("a");
    article.title();
    let within = article.retitle();
    assert_eq!(*within, "a");
    assert!(article.title.get().is_none());
    assert_eq!(article.runs(), 2, "reset before the body, too");
}

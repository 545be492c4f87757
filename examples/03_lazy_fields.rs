//! A field that is computed on first use: `cargo run --example 03_lazy_fields`.

use cached_core::{CachedProperty, Shared, cached_property, invalidates};
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq)]
struct Article {
    body: String,
    word_count: CachedProperty<usize>,
    // `Shared` hands out `Arc`s: it can be reset while others hold its value, and can grow old.
    likes: CachedProperty<u64, Shared>,
}

impl Article {
    // Returns `&usize`: computed once per instance.
    #[cached_property]
    fn word_count(&self) -> usize {
        println!("  counting words");
        self.body.split_whitespace().count()
    }

    // An `Err` is not kept. With a TTL the method returns `Result<Arc<u64>, _>`.
    #[cached_property(ttl = "1m")]
    async fn likes(&self) -> Result<u64, std::io::Error> {
        println!("  asking the server");
        Ok(12)
    }

    // Before the body and after it: what it computes half-way is not kept either.
    #[invalidates(self.word_count)]
    fn set_body(&mut self, body: &str) {
        self.body = body.to_owned();
    }
}

#[tokio::main]
async fn main() -> Result<(), std::io::Error> {
    let mut article = Article {
        body: "one two".into(),
        ..Article::default()
    };
    println!(
        "{} words, still {}",
        article.word_count(),
        article.word_count()
    );

    article.set_body("one two three");
    println!("{} words after set_body", article.word_count());

    let likes: Arc<u64> = article.likes().await?;
    article.likes.reset();
    println!("{likes} likes, then {}", article.likes().await?);

    // A lazy field is no part of the value: a clone starts empty, and equality ignores it.
    let copy = article.clone();
    assert!(copy.word_count.get().is_none());
    assert_eq!(copy, article);
    Ok(())
}

use std::path::Path;
use std::sync::Arc;

use cached_core::{Outcome, testing};
use tempfile::TempDir;

use crate::db::{Db, DbError, Size};
use crate::posts::{Post, add_comment, feed, get_post, rename_post, top_posts};

// Every test has a cache of its own; a call that forgot its scope would panic.
testing::isolate_all!();

const SMALL: Size = Size {
    authors: 3,
    posts: 30,
    comments: 90,
};

async fn create(file: &Path) -> Db {
    Db::create(file, SMALL)
        .await
        .expect("a temporary folder can hold a database")
}

/// Runs a test with a database and a cache of its own.
async fn with_blog<F: Future<Output = Result<(), DbError>>>(test: impl FnOnce(Db) -> F) {
    let folder: TempDir = tempfile::tempdir().expect("a temporary folder");
    let db = create(&folder.path().join("blog.sqlite")).await;
    testing::isolated(test(db))
        .await
        .expect("every row that is asked for exists");
}

async fn title(db: &Db, id: i64) -> Result<String, DbError> {
    Ok(get_post(db, id).await?.title.clone())
}

#[test]
fn readers_and_mutators_fit_together() {
    if let Err(report) = cached_core::check() {
        panic!("{report}");
    }
}

#[tokio::test]
async fn a_warm_read_asks_nobody() {
    with_blog(async |db| {
        get_post(&db, 7).await?;
        get_post(&db, 7).await?;
        assert_eq!(db.queries(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn two_hundred_readers_of_a_cold_post_ask_once() {
    with_blog(async |db| {
        let (stuck, wire) = db.stuck();
        let read = |db: Db| testing::in_scope(async move { get_post(&db, 7).await });
        let readers: Vec<_> = (0..200)
            .map(|_| tokio::spawn(read(stuck.clone())))
            .collect();
        wire.answered().await;
        wire.release();
        for reader in readers {
            assert_eq!(reader.await.expect("no reader panics")?.id, 7);
        }
        assert_eq!(db.queries(), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_missing_post_is_not_remembered() {
    with_blog(async |db| {
        assert!(matches!(get_post(&db, 31).await, Err(DbError::NotFound)));
        assert!(matches!(get_post(&db, 31).await, Err(DbError::NotFound)));
        assert_eq!(db.queries(), 2);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_new_title_is_seen_in_the_post_its_feed_and_the_top_posts() {
    with_blog(async |db| {
        let top = top_posts(&db, 1).await?[0].post;
        let post = get_post(&db, top).await?;
        feed(&db, post.author).await?;
        rename_post(&db, &post, "New").await?;
        assert_eq!(title(&db, top).await?, "New");
        assert_eq!(top_posts(&db, 1).await?[0].title, "New");
        let feed = feed(&db, post.author).await?;
        assert!(feed.iter().any(|line| line.title == "New"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_comment_is_counted_in_lists_and_leaves_the_post_alone() {
    with_blog(async |db| {
        let post = get_post(&db, 7).await?;
        let comments = async || {
            let feed = feed(&db, post.author).await?;
            Ok::<_, DbError>(
                feed.iter()
                    .find(|line| line.post == 7)
                    .map(|line| line.comments),
            )
        };
        let before = comments().await?;
        add_comment(&db, &post, "Hello").await?;
        assert_eq!(comments().await?, before.map(|count| count + 1));
        assert!(Arc::ptr_eq(&post, &get_post(&db, 7).await?));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_mutator_that_is_dropped_half_way_invalidates() {
    with_blog(async |db| {
        let post = get_post(&db, 7).await?;
        let (stuck, wire) = db.stuck();
        tokio::select! {
            _ = rename_post(&stuck, &post, "New") => panic!("its answer is stuck"),
            () = wire.answered() => {}
        }
        assert_eq!(title(&db, 7).await?, "New");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_read_that_was_overtaken_is_not_stored() {
    with_blog(async |db| {
        let (stuck, wire) = db.stuck();
        let slow = async move { get_post::traced(&stuck, 7).await };
        let slow = tokio::spawn(testing::in_scope(slow));
        wire.answered().await;
        let post: Arc<Post> = get_post::uncached(&db, 7).await?;
        rename_post(&db, &post, "New").await?;
        assert_eq!(title(&db, 7).await?, "New");
        wire.release();
        let (old, outcome) = slow.await.expect("the reader does not panic");
        assert_eq!((old?.title.as_str(), outcome), ("Post 7", Outcome::Refused));
        assert_eq!(title(&db, 7).await?, "New");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn html_is_rendered_once_and_follows_the_body() {
    with_blog(async |db| {
        let post = get_post(&db, 7).await?;
        assert!(std::ptr::eq(post.html(), get_post(&db, 7).await?.html()));
        let mut draft = Post::clone(&post);
        draft.set_body("so *new* & <so> good");
        assert_eq!(draft.html(), "<p>so <em>new</em> &amp; &lt;so> good</p>\n");
        assert_ne!(draft.html(), post.html());
        Ok(())
    })
    .await;
}

//! Posts, feeds and the most discussed: what the application reads, and what changes it.

use std::sync::Arc;

use cached_core::{CachedProperty, cached, cached_property, invalidates};
use serde::{Deserialize, Serialize};

use crate::db::{Db, DbError};

/// A post.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Post {
    pub(crate) id: i64,
    pub(crate) author: i64,
    pub(crate) title: String,
    pub(crate) body: String,
    html: CachedProperty<String>,
}

impl Post {
    /// The body as HTML. Rendered by the first caller who wants it; `get_post` returns one post
    /// in an `Arc`, so all others find what the first one rendered.
    #[cached_property]
    pub(crate) fn html(&self) -> String {
        let escaped = self.body.replace('&', "&amp;").replace('<', "&lt;");
        let paragraphs = escaped.split("\n\n");
        paragraphs
            .map(|text| format!("<p>{}</p>\n", emphasised(text)))
            .collect()
    }

    /// Changes the text of this copy, for a preview. What was rendered from it goes.
    #[cfg_attr(not(test), expect(dead_code, reason = "the report has no editor"))]
    #[invalidates(self.html)]
    pub(crate) fn set_body(&mut self, body: &str) {
        self.body = body.to_owned();
    }
}

/// `*word*` becomes `<em>word</em>`.
fn emphasised(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('*').enumerate() {
        html += match index {
            0 => "",
            odd if odd % 2 == 1 => "<em>",
            _ => "</em>",
        };
        html += part;
    }
    html
}

/// A line of a list of posts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Headline {
    pub(crate) post: i64,
    pub(crate) title: String,
    pub(crate) comments: i64,
}

/// A post by its id.
#[cached(key = "post:<id>", ttl = "5m")]
pub(crate) async fn get_post(db: &Db, id: i64) -> Result<Arc<Post>, DbError> {
    let query = sqlx::query_as("SELECT id, author, title, body FROM posts WHERE id = ?").bind(id);
    let (id, author, title, body) = db.one(query).await?;
    Ok(Arc::new(Post {
        id,
        author,
        title,
        body,
        html: CachedProperty::new(),
    }))
}

/// An author's posts, the newest first.
///
/// It shows posts and comments, so whoever changes one has to name it. The tag is how: a mutator
/// knows the author, not every list that shows the author's posts.
#[cached(key = "feed:<author>", ttl = "10m", tags("author:<author>"))]
pub(crate) async fn feed(db: &Db, author: i64) -> Result<Arc<Vec<Headline>>, DbError> {
    let query = sqlx::query_as(
        "SELECT id, title, (SELECT count(*) FROM comments WHERE post = posts.id)
         FROM posts WHERE author = ? ORDER BY id DESC LIMIT 20",
    );
    headlines(db.all(query.bind(author)).await?)
}

/// The posts with the most comments. `lock`: once a cache is shared between processes, one of
/// them computes this and the others wait.
#[cached(key = "posts:top:<limit>", ttl = "1m", lock)]
pub(crate) async fn top_posts(db: &Db, limit: i64) -> Result<Arc<Vec<Headline>>, DbError> {
    let query = sqlx::query_as(
        "SELECT posts.id, title, count(*) AS comments FROM posts JOIN comments ON post = posts.id
         GROUP BY posts.id ORDER BY comments DESC, posts.id LIMIT ?",
    );
    headlines(db.all(query.bind(limit)).await?)
}

fn headlines(rows: Vec<(i64, String, i64)>) -> Result<Arc<Vec<Headline>>, DbError> {
    let headline = |(post, title, comments)| Headline {
        post,
        title,
        comments,
    };
    Ok(Arc::new(rows.into_iter().map(headline).collect()))
}

/// Gives a post another title. The post falls by its function, which the compiler checks; every
/// list of the author by its tag; the lists of the most discussed all at once.
#[invalidates(get_post(post.id), top_posts(..), tag = "author:<post.author>")]
pub(crate) async fn rename_post(db: &Db, post: &Post, title: &str) -> Result<(), DbError> {
    let statement = sqlx::query("UPDATE posts SET title = ? WHERE id = ?");
    db.change(statement.bind(title).bind(post.id)).await
}

/// Adds a comment: no post changes, but lists show how many comments it has.
#[invalidates(top_posts(..), tag = "author:<post.author>")]
pub(crate) async fn add_comment(db: &Db, post: &Post, text: &str) -> Result<(), DbError> {
    let statement = sqlx::query("INSERT INTO comments (post, text) VALUES (?, ?)");
    db.change(statement.bind(post.id).bind(text)).await
}

// What the README's snippets take for granted. It becomes the top of each of them; see
// `tests/it/readme.rs`.

#![allow(dead_code, unused_imports, unused_variables)]

use cached_core::{
    Cache, CachedProperty, Handle, Ttl, cached, cached_property, invalidate, invalidates,
};

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Post {
    id: u64,
    author: u64,
}

#[derive(serde::Serialize)]
struct Query {
    text: String,
}

#[derive(Clone, Debug)]
struct DbError;

impl From<cached_core::Error> for DbError {
    fn from(_: cached_core::Error) -> Self {
        Self
    }
}

#[derive(Handle)]
struct Db;

impl Db {
    async fn post(&self, id: u64) -> Result<Post, DbError> {
        Ok(Post { id, author: 1 })
    }

    async fn posts(
        &self,
        ids: &[u64],
    ) -> Result<std::collections::HashMap<u64, Post>, DbError> {
        Err(DbError)
    }

    async fn list(&self, query: &Query) -> Result<Vec<Post>, DbError> {
        Err(DbError)
    }

    async fn permissions(&self, id: u64) -> Result<Vec<String>, DbError> {
        Err(DbError)
    }

    async fn total(&self) -> Result<i64, DbError> {
        Ok(1)
    }

    async fn rename(&self, id: u64, title: &str) -> Result<(), DbError> {
        Ok(())
    }

    async fn save(&self, post: &Post) -> Result<(), DbError> {
        Ok(())
    }

    async fn import(&self, text: &str) -> Result<Post, DbError> {
        self.post(1).await
    }

    async fn delete(&self, id: u64) -> Result<(), DbError> {
        Ok(())
    }
}

#[cached(key = "post:<id>")]
async fn get_post(db: &Db, id: u64) -> Result<Post, DbError> {
    db.post(id).await
}

#[cached(key = "posts:list:<query:hash>")]
async fn list_posts(db: &Db, query: &Query) -> Result<Vec<Post>, DbError> {
    db.list(query).await
}

fn main() {}

//! What the benches on Redis store: about 180 bytes encoded.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Post {
    pub id: u64,
    pub author: u64,
    pub title: String,
    pub body: String,
    pub tags: Vec<String>,
}

pub fn post(id: u64) -> Post {
    Post {
        id,
        author: id % 17,
        title: format!("Post number {id}"),
        body: "x".repeat(100),
        tags: vec!["rust".into(), "cache".into()],
    }
}

//! Batches: one call for many keys, each of which is an entry of its own.

use std::collections::HashMap;

use cached_core::testing::with_cache;
use cached_core::{Handle, cached};

use crate::support::{Task, memory};

#[derive(Clone, Default, Handle)]
struct Asked(std::sync::Arc<std::sync::Mutex<Vec<Vec<u64>>>>);

impl Asked {
    fn note(&self, ids: &[u64]) {
        self.0.lock().unwrap().push(ids.to_vec());
    }
    fn all(&self) -> Vec<Vec<u64>> {
        self.0.lock().unwrap().clone()
    }
}

#[cached(key = "batches:post:<id>", batch(id in ids), skip(asked))]
async fn posts(asked: &Asked, ids: &[u64]) -> HashMap<u64, String> {
    asked.note(ids);
    ids.iter().map(|id| (*id, format!("Post {id}"))).collect()
}

#[cached(key = "batches:post:<id>", skip(asked))]
async fn post(asked: &Asked, id: u64) -> Option<String> {
    asked.note(&[id]);
    Some(format!("Post {id}"))
}

#[test]
fn the_body_is_asked_for_what_is_missing_once() {
    let (cache, asked) = (memory(), Asked::default());
    let call = |ids: &'static [u64]| Task::new(with_cache(&cache, posts(&asked, ids))).ends();
    assert_eq!(call(&[3, 1, 3]).len(), 2);
    assert_eq!(call(&[1, 2, 3])[&2], "Post 2");
    assert_eq!(asked.all(), [vec![3, 1], vec![2]]);
    let one = Task::new(with_cache(&cache, post(&asked, 1))).ends();
    assert_eq!(one.as_deref(), Some("Post 1"));
    Task::new(with_cache(&cache, post(&asked, 9))).ends();
    assert_eq!(call(&[9])[&9], "Post 9");
    assert_eq!(asked.all().len(), 3);
}

//! Batches on a shared backend.

use std::collections::HashMap;

use cached_core::testing::{Faulty, Op, in_process, with_cache};
use cached_core::{Cache, backend::Backend};

use super::{Source, all, change, changed, one, post, posts, sorted};
use crate::support::Task;

fn shared<B: Backend + Clone>(backend: &Faulty<B>) -> Cache {
    Cache::with_backend(backend.clone()).build().expect("valid")
}

//! The release before: a user has two flags.

use cached_core::cached;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct User {
    id: u64,
    can_write: bool,
    is_admin: bool,
}

#[cached(key = "user:<id>")]
fn user(id: u64) -> User {
    User {
        id,
        can_write: true,
        is_admin: false,
    }
}

#[cached(key = "names:<id>")]
fn names(id: u64) -> Vec<String> {
    vec![format!("user {id}")]
}

fn main() {
    releases::begin();
    releases::tell(user::traced(1));
    releases::tell(names::traced(1));
}

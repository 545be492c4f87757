//! The release after: the flags changed places, which every compact format would read as the
//! other one's. What did not change is shared.

use cached_core::cached;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct User {
    id: u64,
    is_admin: bool,
    can_write: bool,
}

#[cached(key = "user:<id>")]
fn user(id: u64) -> User {
    User {
        id,
        is_admin: false,
        can_write: true,
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

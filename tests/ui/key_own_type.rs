//! A type of one's own needs a form.

use cached_core::cached;

struct UserId(u64);

#[cached(key = "user:<user>")]
fn user(user: UserId) -> u64 {
    user.0
}

fn main() {}

//! Rows are stored, not queries.

use cached_core::cached;

struct QueryBuilder {
    sql: String,
}

#[cached(key = "posts:<user>")]
fn posts(user: u64) -> QueryBuilder {
    QueryBuilder { sql: format!("SELECT * FROM posts WHERE user = {user}") }
}

fn main() {}

//! A projection may be a `Result`.

use cached_core::cached;

trait Model {
    type Row;
    fn load(id: u64) -> Self::Row;
}

#[cached(key = "row:<id>", skip(M))]
fn row<M: Model>(id: u64) -> <M as Model>::Row {
    M::load(id)
}

fn main() {}

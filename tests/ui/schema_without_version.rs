use cached_core::cached;

#[cached(key = "post:<id>", schema = "post")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}

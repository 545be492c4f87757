use cached_core::invalidates;

#[invalidates("post:<id>", on_failure = error)]
fn update(id: u64) -> u64 {
    id
}

fn main() {}

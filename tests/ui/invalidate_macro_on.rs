//! There is no body to wait for.

fn drop_it(id: u64) {
    let _ = cached_core::invalidate!("post:<id>", on = ok);
}

fn main() {}

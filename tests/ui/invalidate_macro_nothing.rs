//! There is a target.

fn drop_it() {
    let _ = cached_core::invalidate!();
}

fn main() {}

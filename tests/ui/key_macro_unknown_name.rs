//! A placeholder names a variable.

fn main_key(id: u64) {
    let _ = cached_core::key!("post:<post_id>");
}

fn main() {}

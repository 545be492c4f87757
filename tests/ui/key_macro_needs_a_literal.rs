//! The template is a literal.

fn main_key(template: &str) {
    let _ = cached_core::key!(template);
}

fn main() {}

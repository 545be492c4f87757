//! Every field has a form.

#[derive(cached_core::KeyPart)]
struct Point {
    x: f64,
    name: String,
}

fn main() {}

//! Values are shared between threads.

use cached_core::cached;
use std::rc::Rc;

#[cached(key = "post:<id>")]
fn post(id: u64) -> Option<Rc<str>> {
    Some(id.to_string().into())
}

fn main() {}

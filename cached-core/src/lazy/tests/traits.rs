//! What derives on the struct see of a property: nothing.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{CachedProperty, Shared, owned, shared};

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Post {
    title: String,
    slug: CachedProperty<String>,
    rank: CachedProperty<u32, Shared>,
}

fn computed() -> Post {
    let post = Post::default();
    post.slug.get_or_init(|| "a".into());
    post.rank.get_or_init(|| 1);
    post
}

#[test]
fn a_clone_starts_empty() {
    let clone = computed().clone();
    assert!(clone.slug.get().is_none());
    assert!(clone.rank.get().is_none());
}

#[test]
fn an_arc_keeps_what_was_computed() {
    let post = Arc::new(computed());
    assert!(Arc::clone(&post).slug.get().is_some());
}

#[test]
fn equality_order_and_hash_ignore_it() {
    let (full, empty) = (computed(), Post::default());
    let hash = |post: &Post| {
        let mut hasher = DefaultHasher::new();
        post.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(full, empty);
    assert_eq!(full.cmp(&empty), Ordering::Equal);
    assert_eq!(hash(&full), hash(&empty));
}

/// None of these traits asks anything of the value.
struct Opaque;

#[test]
fn debug_says_whether_it_is_computed_and_does_not_compute() {
    let property = owned();
    assert_eq!(format!("{property:?}"), "CachedProperty(empty)");
    property.get_or_init(|| Opaque);
    assert_eq!(format!("{property:?}"), "CachedProperty(computed)");
    assert_eq!(format!("{:?}", shared::<Opaque>()), "CachedProperty(empty)");
}

#[test]
fn new_is_const() {
    static OWNED: CachedProperty<u32> = CachedProperty::new();
    static SHARED: CachedProperty<u32, Shared> = CachedProperty::new_shared();
    assert_eq!(OWNED.get_or_init(|| 1), &1);
    assert_eq!(*SHARED.get_or_init(|| 2), 2);
}

#[test]
fn it_is_as_send_as_its_value() {
    fn send<T: Send>(_: &T) {}
    fn sync<T: Sync>(_: &T) {}
    fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    send(&owned::<Cell<u8>>());
    send(&owned::<u8>());
    sync(&owned::<u8>());
    unwind_safe(&owned::<u8>());
    send(&shared::<u8>());
    sync(&shared::<u8>());
    unwind_safe(&shared::<u8>());
}

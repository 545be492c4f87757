//! Generic structs, lifetimes and traits.

use super::*;

struct Stack<'a, T: Clone, const N: usize> {
    items: &'a [T],
    last: CachedProperty<Option<T>>,
    copies: CachedProperty<[usize; N]>,
    borrowed: CachedProperty<&'a [T]>,
}

impl<'a, T> Stack<'a, T, 2>
where
    T: Clone + PartialEq,
{
    fn new(items: &'a [T]) -> Self {
        Self {
            items,
            last: CachedProperty::new(),
            copies: CachedProperty::new(),
            borrowed: CachedProperty::new(),
        }
    }

    #[cached_property]
    fn last(&self) -> Option<T> {
        self.items.last().cloned()
    }

    #[cached_property]
    fn copies(&self) -> [usize; 2] {
        [self.items.len(); 2]
    }

    // It borrows from what the struct borrows from, not from the struct.
    #[cached_property]
    fn borrowed(&self) -> &'a [T] {
        &self.items[1..]
    }

    #[invalidates(self.last, self.borrowed)]
    fn replace<'b, I>(&mut self, items: &'a [T], name: &'b str, _: I) -> &'b str
    where
        I: Iterator<Item = T>,
    {
        self.items = items;
        name
    }
}

#[test]
fn generic_structs_have_properties() {
    let mut stack = Stack::new(&["a", "b"]);
    assert_eq!((stack.last(), stack.copies()), (&Some("b"), &[2, 2]));
    assert_eq!(stack.borrowed(), &["b"]);
    assert_eq!(stack.replace(&["c"], "name", std::iter::empty()), "name");
    assert_eq!((stack.last(), stack.borrowed().len()), (&Some("c"), 0));
}

trait Counted {
    fn count(&self) -> &usize;
    fn refresh(&self);
}

#[derive(Default)]
struct Bag {
    items: Vec<u8>,
    count: CachedProperty<usize>,
    total: CachedProperty<u32, Shared>,
}

impl Counted for Bag {
    #[cached_property]
    fn count(&self) -> usize {
        self.items.len()
    }

    #[invalidates(self.total)]
    fn refresh(&self) {
        self.total.get_or_init(|| 1);
    }
}

#[test]
fn trait_impls_have_getters_and_shared_mutators() {
    let bag = Bag::default();
    assert_eq!(bag.count(), &0);
    bag.refresh();
    assert!(bag.total.get().is_none());
}

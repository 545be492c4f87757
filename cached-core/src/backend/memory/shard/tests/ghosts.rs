//! What is remembered of departed keys, and for how long.

use super::super::ghosts::Ghosts;
use super::super::index::Tag;
use super::traces::mix;

fn tag(number: u64) -> Tag {
    Tag::of(mix(number))
}

fn remembering(numbers: std::ops::Range<u64>, window: usize) -> Ghosts {
    let mut ghosts = Ghosts::default();
    numbers.for_each(|number| ghosts.remember(tag(number), window));
    ghosts
}

#[test]
fn a_departed_key_is_recalled_once() {
    let mut ghosts = remembering(0..3, 10);
    assert!(ghosts.recall(tag(1)));
    assert!(!ghosts.recall(tag(1)));
    assert!(!ghosts.recall(tag(4)));
}

#[test]
fn a_key_is_forgotten_after_as_many_others_as_the_window_holds() {
    let mut ghosts = remembering(0..30, 10);
    assert!(!ghosts.recall(tag(19)));
    assert!(ghosts.recall(tag(20)));
}

#[test]
fn a_wider_window_keeps_what_is_remembered() {
    let mut ghosts = remembering(0..10, 10);
    ghosts.remember(tag(10), 1000);
    (0..=10).for_each(|number| assert!(ghosts.recall(tag(number)), "{number}"));
}

#[test]
fn nothing_is_remembered_by_default() {
    assert!(!Ghosts::default().recall(tag(0)));
}

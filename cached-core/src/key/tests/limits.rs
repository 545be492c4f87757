//! Long, empty and hostile keys.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;

use crate::error::{Error, ErrorKind};
use crate::key::{Key, KeyError, KeyPart, KeyWriter, render};

fn logical(text: &str) -> Key {
    key_of(text, 0)
}

fn key_of(text: &str, version: u32) -> Key {
    Key::logical(text, version).expect("not empty")
}

#[test]
fn an_empty_key_is_an_error_that_says_what_to_do() {
    let error = Key::logical("", 0).expect_err("empty");
    assert!(error.to_string().contains("`post:<id>`"), "{error}");
    assert_eq!(Error::from(error).kind(), ErrorKind::Key);
    assert!(render(0, |_| {}).is_err());
    assert!(
        render(0, |key| {
            key.part("").literal("");
        })
        .is_err()
    );
}

#[test]
fn a_low_level_key_is_its_text_byte_for_byte() {
    for text in ["post:7", "a b", "é\n\0", "%20", "100%", "(", "\u{10FFFF}"] {
        let key = logical(text);
        assert_eq!(
            (key.text(), key.to_string().as_str(), key.is_digest()),
            (text, text, false)
        );
        assert_eq!(key.as_bytes(), text.as_bytes());
    }
}

#[test]
fn a_low_level_key_meets_a_template() {
    let rendered = render(3, |key| {
        key.literal("post:").part("a b");
    });
    assert_eq!(rendered, Key::logical("post:a%20b", 3));
    assert_ne!(rendered, Key::logical("post:a%20b", 2));
    assert_ne!(rendered, Key::logical("post:a b", 3));
}

#[test]
fn an_integer_may_be_the_last_of_200_bytes() {
    let ends_with = |integer: u64| {
        let text = "x".repeat(200 - integer.to_string().len());
        let key = render(0, |key| {
            key.part(&text).part(&integer);
        });
        assert_eq!(key.expect("not empty").text(), format!("{text}{integer}"));
    };
    for integer in [0, 12_345, 12_345_678, 123_456_789, u64::MAX] {
        ends_with(integer);
    }
}

#[test]
fn up_to_200_bytes_a_key_is_its_text() {
    let text = "x".repeat(200);
    assert_eq!(logical(&text).text(), text);
    assert!(!logical(&text).is_digest());
    assert!(logical(&"x".repeat(201)).is_digest());
}

#[test]
fn a_long_key_is_a_prefix_and_a_digest() {
    let key = logical(&format!("post:{}", "x".repeat(300)));
    assert!(key.is_digest());
    assert_eq!(key.text().len(), 200);
    assert_eq!(
        key.text(),
        format!("post:{}#c8eaac1b6d0508304ecb18b7788c57aa", "x".repeat(162))
    );
}

#[test]
fn a_short_key_of_the_same_text_is_another() {
    let long = logical(&"x".repeat(300));
    let short = logical(long.text());
    assert_eq!(long.text(), short.text());
    assert_ne!(long, short);
}

#[test]
fn text_and_version_are_the_identity() {
    let keys = [
        logical("post:7"),
        logical("post:8"),
        key_of("post:7", 1),
        logical("post:7"),
    ];
    assert_eq!(HashSet::from(keys.clone()).len(), 3);
    let state = RandomState::new();
    let hashes: HashSet<u64> = keys.iter().map(|key| state.hash_one(key)).collect();
    assert_eq!(hashes.len(), 3);
    assert_eq!(key_of("post:7", 1).with_version(0), keys[0]);
}

#[test]
fn debug_shows_the_identity() {
    let shown = format!("{:?}", key_of("post:7", 2));
    assert_eq!(shown, "Key { text: \"post:7\", version: 2, digest: false }");
    let mut shown = String::new();
    let _ = render(0, |key| {
        key.literal("post:");
        shown = format!("{key:?}");
    });
    assert!(shown.contains("\"post:\""), "{shown}");
}

#[test]
fn a_prefix_ends_between_characters() {
    for offset in 0..4 {
        let key = logical(&format!(
            "{}{}",
            "x".repeat(offset),
            "\u{1F980}".repeat(100)
        ));
        assert!(key.text().len() > 196 && key.text().len() <= 200);
        assert_eq!(key.text().chars().filter(|c| *c == '#').count(), 1);
    }
}

#[test]
fn a_failed_part_fails_the_key_even_inside_a_secret() {
    struct Failing;
    impl serde::Serialize for Failing {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    impl KeyPart for Failing {
        fn write_key(&self, key: &mut KeyWriter) {
            key.hash(self);
        }
    }
    let key: Result<Key, KeyError> = render(0, |key| {
        key.literal("x:").secret(&Failing).literal(":y");
    });
    assert!(key.is_err());
}

#[test]
fn a_secret_is_stable_within_the_process_and_never_shows_its_value() {
    let key = |value: &str| {
        let key = render(0, |key| {
            key.literal("token:").secret(value);
        });
        key.expect("not empty").text().to_owned()
    };
    assert_eq!(key("hunter2"), key("hunter2"));
    assert_ne!(key("hunter2"), key("hunter3"));
    assert_eq!(key("").len(), "token:".len() + 32);
    assert!(!key("hunter2").contains("hunter"));
    assert_ne!(key(&"x".repeat(300)), key(&"x".repeat(301)));
}

#[test]
fn the_comma_of_an_empty_last_part_survives_the_end_of_the_buffer() {
    for length in 180..220 {
        let filler = "x".repeat(length);
        let key = |parts: &[&str]| {
            render(0, |key| {
                key.part(&filler).literal(":").part(parts);
            })
        };
        assert_ne!(key(&[]), key(&[""]));
        assert_ne!(key(&[""]), key(&["", ""]));
        assert_eq!(key(&[""]), Key::logical(&format!("{filler}:[,]"), 0));
        assert_eq!(key(&["a", ""]), Key::logical(&format!("{filler}:[a,,]"), 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_do_not_matter(pieces in prop::collection::vec(("[a-z]{0,60}", 0_u64..), 1..8)) {
        let whole: String = pieces.iter().map(|(text, number)| format!("{text}{number}")).collect();
        let key = render(0, |key| {
            for (text, number) in &pieces {
                key.part(text).part(number);
            }
        });
        prop_assert_eq!(key, Key::logical(&whole, 0));
    }

    #[test]
    fn any_text_makes_a_key(text in "\\PC{1,120}") {
        let key = logical(&text);
        prop_assert_eq!(key.is_digest(), text.len() > 200);
        prop_assert!(key.text().len() <= 200);
    }
}

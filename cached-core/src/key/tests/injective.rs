//! The forms of nested values can be read back, so no two values share one.

use proptest::prelude::*;

use super::form;
use crate::key::{KeyPart, KeyWriter};

/// Every structure there is. Text stands for all atoms.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Option(Option<Box<Value>>),
    List(Vec<Value>),
    One(Box<(Value,)>),
    Two(Box<(Value, Value)>),
    Three(Box<(Value, Value, Value)>),
}

impl KeyPart for Value {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Self::Text(text) => text.write_key(key),
            Self::Option(option) => option.write_key(key),
            Self::List(list) => list.write_key(key),
            Self::One(tuple) => tuple.write_key(key),
            Self::Two(tuple) => tuple.write_key(key),
            Self::Three(tuple) => tuple.write_key(key),
        }
    }
}

/// Reads the grammar in the module's documentation, and nothing more.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn part(&mut self) -> Value {
        match self.0.as_bytes().first() {
            Some(b'!') => {
                self.skip(1);
                Value::Option(None)
            }
            Some(b'+') => {
                self.skip(1);
                Value::Option(Some(Box::new(self.part())))
            }
            Some(b'[') => Value::List(self.list(']')),
            Some(b'(') => tuple(self.list(')')),
            _ => Value::Text(self.atom()),
        }
    }

    fn list(&mut self, close: char) -> Vec<Value> {
        self.skip(1);
        let mut parts = Vec::new();
        while !self.0.starts_with(close) {
            assert!(!self.0.is_empty(), "a bracket is not closed");
            parts.push(self.part());
            // Before the end, the comma of an empty last part; else what separates two parts.
            if self.0.starts_with(',') {
                self.skip(1);
            }
        }
        self.skip(1);
        parts
    }

    fn atom(&mut self) -> String {
        let end = self
            .0
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_.~-%".contains(c)));
        let atom = &self.0[..end.unwrap_or(self.0.len())];
        self.skip(atom.len());
        decoded(atom)
    }

    fn skip(&mut self, bytes: usize) {
        self.0 = &self.0[bytes..];
    }
}

fn tuple(parts: Vec<Value>) -> Value {
    let mut parts = parts.into_iter();
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(a), None, ..) => Value::One(Box::new((a,))),
        (Some(a), Some(b), None, _) => Value::Two(Box::new((a, b))),
        (Some(a), Some(b), Some(c), None) => Value::Three(Box::new((a, b, c))),
        other => panic!("not a tuple of 1 to 3: {other:?}"),
    }
}

fn decoded(atom: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = atom.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let hex = std::str::from_utf8(&after[..2]).expect("hex digits");
            bytes.push(u8::from_str_radix(hex, 16).expect("hex digits"));
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).expect("text stays text")
}

fn value() -> impl Strategy<Value = Value> {
    // Mostly empty and structural text: that is where forms could meet.
    let text = prop_oneof![Just(String::new()), "[a+!,()%é]{0,3}"].prop_map(Value::Text);
    text.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::option::of(inner.clone().prop_map(Box::new)).prop_map(Value::Option),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            inner.clone().prop_map(|a| Value::One(Box::new((a,)))),
            (inner.clone(), inner.clone()).prop_map(|two| Value::Two(Box::new(two))),
            (inner.clone(), inner.clone(), inner).prop_map(|three| Value::Three(Box::new(three))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_form_reads_back_as_its_value(value in value()) {
        if super::rendered(&value).is_digest() {
            return Ok(());
        }
        let form = form(&value);
        let mut reader = Reader(&form);
        prop_assert_eq!(reader.part(), value);
        prop_assert_eq!(reader.0, "");
    }

    #[test]
    fn any_text_reads_back(text in ".{0,20}") {
        prop_assume!(!super::rendered(&text).is_digest());
        prop_assert_eq!(decoded(&form(&text)), text);
    }

    #[test]
    fn only_equal_values_share_a_form(one in value(), other in value()) {
        prop_assert_eq!(super::rendered(&one) == super::rendered(&other), one == other);
    }

    #[test]
    fn templates_keep_neighbours_apart(a in value(), b in value(), c in value(), d in value()) {
        let key = |x: &Value, y: &Value| {
            crate::key::render(0, |key| {
                key.literal("p:").part(x).literal(":").part(y);
            })
        };
        prop_assert_eq!(key(&a, &b) == key(&c, &d), (a, b) == (c, d));
    }
}

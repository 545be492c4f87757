//! What stands between a type and a decoder: asked from both sides.

use std::fmt;

use serde::de::value::{Error, U8Deserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::codec::limit::read;

/// A decoder that gives borrowed text and bytes, and sequences that announce billions.
struct Decoder;

impl<'de> Deserializer<'de> for Decoder {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("asked for what may allocate"))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str("text")
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_bytes(b"bytes")
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Endless)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char string byte_buf option unit
        unit_struct newtype_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Endless;

impl<'de> SeqAccess<'de> for Endless {
    type Error = Error;

    fn next_element_seed<S>(&mut self, seed: S) -> Result<Option<S::Value>, Error>
    where
        S: DeserializeSeed<'de>,
    {
        seed.deserialize(U8Deserializer::new(1)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(usize::MAX)
    }
}

/// What a sequence announced, and how many elements it had.
#[derive(Debug, PartialEq)]
struct Announced(Option<usize>);

impl<'de> Deserialize<'de> for Announced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Asks;
        impl<'de> Visitor<'de> for Asks {
            type Value = Announced;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Announced, A::Error> {
                Ok(Announced(seq.size_hint()))
            }
        }
        deserializer.deserialize_seq(Asks)
    }
}

#[test]
fn owned_text_and_bytes_are_cut_out_of_the_input() {
    assert_eq!(read::<String, _>(Decoder, 4), Ok("text".to_owned()));
    let bytes = read::<std::ffi::CString, _>(Decoder, 5);
    assert_eq!(bytes, Ok(c"bytes".to_owned()));
}

#[test]
fn announced_lengths_are_hidden() {
    assert_eq!(read::<Announced, _>(Decoder, 4), Ok(Announced(None)));
}

#[test]
fn endless_sequences_end() {
    let read = read::<Vec<u8>, _>(Decoder, 10);
    let reason = read.map_err(|error| error.to_string());
    assert_eq!(reason, Err("more elements than bytes".to_owned()));
}

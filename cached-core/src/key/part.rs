//! [`KeyPart`], and the forms of numbers, text and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZero;
use std::time::Duration;

use super::KeyWriter;

/// A value that can stand in a key, because it has one canonical text.
///
/// | Type | Form |
/// |---|---|
/// | integers, `NonZero<_>` | decimal: `7`, `-7`; all widths alike |
/// | `bool` | `true`, `false` |
/// | `char`, `str`, `String`, `Cow<str>` | itself, all but `A-Z a-z 0-9 _ . ~ -` percent-encoded: `a%20b` |
/// | `Option` | `!` for `None`, `+x` for `Some(x)` |
/// | `()`, tuples up to 12 | `()`, `(a)`, `(a,b)` |
/// | slices, arrays, `Vec` | `[]`, `[a]`, `[a,b]` |
/// | an empty text at the end of either | one more comma: `[""]` is `[,]` |
/// | `&T`, `&mut T`, `Box`, `Rc`, `Arc`, `Cow` | as `T` |
/// | `Ipv4Addr`, `Ipv6Addr`, `IpAddr` | their text: `127.0.0.1`, `%3A%3A1` |
/// | `std::time::Duration` | seconds: `90s`, `0.25s` |
/// | `Uuid` (feature `uuid`) | hyphenated, lower case |
/// | dates and times (features `chrono`, `time`) | RFC 3339 text, instants in UTC: `2026-11-23T12%3A30%3A00.5Z` |
/// | `#[derive(KeyPart)]` | one field: as the field; several: `(a,b)`; fieldless enum: the variant's name |
///
/// Values of one type have equal forms only if they are equal. There is none for floats, whose
/// equality is not that of a key, nor for maps, sets and paths: `<x:hash>` takes all of these.
/// Of a float it hashes `0.0` and `-0.0` alike, because they are equal.
///
/// # Implementing
///
/// Derive it where you can. By hand, write text that tells the values apart, or a bracket around
/// several parts:
///
/// ```
/// use cached_core::{Key, KeyPart, KeyWriter};
///
/// struct Page { slug: String, number: u32 }
///
/// impl KeyPart for Page {
///     fn write_key(&self, key: &mut KeyWriter) {
///         key.mark('(');
///         self.slug.write_key(key);
///         key.mark(',');
///         self.number.write_key(key);
///         key.mark(')');
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no canonical text, so it cannot be part of a cache key",
    label = "not a `KeyPart`",
    note = "put what identifies it into the key: `<x.field>` instead of `<x>`",
    note = "or a hash of it, if it is `serde::Serialize`: `<x:hash>`; for a float this, or pass `x.to_bits()`",
    note = "or give your own type a form: `#[derive(cached_core::KeyPart)]`, on newtypes, structs and fieldless enums",
    note = "or leave it out, if the result does not depend on it: `skip(x)`; a type that only reaches data, as a pool or a client does, can `#[derive(cached_core::Handle)]`"
)]
pub trait KeyPart {
    /// Writes the canonical form.
    fn write_key(&self, key: &mut KeyWriter);
}

macro_rules! unsigned {
    ($($int:ty)*) => {$(
        impl KeyPart for $int {
            #[inline]
            fn write_key(&self, key: &mut KeyWriter) {
                key.decimal(*self as u64);
            }
        }
    )*};
}

macro_rules! signed {
    ($($int:ty => $unsigned:ty)*) => {$(
        impl KeyPart for $int {
            #[inline]
            fn write_key(&self, key: &mut KeyWriter) {
                if *self < 0 {
                    key.text("-");
                }
                <$unsigned>::write_key(&self.unsigned_abs(), key);
            }
        }
    )*};
}

macro_rules! non_zero {
    ($($int:ty)*) => {$(
        impl KeyPart for NonZero<$int> {
            fn write_key(&self, key: &mut KeyWriter) {
                self.get().write_key(key);
            }
        }
    )*};
}

unsigned!(u8 u16 u32 u64 usize);
signed!(i8 => u8 i16 => u16 i32 => u32 i64 => u64 isize => usize i128 => u128);
non_zero!(u8 u16 u32 u64 usize u128 i8 i16 i32 i64 isize i128);

impl KeyPart for u128 {
    fn write_key(&self, key: &mut KeyWriter) {
        match u64::try_from(*self) {
            Ok(small) => key.decimal(small),
            Err(_) => key.print(format_args!("{self}")),
        }
    }
}

impl KeyPart for bool {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        key.text(if *self { "true" } else { "false" });
    }
}

impl KeyPart for char {
    fn write_key(&self, key: &mut KeyWriter) {
        key.text(self.encode_utf8(&mut [0; 4]));
    }
}

impl KeyPart for str {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        key.text(self);
    }
}

impl KeyPart for String {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        key.text(self);
    }
}

impl KeyPart for Ipv4Addr {
    fn write_key(&self, key: &mut KeyWriter) {
        key.print(format_args!("{self}"));
    }
}

impl KeyPart for Ipv6Addr {
    fn write_key(&self, key: &mut KeyWriter) {
        key.print(format_args!("{self}"));
    }
}

impl KeyPart for IpAddr {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Self::V4(address) => address.write_key(key),
            Self::V6(address) => address.write_key(key),
        }
    }
}

impl KeyPart for Duration {
    fn write_key(&self, key: &mut KeyWriter) {
        key.decimal(self.as_secs());
        fraction(key, self.subsec_nanos());
        key.text("s");
    }
}

/// A fraction of a second, without zeros at its end; nothing for none.
pub(super) fn fraction(key: &mut KeyWriter, nanos: u32) {
    if nanos == 0 {
        return;
    }
    let (mut digits, mut width) = (nanos, 9);
    while digits % 10 == 0 {
        digits /= 10;
        width -= 1;
    }
    key.print(format_args!(".{digits:0width$}"));
}

//! The forms of what may be missing, and of several parts together.

use super::{KeyPart, KeyWriter};

impl<P: KeyPart> KeyPart for Option<P> {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            None => key.mark('!'),
            Some(part) => {
                key.mark('+');
                part.write_key(key);
            }
        }
    }
}

impl<P: KeyPart> KeyPart for [P] {
    fn write_key(&self, key: &mut KeyWriter) {
        key.mark('[');
        match self {
            [] => key.mark(']'),
            [only] => close_only(key, only, b'[', b']'),
            [first, others @ ..] => {
                first.write_key(key);
                for part in others {
                    key.mark(',');
                    part.write_key(key);
                }
                key.mark(']');
            }
        }
    }
}

/// A single part and the end of its list: an empty one has no comma before it that would show.
fn close_only<P: KeyPart>(key: &mut KeyWriter, part: &P, open: u8, close: u8) {
    part.write_key(key);
    let empty = key.last() == open;
    key.close(close, empty);
}

impl<P: KeyPart, const N: usize> KeyPart for [P; N] {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        self.as_slice().write_key(key);
    }
}

impl<P: KeyPart> KeyPart for Vec<P> {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        self.as_slice().write_key(key);
    }
}

impl KeyPart for () {
    fn write_key(&self, key: &mut KeyWriter) {
        key.mark('(');
        key.mark(')');
    }
}

impl<A: KeyPart> KeyPart for (A,) {
    fn write_key(&self, key: &mut KeyWriter) {
        key.mark('(');
        close_only(key, &self.0, b'(', b')');
    }
}

macro_rules! tuple {
    ($first:ident $($other:ident)+) => {
        impl<$first: KeyPart, $($other: KeyPart),+> KeyPart for ($first, $($other),+) {
            #[allow(non_snake_case)]
            fn write_key(&self, key: &mut KeyWriter) {
                let ($first, $($other),+) = self;
                key.mark('(');
                $first.write_key(key);
                $(
                    key.mark(',');
                    $other.write_key(key);
                )+
                key.mark(')');
            }
        }
    };
}

tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);
tuple!(A B C D E F G H I);
tuple!(A B C D E F G H I J);
tuple!(A B C D E F G H I J K);
tuple!(A B C D E F G H I J K L);

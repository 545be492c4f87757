//! Pointers: they stand in keys as what they point to.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::{KeyPart, KeyWriter};

macro_rules! pointers {
    ($($pointer:ty)*) => {$(
        impl<P: KeyPart + ?Sized> KeyPart for $pointer {
            #[inline]
            fn write_key(&self, key: &mut KeyWriter) {
                P::write_key(self, key);
            }
        }
    )*};
}

pointers!(&P &mut P Box<P> Rc<P> Arc<P>);

impl<P: KeyPart + ToOwned + ?Sized> KeyPart for Cow<'_, P> {
    #[inline]
    fn write_key(&self, key: &mut KeyWriter) {
        P::write_key(self, key);
    }
}

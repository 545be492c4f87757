//! What is taken for a key.

use super::{Key, KeyError, MAX_LEN, Rendered};

/// What the low-level operations take as a key: text, byte for byte, or a rendered [`Key`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no cache key",
    label = "neither a text nor a `Key`",
    note = "write a text that names what is cached: `&format!(\"post:{{id}}\")`",
    note = "or render a template by the rules of `#[cached]`: `cached_core::key!(\"post:<id>\")?`"
)]
pub trait IntoKey {
    /// Renders the key, in the version of the handle that uses it.
    #[doc(hidden)]
    fn render(self, version: u32, key: &mut Rendered);

    /// The text of the key, if it is that and nothing else.
    #[doc(hidden)]
    fn as_text(&self) -> Option<&str> {
        None
    }

    /// The key, in the version of the handle that uses it.
    ///
    /// # Errors
    ///
    /// The text is empty.
    #[doc(hidden)]
    fn into_key(self, version: u32) -> Result<Key, KeyError>
    where
        Self: Sized,
    {
        let mut key = Rendered::empty();
        self.render(version, &mut key);
        key.into_key()
    }
}

impl<T: AsRef<str> + ?Sized> IntoKey for &T {
    fn render(self, version: u32, key: &mut Rendered) {
        key.write(version, |key| key.raw(self.as_ref()));
    }
    fn as_text(&self) -> Option<&str> {
        whole(self.as_ref())
    }
}

impl IntoKey for String {
    fn render(self, version: u32, key: &mut Rendered) {
        key.write(version, |key| key.raw(&self));
    }
    fn as_text(&self) -> Option<&str> {
        whole(self)
    }
}

impl IntoKey for Key {
    fn render(self, version: u32, key: &mut Rendered) {
        key.replace(Ok(self.with_version(version)));
    }
}

/// A text that is a key as it is.
fn whole(text: &str) -> Option<&str> {
    (1..=MAX_LEN).contains(&text.len()).then_some(text)
}

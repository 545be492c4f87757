//! What becomes of a key in a cache that has tenants, or a key function of its own.
//!
//! ```text
//! placed := [tenant ':'] text          the mark of a tenant is in the edition, not in the text
//! tenant := atom | start '#' hash      of at most 64 bytes; see the grammar of keys
//! ```
//!
//! - *Tenants*: a tenant is an atom, which holds no `:`, so the first `:` ends it, whatever the
//!   tenant was called, also if it was called nothing. One that is long ends with a hash behind a
//!   `#`, which no atom holds either.
//! - *Marks*: a placed key of a tenant is marked as one, so it equals no key without a tenant.
//! - *Long texts*: a placed text of more than 200 bytes is cut as others are, and keeps its whole
//!   tenant. What is hashed begins with a byte that no text holds and the mark of the key before, so
//!   the hash is none of another text.

use std::sync::Arc;

use hmac_sha256::Hash;

use super::encoding::{encoded, needs_encoding};
use super::writer::{PREFIX_LEN, whole_characters};
use super::{Edition, Key, KeyError, MAX_LEN, digest};

/// Length up to which a tenant stands in keys as a whole.
const MAX_TENANT: usize = 64;

/// A tenant as it stands in keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant(Arc<str>);

impl Tenant {
    pub(crate) fn new(name: &str) -> Self {
        let mut text = String::with_capacity(name.len());
        for byte in name.bytes() {
            match needs_encoding(byte) {
                true => text.extend(encoded(byte).map(char::from)),
                false => text.push(char::from(byte)),
            }
        }
        if text.len() > MAX_TENANT {
            text.truncate(MAX_TENANT - 1 - digest::HEX_LEN);
            text.push('#');
            text.extend(digest::hex(&Hash::hash(name.as_bytes())).map(char::from));
        }
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What a tag is called among the tags of all tenants.
    pub(crate) fn tag(&self, tag: &str) -> Box<str> {
        tag_of(&self.0, tag)
    }
}

fn tag_of(tenant: &str, tag: &str) -> Box<str> {
    format!("@{tenant}:{tag}").into()
}

impl Key {
    /// This key as a cache keeps it: the tenant's, with `text` in place of its own where a key
    /// function made one. The version stays.
    ///
    /// # Errors
    /// `text` is empty.
    pub(crate) fn placed(
        &self,
        tenant: Option<&Tenant>,
        text: Option<&str>,
    ) -> Result<Self, KeyError> {
        let text = text.unwrap_or(self.text());
        if text.is_empty() {
            return Err(KeyError::of_no_text(self.text()));
        }
        let whole = match tenant {
            Some(tenant) => &format!("{}:{text}", tenant.as_str()),
            None => text,
        };
        let edition = self.edition.placed(tenant.is_some());
        Ok(if whole.len() <= MAX_LEN {
            Self::restored(whole, edition)
        } else {
            let mut hash = Hash::new();
            hash.update([0xff, u8::from(self.is_digest())]);
            hash.update(whole.as_bytes());
            cut(whole, &digest::hex(&hash.finalize()), edition.digested())
        })
    }

    /// Whether this is how a cache keeps it.
    pub(crate) fn is_placed(&self) -> bool {
        self.edition.is_placed()
    }

    /// The tenant that it belongs to, and its text without it.
    pub(crate) fn parts(&self) -> (Option<&str>, &str) {
        parts(self.text(), self.edition)
    }

    /// What a tag of this key's entry is called.
    pub(crate) fn tag(&self, tag: &str) -> Box<str> {
        match self.parts() {
            (Some(tenant), _) => tag_of(tenant, tag),
            (None, _) => tag.into(),
        }
    }
}

/// The tenant in the text of a key, and the rest of it.
pub(crate) fn parts(text: &str, edition: Edition) -> (Option<&str>, &str) {
    let tenant = edition.has_tenant().then(|| text.split_once(':')).flatten();
    tenant.map_or((None, text), |(tenant, text)| (Some(tenant), text))
}

/// The beginning of a text with its hash.
fn cut(text: &str, hex: &[u8], edition: Edition) -> Key {
    let len = whole_characters(&text.as_bytes()[..PREFIX_LEN]);
    let mut key = Key::restored(&text[..len], edition);
    let end = len + 1 + hex.len();
    key.bytes[len] = b'#';
    key.bytes[len + 1..end].copy_from_slice(hex);
    // At most `MAX_LEN`, which fits.
    key.len = end as u8;
    key
}

//! What keys and stamps are called in a shared backend.
//!
//! ```text
//! <prefix>:<version>:<text>            a key, as it was rendered
//! <prefix>:<version>#:<text>#<hash>    a key whose text was too long
//! <prefix>:<version>*:<start>#<hash>   a key with bytes that not every backend takes
//! <prefix>:<version>@<tenant>:<text>   a key of a tenant; `#` and `*` stand behind it likewise
//! <prefix>:s:<hash>                    the stamp of a tag, a function or the namespace
//! <prefix>:l:<text>                    a lock; `l*:<start>#<hash>` of a name that is long or has
//!                                      bytes that not every backend takes
//! <prefix>:f:<text>                    the last fencing number of that lock, likewise
//! <prefix>:l@<tenant>:<text>           a lock of a tenant, likewise
//! ```
//!
//! The mark before the second colon keeps the three kinds of keys apart, and a prefix holds no
//! colon, so no two keys of any two caches share a name. A tenant holds no colon either, and ends
//! with neither mark.

use std::fmt::Write;

use smallstr::SmallString;

use crate::error::{Error, ErrorKind};
use crate::key::{Edition, Key, parts};

/// The prefix of a cache that names none.
pub(crate) const DEFAULT_PREFIX: &str = "cached";
/// The longest prefix; keys then stay below the 240 bytes that the port promises.
const MAX_PREFIX: usize = 20;
/// How much of an unprintable key stays readable.
const READABLE: usize = 60;
/// The longest name of a lock that stands in the backend as it is.
const LOCK_NAME: usize = 200;

/// The name of a key: a batch makes hundreds, and most are short enough to need no memory of their
/// own.
pub(super) type Name = SmallString<[u8; 64]>;

/// Names of one cache.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: Box<str>,
}

/// What a stamp is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stamped<'a> {
    /// Everything in the cache.
    Namespace,
    /// Every entry of one function.
    Function(&'a str),
    /// Every entry that carries the tag.
    Tag(&'a str),
    /// The one entry of a key, by its name. Only within a process.
    Key(&'a str),
}

/// What stands under a name.
#[expect(clippy::large_enum_variant, reason = "taken apart where it is made")]
pub(super) enum Meaning {
    Key(Key),
    /// A key whose text the name does not tell, as a number of its own among the stamps.
    Odd(StampId),
    Stamp(StampId),
}

/// A stamp's identity in an entry: 64 bits of the hash that its name is made of. A collision, one
/// in 2^32 names, drops a few entries too many.
pub(crate) type StampId = u64;

/// Whether a text can begin keys.
pub(crate) fn is_prefix(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=MAX_PREFIX).contains(&text.len()) && text.bytes().all(legal)
}

impl Names {
    pub(super) fn new(prefix: &str) -> Result<Self, Error> {
        if !is_prefix(prefix) {
            let message = format!(
                "the prefix `{}` cannot begin a key; use 1 to {MAX_PREFIX} of the characters \
                 `A-Z a-z 0-9 _ - .`",
                prefix.escape_debug()
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(Self {
            prefix: prefix.into(),
        })
    }

    /// The name of a key.
    pub(super) fn key(&self, key: &Key) -> Name {
        self.text_in(key.text(), key.edition())
    }

    /// The name of a key by its text and edition.
    pub(super) fn text_in(&self, text: &str, edition: Edition) -> Name {
        let (tenant, text) = parts(text, edition);
        let mut name = self.version(edition.version(), tenant);
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        match (printable, edition.is_digest()) {
            (true, digest) => {
                name.push_str(if digest { "#:" } else { ":" });
                name.push_str(text);
            }
            (false, digest) => {
                let start = text.chars().take(READABLE).map(readable);
                let start: String = start.collect();
                let hash = hex(&sha256(&[&[u8::from(digest)], text.as_bytes()])[..16]);
                // Writing to a string never fails.
                let _ = write!(name, "*:{start}#{hash}");
            }
        }
        name
    }

    /// What the names of all keys of a version and tenant begin with, and those of a few others.
    /// Without formatting, mostly: every read of a shared key needs it.
    pub(super) fn version(&self, version: u32, tenant: Option<&str>) -> Name {
        let mut name = Name::from(&*self.prefix);
        name.push(':');
        match char::from_digit(version, 10) {
            Some(digit) => name.push(digit),
            None => _ = write!(name, "{version}"),
        }
        if let Some(tenant) = tenant {
            name.push('@');
            name.push_str(tenant);
        }
        name
    }

    /// The text in the name of a key of this version and tenant, and whether it is only the
    /// beginning of it with a hash; `None` for other names.
    pub(super) fn text<'n>(
        &self,
        name: &'n str,
        version: u32,
        tenant: Option<&str>,
    ) -> Option<(&'n str, bool)> {
        let rest = name.strip_prefix(&*self.version(version, tenant))?;
        let whole = rest.strip_prefix(':').map(|text| (text, false));
        let cut = || Some((rest.strip_prefix(['#', '*'])?.strip_prefix(':')?, true));
        whole.or_else(cut)
    }

    /// What stands under a name; `None` for names of other caches, and for those of no cells that
    /// are kept in memory.
    pub(super) fn meaning(&self, name: &str) -> Option<Meaning> {
        let rest = name.strip_prefix(&*self.prefix)?.strip_prefix(':')?;
        let (kind, text) = rest.split_once(':')?;
        if kind == "s" {
            let id = StampId::from_str_radix(text, 16).ok()?;
            return Some(Meaning::Stamp(id));
        }
        if !kind.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let (version, digest) = match kind.strip_suffix('#') {
            Some(version) => (version, true),
            None => (kind, false),
        };
        // Of a tenant, or with bytes that not every backend takes.
        let told = version
            .parse()
            .map(|version| Key::told(text, version, digest));
        Some(told.map_or_else(|_| Self::odd(name), Meaning::Key))
    }

    /// What stands under the name of a key that the name does not tell.
    pub(super) fn odd(name: &str) -> Meaning {
        Meaning::Odd(Stamped::Key(name).id())
    }

    /// The name of a stamp.
    pub(super) fn stamp(&self, id: StampId) -> String {
        let mut name = String::with_capacity(self.prefix.len() + 19);
        name.push_str(&self.prefix);
        name.push_str(":s:");
        // By hand: every read of a shared key needs one, and formatting costs five times as much.
        let digits = (0..16).rev().map(|place| id >> (4 * place) & 15);
        name.extend(digits.map(|digit| char::from(b"0123456789abcdef"[digit as usize])));
        name
    }

    /// The names of a lock and of its fencing number.
    pub(super) fn lock(&self, tenant: Option<&str>, name: &str) -> [String; 2] {
        let tenant = tenant.map_or(String::new(), |tenant| format!("@{tenant}"));
        let room = LOCK_NAME - tenant.len();
        let plain = name.len() <= room && name.bytes().all(|byte| byte.is_ascii_graphic());
        let text = if plain {
            format!(":{name}")
        } else {
            let start: String = name.chars().take(READABLE).map(readable).collect();
            format!("*:{start}#{}", hex(&sha256(&[name.as_bytes()])[..16]))
        };
        ["l", "f"].map(|kind| format!("{}:{kind}{tenant}{text}", self.prefix))
    }

    /// `key` with this cache's prefix, for what users keep in the same server by other means.
    #[cfg(feature = "redis")]
    pub(super) fn raw(&self, key: &str) -> String {
        format!("{}:r:{key}", self.prefix)
    }
}

fn readable(c: char) -> char {
    if c.is_ascii_graphic() { c } else { '?' }
}

impl Stamped<'_> {
    pub(super) fn id(self) -> StampId {
        let (kind, name) = match self {
            Self::Namespace => (b"n", ""),
            Self::Function(name) => (b"f", name),
            Self::Tag(name) => (b"t", name),
            Self::Key(name) => (b"k", name),
        };
        let hash = sha256(&[kind, name.as_bytes()]);
        let (first, _) = hash.split_first_chunk().unwrap_or((&[0; 8], &[]));
        u64::from_be_bytes(*first)
    }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = hmac_sha256::Hash::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Tenant;

    fn name(text: &str, version: u32) -> Name {
        let key = Key::logical(text, version).expect("not empty");
        Names::new("app").expect("legal").key(&key)
    }

    #[test]
    fn a_printable_key_is_readable_as_it_is() {
        assert_eq!(name("post:7", 1), "app:1:post:7");
        assert_eq!(name("post:7", 2), "app:2:post:7");
    }

    #[test]
    fn other_keys_keep_a_readable_start_and_never_meet() {
        let texts = ["a b", "a\u{a0}b", "a?b", "a\nb", "größe", "a\0b"];
        let names: Vec<_> = texts.map(|text| name(text, 1)).to_vec();
        for (index, name) in names.iter().enumerate() {
            assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
            assert!(!names[..index].contains(name), "{name}");
        }
        assert!(names[0].starts_with("app:1*:a?b#"));
    }

    #[test]
    fn a_name_tells_its_key_if_anything_can() {
        let names = Names::new("app").expect("legal");
        for text in ["post:7", "a#b", "a*:b", "x@y:z", &"x".repeat(500)] {
            for version in [0, 1, u32::MAX] {
                let key = Key::logical(text, version).expect("not empty");
                let Some(Meaning::Key(told)) = names.meaning(&names.key(&key)) else {
                    panic!("{text} is not told");
                };
                assert_eq!(told, key);
            }
        }
        let odd = Key::logical("größe", 1).expect("not empty");
        let odd = names.meaning(&names.key(&odd));
        assert!(matches!(odd, Some(Meaning::Odd(_))));
        let tenants = names.meaning("app:1@acme:post:7");
        assert!(matches!(tenants, Some(Meaning::Odd(_))));
        let stamp = names.meaning(&names.stamp(7));
        assert!(matches!(stamp, Some(Meaning::Stamp(7))));
        for other in ["app:l:a", "app:f*:a", "app:r:1:a", "other:1:a", "app", ""] {
            assert!(names.meaning(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_text_that_looks_like_a_digest_is_not_one() {
        let long = Key::logical(&"x".repeat(500), 1).expect("not empty");
        assert_ne!(
            Names::new("app").expect("legal").key(&long),
            name(long.text(), 1)
        );
    }

    #[test]
    fn names_stay_within_what_the_port_promises() {
        let prefix = "p".repeat(MAX_PREFIX);
        let names = Names::new(&prefix).expect("legal");
        for text in ["x".repeat(500), "ü".repeat(500), "x".repeat(200)] {
            let key = Key::logical(&text, u32::MAX).expect("not empty");
            assert!(names.key(&key).len() <= 240);
        }
    }

    #[test]
    fn names_of_locks_meet_no_others() {
        let names = Names::new(&"p".repeat(MAX_PREFIX)).expect("legal");
        let texts = [
            "a",
            "a b",
            "a?b",
            "größe",
            &"x".repeat(200),
            &"x".repeat(201),
            "*:a",
            ":a",
        ];
        let mut met = std::collections::BTreeSet::new();
        for name in texts.iter().flat_map(|text| names.lock(None, text)) {
            assert!(name.len() <= 240, "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
            // A key has digits there, a stamp `s`, what users keep `r`.
            assert!([b'l', b'f'].contains(&name.as_bytes()[MAX_PREFIX + 1]));
            assert!(met.insert(name.clone()), "twice: {name}");
        }
    }

    #[test]
    fn names_of_tenants_meet_no_others_and_tell_their_text() {
        let names = Names::new(&"p".repeat(MAX_PREFIX)).expect("legal");
        let long = "ü".repeat(300);
        let mut met = std::collections::BTreeSet::new();
        for tenant in [None, Some(""), Some("a"), Some("a:b"), Some(&*long)] {
            let tenant = tenant.map(Tenant::new);
            let whose = tenant.as_ref().map(Tenant::as_str);
            for text in ["a", "b:a", "größe", &long, &"x".repeat(200)] {
                let key = Key::logical(text, u32::MAX).expect("not empty");
                let key = match &tenant {
                    None => key,
                    tenant => key.placed(tenant.as_ref(), None).expect("not empty"),
                };
                let name = names.key(&key);
                assert!(name.len() <= 240, "{name}");
                assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
                let (told, cut) = names.text(&name, u32::MAX, whose).expect("it is its own");
                let kept = told.split('#').next().unwrap_or_default().replace('?', "ü");
                let begins = kept.chars().next() == text.chars().next();
                assert!(told == text || (cut && begins), "{name}");
                assert_eq!(names.text(&name, u32::MAX, Some("other")), None);
                assert!(met.insert(name.into_string()));
            }
            for name in ["a", "größe", &"x".repeat(200), &"x".repeat(130)] {
                for name in names.lock(whose, name) {
                    assert!(name.len() <= 240, "{name}");
                    assert!(met.insert(name));
                }
            }
        }
    }

    #[test]
    fn a_prefix_that_could_forge_keys_is_refused() {
        for prefix in ["", "a:b", "a b", "ü", &"p".repeat(MAX_PREFIX + 1)] {
            assert!(Names::new(prefix).is_err(), "{prefix}");
        }
    }

    #[test]
    fn stamps_are_named_by_sixteen_digits() {
        let names = Names::new("app").expect("legal");
        for id in [0, 1, 0xfedc_ba98_7654_3210, u64::MAX] {
            assert_eq!(names.stamp(id), format!("app:s:{id:016x}"));
        }
    }

    #[test]
    fn stamps_of_different_things_differ() {
        let ids = [
            Stamped::Namespace.id(),
            Stamped::Tag("").id(),
            Stamped::Tag("a").id(),
            Stamped::Function("a").id(),
        ];
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id));
        }
    }
}

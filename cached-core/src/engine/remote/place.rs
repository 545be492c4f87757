//! Where one key is in the backend, and what its entries depend on.

use std::sync::Arc;
use std::time::Duration;

use super::Remote;
use super::guess::Guess;
use super::l1::Keep;
use super::name::{Name, StampId};
use crate::codec::key_hash;
use crate::key::{Edition, Key};
use crate::registry::Site;

/// The stamps that entries depend on, as the backend names them. Entries of one function share them.
pub(super) type Needs = Arc<[(StampId, String)]>;

/// One key with the stamps its entries depend on, as the backend names them.
#[derive(Debug)]
pub(crate) struct Place {
    pub(super) name: Name,
    pub(super) hash: u128,
    pub(super) stamps: Needs,
    /// How many of them, the last ones, are those of tags.
    pub(super) tags: usize,
    /// Where a reader who does not know whose entry it is learns what it depends on.
    pub(super) guess: Option<Guess>,
    /// How what is read there is kept in this process, if it is.
    pub(super) keep: Option<Keep>,
}

/// A stamp of which there is no end, a tag's, goes after so long; what depends on it is computed
/// anew then.
const TAG_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// A stamp that entries of a place depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dependency<'p> {
    pub(super) id: StampId,
    pub(super) name: &'p str,
    /// `None`: forever, for what lives forever depends on it. There is one for the namespace, and one
    /// for each function.
    pub(super) ttl: Option<Duration>,
}

impl Place {
    /// Whether the stamps of both are the same ones.
    pub(super) fn needs_the_same(one: &&Self, other: &&Self) -> bool {
        Arc::ptr_eq(&one.stamps, &other.stamps)
    }

    /// The stamps, and how long each lives if nobody captures it again.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = Dependency<'_>> {
        let lasting = self.stamps.len() - self.tags;
        let stamps = self.stamps.iter().enumerate();
        stamps.map(move |(at, (id, name))| Dependency {
            id: *id,
            name,
            ttl: (at >= lasting).then_some(TAG_TTL),
        })
    }

    /// The same, where what is read there is to be kept in this process.
    pub(super) fn kept(self, keep: Option<Keep>) -> Self {
        Self { keep, ..self }
    }
}

impl Remote {
    pub(super) fn place(&self, key: &Key, site: Option<&'static Site>, tags: &[Box<str>]) -> Place {
        Place {
            tags: tags.len(),
            ..self.place_with(key, self.needs(site, tags))
        }
    }

    /// The place of a key whose entry carries no tags.
    pub(super) fn place_with(&self, key: &Key, stamps: Needs) -> Place {
        self.place_of_text(key.text(), key.edition(), stamps)
    }

    /// The same by the text and edition of the key.
    pub(super) fn place_of_text(&self, text: &str, edition: Edition, stamps: Needs) -> Place {
        Place {
            name: self.names.text_in(text, edition),
            hash: key_hash(text.as_bytes(), edition.bits()),
            stamps,
            tags: 0,
            guess: None,
            keep: None,
        }
    }

    /// What an entry of this function with these tags depends on.
    pub(super) fn needs(&self, site: Option<&'static Site>, tags: &[Box<str>]) -> Needs {
        let function = site
            .filter(|site| !site.policy.direct)
            .map(Self::stamp_of_function);
        self.needs_of(
            function
                .into_iter()
                .chain(tags.iter().map(|tag| Self::stamp_of_tag(tag))),
        )
    }

    /// What an entry depends on that carries these stamps beside the namespace's.
    pub(super) fn needs_of(&self, others: impl IntoIterator<Item = StampId>) -> Needs {
        let ids = [self.namespace].into_iter().chain(others);
        ids.map(|id| (id, self.names.stamp(id))).collect()
    }
}

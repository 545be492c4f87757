//! What sets the cells of one reign of a server apart from those of the reign before.

use std::borrow::Cow;

use super::server::Company;
use crate::cell::Cell;

/// What every cell of one connection carries, so that nobody believes one that came back.
///
/// A lone server writes it into the names of its keys: nobody else ever has them. Where data moves
/// between servers, by replication, failover or migration of slots, a cell keeps its name wherever
/// it goes, so that an invalidation meets it there, and carries the scope behind its last byte: a
/// cell of another scope is as good as absent, and may be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    place: Place,
    known: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Behind the name of a key.
    Name(String),
    /// Behind the bytes of a cell.
    Value([u8; Scope::MARK]),
}

impl Scope {
    /// Bytes that a scope adds to a cell.
    const MARK: usize = 8;
    /// Bytes that a scope adds to a name at most.
    pub(super) const SUFFIX: usize = 9;

    /// The scope of this run of a lone server; `None` if it does not tell which it is.
    pub(super) fn of_run(run_id: Option<&str>) -> Self {
        Self {
            place: Place::Name(format!("@{:08x}", run_id.map_or(0, digest))),
            known: run_id.is_some(),
        }
    }

    /// The scope of one reign of a primary: of its run, and of the history of its data, which is
    /// another one from each promotion on. `None` if it does not tell both.
    pub(super) fn of_reign(reign: Option<&Reign>) -> Self {
        Self {
            place: Place::Value(reign.map_or([0; Self::MARK], Reign::mark)),
            known: reign.is_some(),
        }
    }

    /// Whether a restart changes it.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// The key as the server knows it.
    pub(super) fn of_key(&self, key: &str) -> String {
        match &self.place {
            Place::Name(suffix) => [key, suffix].concat(),
            Place::Value(_) => key.to_owned(),
        }
    }

    /// The key as the server knows it, put together in `room`.
    pub(super) fn name<'n>(&self, key: &'n str, room: &'n mut String) -> &'n str {
        match &self.place {
            Place::Name(suffix) => {
                room.clear();
                room.push_str(key);
                room.push_str(suffix);
                room
            }
            Place::Value(_) => key,
        }
    }

    /// The key in a name that a server in this company has told.
    pub(super) fn plain(company: Company, name: &str) -> Option<&str> {
        match company {
            Company::Alone => name.split_at_checked(name.len().checked_sub(Self::SUFFIX)?),
            Company::Sentinels | Company::Cluster => Some((name, "")),
        }
        .map(|(key, _)| key)
    }

    /// What the last bytes of every cell are.
    pub(super) fn mark(&self) -> &[u8] {
        match &self.place {
            Place::Name(_) => &[],
            Place::Value(mark) => mark,
        }
    }

    /// The bytes that the server keeps.
    pub(super) fn seal<'c>(&self, cell: &'c Cell) -> Cow<'c, [u8]> {
        match &self.place {
            Place::Name(_) => Cow::Borrowed(cell.as_bytes()),
            Place::Value(mark) => Cow::Owned([cell.as_bytes(), mark].concat()),
        }
    }

    /// The cell in what the server kept; `None` if it is one of another scope.
    pub(super) fn open(&self, mut bytes: Vec<u8>) -> Option<Cell> {
        if let Place::Value(mark) = &self.place {
            let length = bytes.strip_suffix(mark)?.len();
            bytes.truncate(length);
        }
        Some(Cell::from_bytes(bytes))
    }
}

/// One server's time as a primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reign {
    /// `run_id`: another one after each start.
    pub(super) run: String,
    /// `master_replid`: another one after each promotion.
    pub(super) history: String,
}

impl Reign {
    /// FNV-1a of both, which are random: no two reigns that one cache meets share it.
    fn mark(&self) -> [u8; Scope::MARK] {
        let bytes = self.run.bytes().chain(*b":").chain(self.history.bytes());
        let hash = bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        hash.to_le_bytes()
    }
}

/// Eight hex digits of a run id: its first ones, or, if it is spelled otherwise, FNV-1a of it.
fn digest(run_id: &str) -> u32 {
    let first = run_id
        .get(..8)
        .filter(|first| first.bytes().all(|b| b.is_ascii_hexdigit()));
    let digits = first.and_then(|first| u32::from_str_radix(first, 16).ok());
    digits.unwrap_or_else(|| {
        run_id.bytes().fold(0x811C_9DC5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_of_another_spelling_are_hashed() {
        let one = Scope::of_run(Some("dragonfly-1"));
        let two = Scope::of_run(Some("dragonfly-2"));
        assert_ne!(one, two);
        assert_eq!(one.of_key("").len(), Scope::SUFFIX);
        assert_eq!(
            Scope::plain(Company::Alone, &one.of_key("key")),
            Some("key")
        );
        assert_eq!(Scope::plain(Company::Alone, "short"), None);
        assert_eq!(Scope::plain(Company::Cluster, "short"), Some("short"));
        assert_eq!(Scope::of_run(None).of_key("a"), "a@00000000");
    }

    #[test]
    fn a_cell_of_another_reign_is_absent() {
        let reign = |run: &str, history: &str| Reign {
            run: run.into(),
            history: history.into(),
        };
        let scopes = [
            Scope::of_reign(Some(&reign("a", "b"))),
            Scope::of_reign(Some(&reign("a", "c"))),
            Scope::of_reign(Some(&reign("d", "b"))),
            Scope::of_reign(None),
        ];
        let cell = Cell::from_bytes(b"some bytes".to_vec());
        for (at, scope) in scopes.iter().enumerate() {
            let sealed = scope.seal(&cell).into_owned();
            for (other, reader) in scopes.iter().enumerate() {
                let opened = reader.open(sealed.clone());
                assert_eq!(opened.is_some(), at == other);
            }
            assert_eq!(scope.of_key("k"), "k");
        }
        assert_eq!(scopes[0].open(b"short".to_vec()), None);
    }
}

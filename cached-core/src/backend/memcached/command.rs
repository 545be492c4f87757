//! Commands of the meta protocol, as they are sent. They are made of checked keys and numbers only,
//! so nothing of a user's can begin one.

use std::io;

use crate::cell::Cell;

/// The longest key that a server takes.
const LONGEST_KEY: usize = 250;

/// Whether the key can stand in a command as it is.
pub(super) fn is_key(key: &str) -> bool {
    !key.is_empty() && key.len() <= LONGEST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// When a `set` takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// Nothing is there.
    Absent,
    /// The item still has this CAS number.
    Unchanged(u64),
}

/// Commands that go in one piece, each with one reply.
#[derive(Debug)]
pub(super) struct Commands {
    bytes: Vec<u8>,
    count: u32,
    /// The mark of the first one; each following has the next.
    first: u32,
}

impl Commands {
    /// None yet. `first` is the mark of the first, which its reply repeats.
    pub(super) fn new(first: u32) -> Self {
        Self {
            bytes: Vec::new(),
            count: 0,
            first,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn first(&self) -> u32 {
        self.first
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Asks for the item and its CAS number.
    pub(super) fn get(mut self, key: &str) -> Self {
        let mark = self.mark();
        self.line(format_args!("mg {key} v c O{mark}"));
        self
    }

    /// Stores the cell; its reply tells the CAS number it got.
    pub(super) fn set(mut self, key: &str, cell: &Cell, when: When, expires: u32) -> Self {
        let (mark, length) = (self.mark(), cell.as_bytes().len());
        match when {
            When::Always => self.line(format_args!("ms {key} {length} T{expires} c O{mark}")),
            When::Absent => self.line(format_args!("ms {key} {length} ME T{expires} c O{mark}")),
            When::Unchanged(cas) => {
                self.line(format_args!(
                    "ms {key} {length} C{cas} T{expires} c O{mark}"
                ));
            }
        }
        self.bytes.extend_from_slice(cell.as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
        self
    }

    /// Removes the item, whatever it is.
    pub(super) fn delete(mut self, key: &str) -> Self {
        let mark = self.mark();
        self.line(format_args!("md {key} O{mark}"));
        self
    }

    /// Removes the item if it still has this CAS number.
    pub(super) fn delete_unchanged(mut self, key: &str, cas: u64) -> Self {
        let mark = self.mark();
        self.line(format_args!("md {key} C{cas} O{mark}"));
        self
    }

    /// A command of the protocol's own, such as `mn` or `stats`.
    pub(super) fn plain(mut self, command: &'static str) -> Self {
        self.mark();
        self.line(format_args!("{command}"));
        self
    }

    fn mark(&mut self) -> u32 {
        let mark = self.first.wrapping_add(self.count);
        self.count += 1;
        mark
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        use io::Write as _;
        // Writing into memory cannot fail.
        let _ = write!(self.bytes, "{line}\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_lines() {
        let cell = Cell::from_bytes(b"a\r\nb".to_vec());
        let commands = Commands::new(u32::MAX)
            .get("k")
            .set("k", &cell, When::Absent, 2)
            .set("k", &cell, When::Unchanged(9), 0)
            .delete("k")
            .delete_unchanged("k", 9)
            .plain("mn");
        let text = String::from_utf8(commands.bytes().to_vec()).expect("all of it is text");
        let expected = "mg k v c O4294967295\r\nms k 4 ME T2 c O0\r\na\r\nb\r\n\
                        ms k 4 C9 T0 c O1\r\na\r\nb\r\nmd k O2\r\nmd k C9 O3\r\nmn\r\n";
        assert_eq!(text, expected);
        assert_eq!(commands.count(), 6);
    }

    #[test]
    fn keys_are_printable_and_short() {
        assert!(is_key("a") && is_key(&"k".repeat(250)));
        for key in ["", "a b", "a\r\nflush_all", "\u{7f}", "ü", "\0"] {
            assert!(!is_key(key), "{key:?}");
        }
        assert!(!is_key(&"k".repeat(251)));
    }
}

//! Finds the braces around a position of a Rust source text.
//!
//! Much less than a parser: it knows comments, strings, characters and lifetimes, so that braces
//! inside them do not count, and reads the words before each `{` to tell what it opens.

mod kind;

use self::kind::{Kind, is_const_argument, kind_of};
use super::{Place, Surroundings};

/// A place in a text; lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Debug)]
struct Region {
    start: Position,
    end: Position,
    kind: Kind,
}

/// All braces, comments and literals of a text.
#[derive(Debug, Default)]
pub(crate) struct Regions {
    found: Vec<Region>,
}

impl Regions {
    /// What surrounds `at`; `None` inside of a comment or a literal, as no attribute sits there.
    pub(crate) fn around(&self, at: Position) -> Option<Surroundings> {
        let mut around: Vec<&Region> = self
            .found
            .iter()
            .filter(|region| region.start < at && at < region.end)
            .collect();
        around.sort_by_key(|region| region.start);
        if around.iter().any(|region| region.kind == Kind::Opaque) {
            return None;
        }
        let place = around
            .last()
            .map_or(Place::Free, |region| region.kind.place());
        let names = around
            .iter()
            .filter_map(|region| region.kind.name())
            .collect();
        Some(Surroundings {
            place: Some(place),
            names,
        })
    }
}

/// Reads `text` once, from start to end.
pub(crate) fn scan(text: &str) -> Regions {
    let mut scanner = Scanner {
        rest: text.chars().collect(),
        next: 0,
        at: Position { line: 1, column: 1 },
        words: Vec::new(),
        open: Vec::new(),
        regions: Regions::default(),
    };
    while scanner.step() {}
    scanner.regions
}

struct Scanner {
    rest: Vec<char>,
    next: usize,
    at: Position,
    /// The words and signs since the last statement ended: the header of a coming `{`.
    words: Vec<String>,
    open: Vec<Open>,
    regions: Regions,
}

struct Open {
    sign: char,
    start: Position,
    header: Vec<String>,
}

impl Scanner {
    fn step(&mut self) -> bool {
        let Some(c) = self.peek(0) else { return false };
        match c {
            '/' if self.peek(1) == Some('/') => self.opaque(Self::line_comment),
            '/' if self.peek(1) == Some('*') => self.opaque(Self::block_comment),
            '"' => self.opaque(Self::string),
            '\'' => self.quote(),
            '(' | '[' | '{' => self.opened(c),
            ')' | ']' | '}' => self.closed(c),
            ';' => self.ended(),
            c if c == '_' || c.is_alphanumeric() => self.word(),
            c => {
                self.bump();
                if !c.is_whitespace() {
                    self.words.push(c.to_string());
                }
            }
        }
        true
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.next + ahead).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.next += 1;
        if c == '\n' {
            self.at = Position {
                line: self.at.line + 1,
                column: 1,
            };
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn opaque(&mut self, skip: fn(&mut Self)) {
        let start = self.at;
        skip(self);
        self.regions.found.push(Region {
            start,
            end: self.at,
            kind: Kind::Opaque,
        });
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.bump();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => return,
                _ => {
                    self.bump();
                    continue;
                }
            }
            self.bump();
            self.bump();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.bump();
        while let Some(c) = self.bump() {
            match c {
                '\\' => {
                    self.bump();
                }
                '"' => return,
                _ => {}
            }
        }
    }

    fn raw_string(&mut self) {
        let mut hashes = 0;
        while self.peek(0) == Some('#') {
            self.bump();
            hashes += 1;
        }
        self.bump();
        while let Some(c) = self.bump() {
            if c == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                for _ in 0..hashes {
                    self.bump();
                }
                return;
            }
        }
    }

    /// A character literal, or the start of a lifetime.
    fn quote(&mut self) {
        let is_char = self.peek(1) == Some('\\') || self.peek(2) == Some('\'');
        self.bump();
        if !is_char {
            return;
        }
        if self.bump() == Some('\\') {
            self.bump();
        }
        while self.peek(0).is_some() && self.bump() != Some('\'') {}
    }

    fn word(&mut self) {
        let start = self.at;
        let mut word = String::new();
        while let Some(c) = self.peek(0).filter(|c| *c == '_' || c.is_alphanumeric()) {
            word.push(c);
            self.bump();
        }
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        match self.peek(0) {
            Some('"') if raw => self.literal_from(start, Self::raw_string),
            Some('"') if matches!(word.as_str(), "b" | "c") => {
                self.literal_from(start, Self::string);
            }
            Some('#') if raw && matches!(self.peek(1), Some('"' | '#')) => {
                self.literal_from(start, Self::raw_string);
            }
            Some('#') if word == "r" => {
                self.bump();
            }
            _ => self.words.push(word),
        }
    }

    fn literal_from(&mut self, start: Position, skip: fn(&mut Self)) {
        skip(self);
        self.regions.found.push(Region {
            start,
            end: self.at,
            kind: Kind::Opaque,
        });
    }

    fn opened(&mut self, sign: char) {
        let start = self.at;
        self.bump();
        let header = std::mem::take(&mut self.words);
        self.open.push(Open {
            sign,
            start,
            header,
        });
    }

    fn closed(&mut self, sign: char) {
        let end = self.at;
        self.bump();
        let Some(open) = self.open.pop() else { return };
        self.words = Vec::new();
        if sign != '}' || is_const_argument(&open.header) {
            self.words = open.header;
        } else if open.sign == '{' {
            let kind = kind_of(&open.header);
            self.regions.found.push(Region {
                start: open.start,
                end,
                kind,
            });
        }
    }

    fn ended(&mut self) {
        self.bump();
        self.words.clear();
    }
}

#[cfg(test)]
mod tests;

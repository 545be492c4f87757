//! Key templates: `"post:<id>"`, read into literals and placeholders.
//!
//! A template is checked in two steps. Here its own text: characters, braces, modifiers, and that
//! two placeholders cannot run into one another. Whether a placeholder names anything is checked
//! by [`crate::scope`], which knows the function.

use proc_macro2::Span;
use syn::LitStr;

use crate::diagnostics::{Faults, did_you_mean};

/// A template that passed the checks of its text.
#[derive(Clone)]
pub(crate) struct Template {
    /// The text as the registry knows it: `{id}` is written `<id>`.
    pub(crate) text: String,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Hole(Placeholder),
}

/// `<post.author.id:hash>`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placeholder {
    pub(crate) root: String,
    /// Field names, or indices of tuple fields.
    pub(crate) path: Vec<String>,
    pub(crate) modifier: Modifier,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// The canonical form of the value.
    Plain,
    /// A stable hash of a `Serialize` value.
    Hash,
    /// A keyed hash.
    Secret,
}

impl Placeholder {
    /// `post.author.id`
    pub(crate) fn dotted(&self) -> String {
        let mut dotted = self.root.clone();
        for field in &self.path {
            dotted.push('.');
            dotted.push_str(field);
        }
        dotted
    }

    fn text(&self) -> String {
        let modifier = match self.modifier {
            Modifier::Plain => "",
            Modifier::Hash => ":hash",
            Modifier::Secret => ":secret",
        };
        format!("<{}{modifier}>", self.dotted())
    }
}

impl Template {
    pub(crate) fn parse(literal: &LitStr, faults: &mut Faults) -> Option<Self> {
        let span = literal.span();
        match Reader::new(&literal.value()).pieces() {
            Ok(pieces) => Some(Self {
                text: text_of(&pieces),
                pieces,
                span,
            }),
            Err(Flaw { wrong, write }) => {
                faults.at(span, wrong, write);
                None
            }
        }
    }

    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(placeholder) => Some(placeholder),
            Piece::Literal(_) => None,
        })
    }

    pub(crate) fn names(&self, root: &str) -> bool {
        self.placeholders()
            .any(|placeholder| placeholder.root == root)
    }
}

fn text_of(pieces: &[Piece]) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Hole(placeholder) => placeholder.text(),
    };
    pieces.iter().map(text).collect()
}

struct Flaw {
    wrong: String,
    write: String,
}

fn flaw<T>(wrong: impl Into<String>, write: impl Into<String>) -> Result<T, Flaw> {
    Err(Flaw {
        wrong: wrong.into(),
        write: write.into(),
    })
}

struct Reader<'a> {
    text: &'a str,
    rest: std::str::Chars<'a>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            rest: text.chars(),
        }
    }

    fn pieces(mut self) -> Result<Vec<Piece>, Flaw> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        while let Some(c) = self.rest.next() {
            let close = match c {
                '<' => '>',
                '{' => '}',
                c => {
                    literal.push(self.literal_char(c)?);
                    continue;
                }
            };
            let placeholder = self.placeholder(c, close)?;
            self.separated(&pieces, &literal, &placeholder)?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Hole(placeholder));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        match pieces.is_empty() {
            true => flaw(
                "the key is empty",
                "name what is stored and for what: `\"post:<id>\"`",
            ),
            false => Ok(pieces),
        }
    }

    fn literal_char(&self, c: char) -> Result<char, Flaw> {
        match c {
            '>' | '}' => flaw(
                format!("`{c}` in {:?} closes no placeholder", self.text),
                "a placeholder is written `<name>`",
            ),
            '*' => flaw(
                format!(
                    "`*` in {:?}: a key names one entry, not a pattern",
                    self.text
                ),
                "declare a tag on the readers, `tags(\"user:<id>\")`, and invalidate it by \
                 `tag = \"user:<id>\"`",
            ),
            '!'..='~' => Ok(c),
            _ => flaw(
                format!(
                    "{c:?} in {:?}: a template holds printable ASCII only",
                    self.text
                ),
                "use `:`, `-` or `_`; text from outside goes in a placeholder",
            ),
        }
    }

    fn placeholder(&mut self, open: char, close: char) -> Result<Placeholder, Flaw> {
        let Some(end) = self.rest.as_str().find(close) else {
            return flaw(
                format!(
                    "`{open}` in {:?} opens a placeholder that never ends",
                    self.text
                ),
                format!("close it: `{open}name{close}`"),
            );
        };
        let (inside, rest) = self.rest.as_str().split_at(end);
        self.rest = rest.chars();
        self.rest.next();
        let (dotted, modifier) = match inside.split_once(':') {
            None => (inside, Modifier::Plain),
            Some((dotted, "hash")) => (dotted, Modifier::Hash),
            Some((dotted, "secret")) => (dotted, Modifier::Secret),
            Some((_, other)) => return self.unknown_modifier(other),
        };
        let mut names = dotted.split('.').map(str::to_owned);
        let root = names.next().unwrap_or_default();
        let path: Vec<String> = names.collect();
        if !is_name(&root) || !path.iter().all(|field| is_name(field) || is_index(field)) {
            return flaw(
                format!(
                    "`{open}{inside}{close}` in {:?} is no placeholder",
                    self.text
                ),
                "write `<argument>`, `<argument.field>` or `<argument:hash>`; compute anything \
                 else in an argument of its own",
            );
        }
        Ok(Placeholder {
            root,
            path,
            modifier,
        })
    }

    fn unknown_modifier<T>(&self, name: &str) -> Result<T, Flaw> {
        let meant = did_you_mean(name, ["hash", "secret"], |known| format!("`:{known}`"));
        flaw(
            format!("unknown modifier `:{name}` in {:?}{meant}", self.text),
            "the modifiers are `:hash` (a stable hash of a `Serialize` value) and `:secret` (a \
             keyed hash)",
        )
    }

    /// Values keep `[A-Za-z0-9_.~-]`, and escapes and nested values use `%()[],+!`: only another
    /// character ends a value for sure.
    fn separated(&self, done: &[Piece], between: &str, next: &Placeholder) -> Result<(), Flaw> {
        let Some(Piece::Hole(last)) = done.last() else {
            return Ok(());
        };
        if between.chars().any(ends_a_value) {
            return Ok(());
        }
        let (last, next) = (last.text(), next.text());
        flaw(
            format!(
                "nothing ends `{last}` before `{next}` in {:?}: `a` + `bc` and `ab` + `c` would share a key",
                self.text
            ),
            format!("put a `:` between them: `{last}:{next}`"),
        )
    }
}

fn ends_a_value(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || "_.~-%()[],+!".contains(c))
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
        && text != "_"
}

fn is_index(text: &str) -> bool {
    !text.is_empty() && text.len() < 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;

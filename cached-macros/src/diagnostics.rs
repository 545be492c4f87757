//! Faults: every mistake of one attribute, reported at once.
//!
//! A user who made three mistakes should fix three mistakes, not one per build. Checks push what
//! they find here and go on; only the end of a phase turns the collection into an error. Parsing
//! plain Rust syntax is not a check: there `syn::Error` is returned as it is.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The faults found so far.
#[derive(Default)]
pub(crate) struct Faults {
    found: Vec<syn::Error>,
}

impl Faults {
    /// Notes a fault at `span`: what is wrong, and what to write instead.
    pub(crate) fn at(&mut self, span: Span, wrong: impl AsRef<str>, write: impl AsRef<str>) {
        let text = format!("{}\nhelp: {}", wrong.as_ref(), write.as_ref());
        self.found.push(syn::Error::new(span, text));
    }

    /// Like [`Faults::at`], covering all `tokens`.
    pub(crate) fn over(
        &mut self,
        tokens: impl ToTokens,
        wrong: impl AsRef<str>,
        write: impl AsRef<str>,
    ) {
        let text = format!("{}\nhelp: {}", wrong.as_ref(), write.as_ref());
        self.found.push(syn::Error::new_spanned(tokens, text));
    }

    /// Takes over an error of the Rust parser.
    pub(crate) fn syntax(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    /// `value`, unless a fault was noted.
    pub(crate) fn unless_any<T>(self, value: T) -> Result<T, Self> {
        if self.found.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// One `compile_error!` per fault.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.found
            .iter()
            .map(syn::Error::to_compile_error)
            .collect()
    }

    /// The texts of the faults, for tests.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> Vec<String> {
        self.found.iter().map(ToString::to_string).collect()
    }
}

impl From<syn::Error> for Faults {
    fn from(error: syn::Error) -> Self {
        Self { found: vec![error] }
    }
}

/// The one of `known` that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let bound = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| (distance(&name, &known.to_lowercase()), known))
        .filter(|(distance, known)| *distance <= bound || is_longer_form(&name, known))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `; did you mean ..?`, or nothing when no name is near.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    quote: impl Fn(&str) -> String,
) -> String {
    match nearest(name, known) {
        Some(known) => format!("; did you mean {}?", quote(known)),
        None => String::new(),
    }
}

/// `author` and `author_id` are far apart by edits, near by meaning.
fn is_longer_form(name: &str, known: &str) -> bool {
    let (short, long) = if name.len() < known.len() {
        (name, known)
    } else {
        (known, name)
    };
    short.len() >= 3 && long.starts_with(short) && long[short.len()..].starts_with('_')
}

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["key", "ttl", "skip", "ttl_none", "version", "author_id"];

    #[test]
    fn a_typo_finds_its_name() {
        for (typo, meant) in [
            ("tll", "ttl"),
            ("kye", "key"),
            ("skp", "skip"),
            ("TTL", "ttl"),
            ("versoin", "version"),
            ("ttlnone", "ttl_none"),
            ("author", "author_id"),
        ] {
            assert_eq!(nearest(typo, KNOWN), Some(meant), "{typo}");
        }
    }

    #[test]
    fn a_stranger_finds_nothing() {
        assert_eq!(nearest("expire_after", KNOWN), None);
        assert_eq!(nearest("size", KNOWN), None);
    }

    #[test]
    fn an_exact_name_wins_over_a_near_one() {
        assert_eq!(nearest("ttl", ["ttl_none", "ttl"]), Some("ttl"));
    }
}

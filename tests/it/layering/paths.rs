//! The paths that a source file names, found in its tokens: comments and strings
//! are out of the way, and macros' arguments are seen too.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path in the source, from the crate root, and where it stands.
#[derive(Debug, PartialEq)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// Every path in `tokens` that begins at the crate root or climbs by `super`,
/// in a module whose own path is `here`. A path of another crate that this test
/// asks about (`cached_core::..` in the macros) keeps its crate's name.
pub(crate) fn names(tokens: &TokenStream, here: &[String]) -> Vec<Named> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < trees.len() {
        match &trees[at..] {
            [
                TokenTree::Ident(word),
                TokenTree::Ident(name),
                TokenTree::Group(body),
                ..,
            ] if word == "mod" => {
                found.extend(names(&body.stream(), &[here, &[name.to_string()]].concat()));
                at += 3;
            }
            // `$crate::..` is written for the crate that calls the macro.
            [TokenTree::Punct(dollar), TokenTree::Ident(word), ..]
                if dollar.as_char() == '$' && word == "crate" =>
            {
                at += 2;
            }
            [TokenTree::Ident(word), rest @ ..] if starts_path(word, rest) => {
                let line = word.span().start().line;
                let paths = branches(&trees, &mut at);
                found.extend(paths.into_iter().map(|path| Named {
                    path: resolve(here, path),
                    line,
                }));
            }
            [TokenTree::Group(group), ..] => {
                found.extend(names(&group.stream(), here));
                at += 1;
            }
            _ => at += 1,
        }
    }
    found
}

fn starts_path(word: &proc_macro2::Ident, rest: &[TokenTree]) -> bool {
    let first = word == "crate" || word == "super" || word == "cached_core";
    first && matches!(rest, [TokenTree::Punct(colon), ..] if colon.as_char() == ':')
}

/// The paths of the `use` tree or plain path at `at`, which moves behind it;
/// `as` is passed over.
pub(crate) fn branches(trees: &[TokenTree], at: &mut usize) -> Vec<Vec<String>> {
    let mut path = Vec::new();
    loop {
        match trees.get(*at) {
            Some(TokenTree::Ident(word)) => path.push(word.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => path.push("*".into()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                *at += 1;
                return group_branches(&group.stream(), &path);
            }
            _ => return vec![path],
        }
        *at += 1;
        match &trees[*at..] {
            [TokenTree::Punct(colon), TokenTree::Punct(_), ..] if colon.as_char() == ':' => {
                *at += 2
            }
            [TokenTree::Ident(word), _, ..] if word == "as" => {
                *at += 2;
                return vec![path];
            }
            _ => return vec![path],
        }
    }
}

fn group_branches(tokens: &TokenStream, prefix: &[String]) -> Vec<Vec<String>> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < trees.len() {
        for branch in branches(&trees, &mut at) {
            found.push([prefix, &branch[..]].concat());
        }
        at += 1; // the comma
    }
    found
}

/// A path as written in module `here`, from the crate root.
fn resolve(here: &[String], path: Vec<String>) -> Vec<String> {
    let mut absolute = if path[0] == "super" {
        here.to_vec()
    } else {
        Vec::new()
    };
    for part in path {
        match part.as_str() {
            "super" => drop(absolute.pop()),
            "crate" | "self" => {}
            _ => absolute.push(part),
        }
    }
    absolute
}

/// What `names` finds in `text` as module `entry::times`, joined for comparison.
fn found(text: &str) -> Vec<String> {
    let here = ["entry".to_owned(), "times".to_owned()];
    let tokens = text.parse().expect("tokens");
    names(&tokens, &here)
        .iter()
        .map(|named| named.path.join("::"))
        .collect()
}

#[test]
fn paths_are_found_however_they_are_spelt() {
    assert_eq!(found("use crate::engine::Flight;"), ["engine::Flight"]);
    assert_eq!(
        found("use crate::{engine::{self, read}, key::Key as K};")[..2],
        ["engine", "engine::read"]
    );
    assert_eq!(found("use crate::engine as e;"), ["engine"]);
    assert_eq!(
        found("fn f() -> crate::cache::Cache { x }"),
        ["cache::Cache"]
    );
    assert_eq!(found("use super::Slot;"), ["entry::Slot"]);
    assert_eq!(found("use super::super::engine::read;"), ["engine::read"]);
    assert_eq!(
        found("mod inner { use super::super::super::engine; }"),
        ["engine"]
    );
    assert_eq!(
        found("use super::{super::engine, Slot};"),
        ["engine", "entry::Slot"]
    );
    assert_eq!(found("vec![crate::cache::one()]"), ["cache::one"]);
}

#[test]
fn paths_of_others_are_not_found() {
    assert!(found("pub(crate) fn f() {}").is_empty());
    assert!(found("macro_rules! m { () => { $crate::__private::run() } }").is_empty());
    assert!(found("/// `crate::engine`\nfn f() { \"crate::engine\"; }").is_empty());
}

//! The workspace's own sources, as the layering and the budget test read them:
//! module by module, without what only test builds compile.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One source file of a crate.
pub(crate) struct Module {
    /// Its place below the crate root; empty for the root itself.
    pub(crate) path: Vec<String>,
    pub(crate) file: PathBuf,
    /// What it says, without `#[cfg(test)]` items.
    pub(crate) tokens: TokenStream,
}

/// The folder that holds the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The modules of the library in this folder of the workspace, the root first.
pub(crate) fn modules(folder: &str) -> Vec<Module> {
    let mut found = Vec::new();
    follow(
        &root().join(folder).join("src/lib.rs"),
        Vec::new(),
        &mut found,
    );
    found
}

/// Every Rust file below these folders of the workspace.
pub(crate) fn files(folders: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    folders
        .iter()
        .for_each(|folder| collect(&root().join(folder), &mut found));
    found.sort();
    found
}

/// A file's text; a file that is named but missing is a fault of the tree.
pub(crate) fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// A path as messages show it.
pub(crate) fn shown(file: &Path) -> String {
    file.strip_prefix(root())
        .unwrap_or(file)
        .display()
        .to_string()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn follow(file: &Path, path: Vec<String>, found: &mut Vec<Module>) {
    let tokens = read(file).parse();
    let tokens = tokens.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let tokens = without_tests(tokens);
    let children = declared(&tokens, &[]);
    found.push(Module {
        path: path.clone(),
        file: file.to_owned(),
        tokens,
    });
    for child in children {
        let mut below = path.clone();
        below.extend(child.iter().cloned());
        follow(&child_file(file, &child), below, found);
    }
}

/// Where the compiler looks for `mod child;`.
fn child_file(parent: &Path, child: &[String]) -> PathBuf {
    let folder = match parent.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main" | "mod") => parent.with_file_name(""),
        _ => parent.with_extension(""),
    };
    let base = child.iter().fold(folder, |folder, name| folder.join(name));
    let flat = base.with_extension("rs");
    if flat.exists() {
        flat
    } else {
        base.join("mod.rs")
    }
}

/// The `mod x;` declarations, with the inline modules around them.
fn declared(tokens: &TokenStream, around: &[String]) -> Vec<Vec<String>> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    for window in trees.windows(3) {
        let [TokenTree::Ident(word), TokenTree::Ident(name), end] = window else {
            continue;
        };
        if word != "mod" {
            continue;
        }
        let below = [around, &[name.to_string()]].concat();
        match end {
            TokenTree::Group(body) => found.extend(declared(&body.stream(), &below)),
            _ => found.push(below),
        }
    }
    found
}

/// Leaves out every item under `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
/// `any(test, feature = "..")` stays: users can compile it.
pub(crate) fn without_tests(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Punct(hash) if hash.as_char() == '#' => match trees.peek() {
                Some(TokenTree::Group(attribute)) if is_test(attribute) => {
                    trees.next();
                    drop_attributes(&mut kept);
                    skip_item(&mut trees);
                }
                _ => kept.push(TokenTree::Punct(hash)),
            },
            TokenTree::Group(group) => kept.push(TokenTree::Group(inner_without_tests(&group))),
            other => kept.push(other),
        }
    }
    kept.into_iter().collect()
}

fn inner_without_tests(group: &Group) -> Group {
    let mut kept = Group::new(group.delimiter(), without_tests(group.stream()));
    kept.set_span(group.span());
    kept
}

fn is_test(attribute: &Group) -> bool {
    let text = attribute.stream().to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// Takes back the attributes and doc comments that stood before the `#[cfg(test)]`.
fn drop_attributes(kept: &mut Vec<TokenTree>) {
    while let [.., TokenTree::Punct(hash), TokenTree::Group(group)] = &kept[..]
        && hash.as_char() == '#'
        && group.delimiter() == Delimiter::Bracket
    {
        kept.truncate(kept.len() - 2);
    }
}

/// Passes over one item, or over one field if no keyword says that it is an item.
fn skip_item(trees: &mut impl Iterator<Item = TokenTree>) {
    let (mut is_item, mut is_use) = (false, false);
    for tree in trees {
        match tree {
            // The braces of `use a::{b, c};` do not end it.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !is_use => return,
            TokenTree::Punct(mark) if mark.as_char() == ';' => return,
            TokenTree::Punct(mark) if mark.as_char() == ',' && !is_item => return,
            TokenTree::Ident(word) => {
                is_use |= word == "use";
                is_item |= ITEM_WORDS.iter().any(|known| word == known);
            }
            _ => {}
        }
    }
}

const ITEM_WORDS: &[&str] = &[
    "fn", "impl", "struct", "enum", "trait", "type", "use", "mod", "const", "static",
];

#[test]
fn items_for_tests_only_are_left_out() {
    let left = |text: &str| without_tests(text.parse().expect("tokens")).to_string();
    assert_eq!(
        left("#[cfg(test)] mod tests { use a; } fn b() {}"),
        left("fn b() {}")
    );
    assert_eq!(
        left("struct S { #[cfg(test)] a: A, b: B }"),
        left("struct S { b: B }")
    );
    assert_eq!(
        left("#[cfg(all(test, unix))] fn a<T, U>() {} use b;"),
        left("use b;")
    );
    assert_eq!(left("#[cfg(test)] use a::{b, c}; use d;"), left("use d;"));
    assert_eq!(
        left("//! A\n/// B\n#[b]\n#[cfg(test)]\nmod tests;"),
        left("//! A")
    );
    let product = "#[cfg(any(test, feature = \"testing\"))] mod a {}";
    assert_eq!(
        left(product),
        product.parse::<TokenStream>().expect("tokens").to_string()
    );
}

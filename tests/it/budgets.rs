//! Limits that keep the code readable, with slack: one that is met by squeezing
//! lines together is missed.

mod items;
mod left_overs;

use std::path::PathBuf;

use proc_macro2::TokenStream;
use syn::visit::{self, Visit};

use super::source;
use items::Items;

/// The published crates.
const LIBRARIES: &[&str] = &["cached-core", "cached-macros"];

/// Folders whose every file has to be readable in one sitting.
const ALL: &[&str] = &[
    "cached-core",
    "cached-macros",
    "xtask",
    "examples",
    "benches",
    "tests/it",
];

#[test]
fn files_are_short() {
    let long: Vec<String> = source::files(ALL)
        .iter()
        .map(|file| (source::read(file).lines().count(), source::shown(file)))
        .filter(|(lines, _)| *lines > 400)
        .map(|(lines, file)| format!("{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "over 400 lines:\n{}", long.join("\n"));
}

#[test]
fn the_median_file_is_short() {
    for library in LIBRARIES {
        let files = sources(library);
        let lines = files
            .iter()
            .map(|file| source::read(file).lines().count())
            .collect();
        at_most(
            &format!("lines of the median file of {library}"),
            share(lines, 0.5),
            170,
        );
    }
}

#[test]
fn functions_are_short() {
    // What a macro function emits is lines of it too.
    for (library, median, p90) in [("cached-core", 8, 25), ("cached-macros", 10, 35)] {
        let functions = functions(library);
        let long: Vec<&String> = functions
            .iter()
            .filter(|f| f.0 > 70)
            .map(|f| &f.1)
            .collect();
        assert!(long.is_empty(), "functions of over 70 lines: {long:#?}");
        let lines: Vec<usize> = functions.iter().map(|function| function.0).collect();
        at_most(
            &format!("lines of the median function of {library}"),
            share(lines.clone(), 0.5),
            median,
        );
        at_most(
            &format!("lines of 90 % of the functions of {library}"),
            share(lines, 0.9),
            p90,
        );
    }
}

#[test]
fn the_core_is_documented_but_not_drowned() {
    let (mut docs, mut comments, mut all) = (0, 0, 0);
    for file in sources("cached-core") {
        for line in source::read(&file)
            .lines()
            .map(str::trim)
            .take_while(|l| *l != "mod tests {")
        {
            let is_doc = line.starts_with("///") || line.starts_with("//!");
            docs += usize::from(is_doc);
            comments += usize::from(!is_doc && line.starts_with("//"));
            all += usize::from(!line.is_empty());
        }
    }
    let percent = |part: usize| part * 100 / all.max(1);
    assert!(
        (15..=50).contains(&percent(docs)),
        "docs are {} % of the core's lines",
        percent(docs)
    );
    at_most("percent of comment lines in the core", percent(comments), 8);
}

#[test]
fn the_core_offers_few_items() {
    let modules = source::modules("cached-core");
    let root = parsed(modules[0].tokens.clone());
    let mut items = Items {
        offered: Some(items::offered(&root)),
        ..Items::default()
    };
    // The behaviours of the conformance suite are one list, that nobody has to learn.
    let listed = |path: &[String]| {
        path.len() > 2 && path[..2] == ["testing", "conformance"] && path[2] != "subject"
    };
    for module in modules.into_iter().filter(|m| !listed(&m.path)) {
        items.look_into(&module.path, &parsed(module.tokens));
    }
    at_most("public items of cached-core", items.public.len(), 401);
}

#[test]
fn the_libraries_hold_no_left_overs() {
    let mut found = Vec::new();
    for module in LIBRARIES
        .iter()
        .flat_map(|library| source::modules(library))
    {
        let place = source::shown(&module.file);
        let faults = left_overs::find(module.tokens);
        found.extend(
            faults
                .iter()
                .map(|(line, what)| format!("{place}:{line}: {what}")),
        );
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The files of a library without its test-only modules, each once: a module may be declared anew
/// for another set of features.
fn sources(library: &str) -> Vec<PathBuf> {
    let modules = source::modules(library);
    let mut files: Vec<PathBuf> = modules.into_iter().map(|module| module.file).collect();
    files.sort();
    files.dedup();
    files
}

/// Every function of a library: its lines from `fn` to the closing brace, and its place.
fn functions(library: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for module in source::modules(library) {
        let mut functions = Functions::default();
        functions.visit_file(&parsed(module.tokens));
        let place = source::shown(&module.file);
        let named = functions.found.into_iter();
        found.extend(named.map(|(lines, name)| (lines, format!("{place}: {name}: {lines} lines"))));
    }
    found
}

fn parsed(tokens: TokenStream) -> syn::File {
    syn::parse2(tokens).expect("what the compiler accepts parses")
}

fn share(mut values: Vec<usize>, part: f64) -> usize {
    values.sort_unstable();
    let index = (values.len() as f64 * part) as usize;
    values
        .get(index.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0)
}

fn at_most(what: &str, value: usize, limit: usize) {
    println!("{what}: {value} (limit {limit})");
    assert!(value <= limit, "{what}: {value}, over {limit}");
}

/// Functions with a body, wherever they stand.
#[derive(Default)]
struct Functions {
    found: Vec<(usize, String)>,
}

impl Functions {
    fn add(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let last = body.brace_token.span.close().end().line;
        self.found
            .push((last + 1 - first, signature.ident.to_string()));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[test]
fn functions_are_counted_from_fn_to_brace() {
    let text = "#[inline]\nfn a() {\n}\nimpl S { fn b() {} }\ntrait T { fn c(); }";
    let mut functions = Functions::default();
    functions.visit_file(&parsed(text.parse().expect("tokens")));
    let lines: Vec<usize> = functions.found.iter().map(|function| function.0).collect();
    assert_eq!(lines, [2, 1]);
}

#[test]
fn shares_are_taken_from_sorted_values() {
    assert_eq!(share(vec![9, 1, 5], 0.5), 5);
    assert_eq!(share((1..=10).collect(), 0.9), 10);
    assert_eq!(share(Vec::new(), 0.5), 0);
}

//! The direction of dependencies inside the libraries. A new arrow between two
//! modules is a change of design: it begins by editing [`ORDER`].

mod paths;

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};

use super::source::{self, Module};
use paths::{Named, branches, names};

/// The modules of `cached-core` from top to bottom: each names only those below it.
const ORDER: &[&str] = &[
    "__private",
    "testing",
    "lazy",
    "cache",
    "engine",
    "registry",
    "backend",
    "policy",
    "value",
    "event",
    "entry",
    "codec",
    "tag",
    "cell",
    "key",
    "weigh",
    "time",
    "error",
    "sync",
];

/// What an adapter may name besides the port: values, no I/O, no decisions.
const VOCABULARY: &[&str] = &[
    "event", "entry", "tag", "cell", "key", "weigh", "time", "error", "sync",
];

/// The children of `backend` that are not adapters.
const PORT: &[&str] = &["port", "runtime"];

#[test]
fn every_module_has_a_place_in_the_order() {
    let modules = source::modules("cached-core");
    let top = modules.iter().filter(|module| module.path.len() == 1);
    let unknown: Vec<&String> = top
        .map(|module| &module.path[0])
        .filter(|name| !ORDER.contains(&name.as_str()))
        .collect();
    assert!(
        unknown.is_empty(),
        "not in ORDER of tests/it/layering.rs: {unknown:?}"
    );
}

#[test]
fn modules_name_only_modules_below_them() {
    let modules = source::modules("cached-core");
    let aliases = aliases(&modules[0].tokens);
    report(
        modules.iter().filter(|module| !module.path.is_empty()),
        |module, named| upward(&module.path[0], &named.path, &aliases),
    );
}

#[test]
fn adapters_name_the_vocabulary_and_the_port_only() {
    let modules = source::modules("cached-core");
    let aliases = aliases(&modules[0].tokens);
    let adapters: Vec<String> = adapters(&modules);
    let inside = modules
        .iter()
        .filter(|m| m.path.len() > 1 && adapters.contains(&m.path[1]));
    report(
        inside.filter(|m| m.path[0] == "backend"),
        |module, named| beyond_the_port(&module.path[1], &named.path, &adapters, &aliases),
    );
}

#[test]
fn generated_code_names_the_private_door_only() {
    report(
        source::modules("cached-macros").iter(),
        |_, named| match &named.path[..] {
            [library, door, ..] if library == "cached_core" && door != "__private" => Some(
                format!("generated code names `cached_core::{door}`, not `__private`"),
            ),
            _ => None,
        },
    );
}

/// Panics with every fault, one per line.
fn report<'a>(
    modules: impl Iterator<Item = &'a Module>,
    fault: impl Fn(&Module, &Named) -> Option<String>,
) {
    let mut faults = Vec::new();
    for module in modules {
        for named in names(&module.tokens, &module.path) {
            if let Some(fault) = fault(module, &named) {
                faults.push(format!(
                    "{}:{}: {fault}",
                    source::shown(&module.file),
                    named.line
                ));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// What is wrong with module `own` naming `path`, if anything.
fn upward(own: &str, path: &[String], aliases: &BTreeMap<String, String>) -> Option<String> {
    let rank = |module: &str| ORDER.iter().position(|name| *name == module);
    let own_rank = rank(own)?;
    let first = path.iter().find(|part| *part != "cached_core")?;
    let path = path.join("::");
    match rank(aliases.get(first).unwrap_or(first)) {
        Some(found) if found < own_rank => {
            Some(format!("`{own}` names `crate::{path}`, of a higher layer"))
        }
        None if first.starts_with(char::is_uppercase) => Some(format!(
            "`{own}` names `crate::{path}`; name it by its module"
        )),
        _ => None,
    }
}

/// What is wrong with adapter `own` naming `path`, if anything.
fn beyond_the_port(
    own: &str,
    path: &[String],
    adapters: &[String],
    aliases: &BTreeMap<String, String>,
) -> Option<String> {
    let first = path.first()?;
    let module = aliases.get(first).unwrap_or(first);
    let fine = match path.get(1) {
        _ if VOCABULARY.contains(&module.as_str()) => true,
        Some(child) if module == "backend" => child == own || !adapters.contains(child),
        _ => module == "backend",
    };
    (!fine).then(|| format!("adapter `{own}` names `crate::{}`", path.join("::")))
}

fn adapters(modules: &[Module]) -> Vec<String> {
    let children = modules
        .iter()
        .filter(|m| m.path.len() == 2 && m.path[0] == "backend");
    let names = children.map(|module| module.path[1].clone());
    names
        .filter(|name| !PORT.contains(&name.as_str()))
        .collect()
}

/// The names that the crate root re-exports, with the module each comes from.
fn aliases(lib: &TokenStream) -> BTreeMap<String, String> {
    let trees: Vec<TokenTree> = lib.clone().into_iter().collect();
    let mut found = BTreeMap::new();
    for (at, tree) in trees.iter().enumerate() {
        if matches!(tree, TokenTree::Ident(word) if word == "use") {
            for path in branches(&trees[at + 1..], &mut 0) {
                let path: Vec<String> = path
                    .into_iter()
                    .filter(|part| part != "crate" && part != "self")
                    .collect();
                // A macro may be named like a module: the module is what paths mean.
                if let [module, .., name] = &path[..]
                    && !ORDER.contains(&name.as_str())
                {
                    found.insert(name.clone(), module.clone());
                }
            }
        }
    }
    found
}

#[test]
fn arrows_are_judged_by_the_order() {
    let aliases = BTreeMap::from([("Cache".to_owned(), "cache".to_owned())]);
    let judge = |own: &str, path: &str| {
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        upward(own, &path, &aliases).is_some()
    };
    assert!(!judge("engine", "backend::port::Port"));
    assert!(!judge("engine", "engine::flight"));
    assert!(judge("key", "engine"));
    assert!(
        judge("key", "Cache"),
        "a re-export at the root is the module it comes from"
    );
    assert!(
        judge("key", "Unknown"),
        "a re-export whose module cannot be seen"
    );
    assert!(
        judge("key", "cached_core::Cache"),
        "the crate by its own name"
    );
}

#[test]
fn adapters_are_kept_apart() {
    let adapters = ["memory".to_owned(), "redis".to_owned()];
    let judge = |path: &str| {
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        beyond_the_port("redis", &path, &adapters, &BTreeMap::new()).is_some()
    };
    assert!(!judge("entry::Slot"));
    assert!(!judge("backend::Backend"));
    assert!(!judge("backend::port::Lease"));
    assert!(!judge("backend::redis::script"));
    assert!(judge("backend::memory::Memory"));
    assert!(judge("policy::decide"));
    assert!(judge("engine::read"));
}

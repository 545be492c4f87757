//! What the users of a library can name: counted, since each item is a thing to learn.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// Types, traits, functions, constants, macros and inherent methods, but not
/// modules, fields, variants and what is hidden from the documentation.
#[derive(Default)]
pub(crate) struct Items {
    pub(crate) public: Vec<String>,
    /// The names that the root gives out; without it, everything `pub` counts.
    pub(crate) offered: Option<BTreeSet<String>>,
}

/// The names that a crate root offers: its re-exports and its public modules.
pub(crate) fn offered(root: &syn::File) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in &root.items {
        match item {
            Item::Use(it) if seen(&it.vis, &it.attrs) => leaves(&it.tree, &mut names),
            Item::Mod(it) if seen(&it.vis, &it.attrs) => drop(names.insert(it.ident.to_string())),
            _ => {}
        }
    }
    names
}

fn leaves(tree: &UseTree, names: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, names),
        UseTree::Name(name) => drop(names.insert(name.ident.to_string())),
        UseTree::Rename(rename) => drop(names.insert(rename.ident.to_string())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, names)),
        UseTree::Glob(_) => panic!("lib.rs re-exports by `*`; name what it offers"),
    }
}

impl Items {
    /// Counts what a module adds. Below a public module everything `pub` is offered.
    pub(crate) fn look_into(&mut self, path: &[String], file: &syn::File) {
        let all = match (path.first(), &self.offered) {
            (None, _) => true,
            (Some(top), Some(offered)) => offered.contains(top),
            (Some(_), None) => false,
        };
        let offered = if all { self.offered.take() } else { None };
        self.visit_file(file);
        self.offered = self.offered.take().or(offered);
    }

    fn count(&mut self, name: &syn::Ident, visibility: &Visibility, attributes: &[Attribute]) {
        if seen(visibility, attributes) && self.offers(name) {
            self.public.push(name.to_string());
        }
    }

    fn offers(&self, name: &syn::Ident) -> bool {
        self.offered
            .as_ref()
            .is_none_or(|names| names.contains(&name.to_string()))
    }

    /// Whether users can name the type of an inherent impl.
    fn is_of(&self, owner: &syn::Type) -> bool {
        match owner {
            syn::Type::Path(path) => path
                .path
                .segments
                .last()
                .is_some_and(|segment| self.offers(&segment.ident)),
            _ => false,
        }
    }
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Const(it) => self.count(&it.ident, &it.vis, &it.attrs),
            Item::Enum(it) => self.count(&it.ident, &it.vis, &it.attrs),
            Item::Fn(it) => self.count(&it.sig.ident, &it.vis, &it.attrs),
            Item::Struct(it) => self.count(&it.ident, &it.vis, &it.attrs),
            Item::Trait(it) => self.count(&it.ident, &it.vis, &it.attrs),
            Item::Type(it) => self.count(&it.ident, &it.vis, &it.attrs),
            Item::Macro(it) if has(&it.attrs, "macro_export") && !hidden(&it.attrs) => {
                self.public
                    .extend(it.ident.as_ref().map(ToString::to_string));
            }
            Item::Mod(it) if !hidden(&it.attrs) => visit::visit_item_mod(self, it),
            Item::Impl(it)
                if it.trait_.is_none() && !hidden(&it.attrs) && self.is_of(&it.self_ty) =>
            {
                visit::visit_item_impl(self, it);
            }
            _ => {}
        }
    }

    fn visit_impl_item_fn(&mut self, method: &'ast syn::ImplItemFn) {
        if seen(&method.vis, &method.attrs) {
            self.public.push(method.sig.ident.to_string());
        }
    }
}

fn seen(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    matches!(visibility, Visibility::Public(_)) && !hidden(attributes)
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident(name))
}

fn hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        attribute.path().is_ident("doc")
            && list.is_ok_and(|list| list.tokens.to_string() == "hidden")
    })
}

#[test]
fn items_are_counted_as_users_see_them() {
    let file = |text: &str| syn::parse_file(text).expect("a file");
    let root = file("pub use a::{S, T as U}; #[doc(hidden)] pub mod private; pub mod open; mod a;");
    let mut items = Items {
        offered: Some(offered(&root)),
        ..Items::default()
    };
    let text = "pub struct S; impl S { pub fn m(&self) {} fn n() {} #[doc(hidden)] pub fn o() {} }
        pub struct Inner; impl Inner { pub fn p() {} } pub(crate) fn q() {}";
    items.look_into(&["a".to_owned()], &file(text));
    assert_eq!(items.public, ["S", "m"]);
    items.look_into(&["open".to_owned()], &file("pub fn r() {} fn s() {}"));
    items.look_into(&["private".to_owned()], &file("pub fn t() {}"));
    assert_eq!(items.public, ["S", "m", "r"]);
}

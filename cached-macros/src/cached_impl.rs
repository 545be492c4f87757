//! `#[cached_impl]` on an `impl` block: tells the attributes inside where they sit, and for a
//! trait impl adds the entries of its cached methods in an inherent impl beside it.

mod block;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Generics, Meta, Path, Token, TypePath, WhereClause, parse_quote};

use self::block::{Block, Item};
use crate::cached::ast::Ast;
use crate::cached::expand::reach;
use crate::cached::model::Layout;
use crate::cached::{refused, validate};
use crate::diagnostics::Faults;
use crate::place::Surroundings;
use crate::place::within::Within;
use crate::signature::types;

/// Expands the attribute on `item`.
pub(crate) fn expand(attr: TokenStream, item: TokenStream) -> TokenStream {
    match expanded(attr, item.clone()) {
        Ok(expanded) => expanded,
        Err(faults) => refused(faults, &item),
    }
}

fn expanded(attr: TokenStream, item: TokenStream) -> Result<TokenStream, Faults> {
    let mut faults = Faults::default();
    if !attr.is_empty() {
        faults.over(
            attr,
            "`#[cached_impl]` takes no options",
            "put them into the `#[cached(..)]` of each method",
        );
    }
    let mut block: Block = syn::parse2(item.clone()).map_err(|_| not_an_impl(&item))?;
    let siblings: TokenStream = block
        .items
        .iter()
        .filter_map(|item| block.sibling(item))
        .collect();
    if siblings.is_empty() && block.trait_path.is_some() {
        faults.over(
            &block.self_type,
            "no method here is `#[cached]`",
            "put `#[cached(..)]` on the methods, or remove `#[cached_impl]`",
        );
    }
    block.tell();
    let beside = block.beside(&siblings);
    faults.unless_any(quote!(#block #beside))
}

fn not_an_impl(item: &TokenStream) -> Faults {
    let mut faults = Faults::default();
    faults.over(
        item,
        "`#[cached_impl]` goes on an `impl` block",
        "put it on `impl Trait for Type`; a function takes `#[cached(..)]`",
    );
    faults
}

impl Block {
    /// The siblings of a cached method; nothing if its own attribute has something to say first.
    fn sibling(&self, item: &Item) -> Option<TokenStream> {
        let (Item::Function(function), Some(path)) = (item, &self.trait_path) else {
            return None;
        };
        let mut function = (**function).clone();
        let at = crate::attrs::position(&function.attrs, "cached")?;
        let attr = function.attrs.remove(at);
        Qualify { path }.visit_signature_mut(&mut function.sig);
        let mut faults = Faults::default();
        let ast = Ast::parse(self.told(&attr)?, &mut faults);
        let model = validate::check(ast, function, Surroundings::default(), faults).ok()?;
        match &model.layout {
            Layout::Reached(prefix) => Some(reach(&model, prefix)),
            Layout::Companion(_) | Layout::Siblings(_) | Layout::Inline => None,
        }
    }

    /// Adds to each attribute of this crate where it sits.
    fn tell(&mut self) {
        let within = Within::write(self.trait_name());
        for item in &mut self.items {
            let Item::Function(function) = item else {
                continue;
            };
            for name in ["cached", "invalidates"] {
                let Some(at) = crate::attrs::position(&function.attrs, name) else {
                    continue;
                };
                let Some(options) = options(&function.attrs[at]) else {
                    continue;
                };
                let (path, comma) = (function.attrs[at].path(), comma(&options));
                function.attrs[at] = parse_quote!(#[#path(#options #comma #within)]);
            }
        }
    }

    fn told(&self, attr: &Attribute) -> Option<TokenStream> {
        let (options, within) = (options(attr)?, Within::write(self.trait_name()));
        let comma = comma(&options);
        Some(quote!(#options #comma #within))
    }

    fn trait_name(&self) -> Option<&Ident> {
        self.trait_path
            .as_ref()?
            .segments
            .last()
            .map(|last| &last.ident)
    }

    /// The inherent impl that holds `siblings`.
    fn beside(&self, siblings: &TokenStream) -> Option<TokenStream> {
        let generics = self.constrained();
        let (params, _, bounds) = generics.split_for_impl();
        let ty = &self.self_type;
        let cfgs = self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
        (!siblings.is_empty()).then(|| quote!(#(#cfgs)* impl #params #ty #bounds { #siblings }))
    }

    /// The parameters that the type determines: an inherent impl may have no others.
    fn constrained(&self) -> Generics {
        let ty = self.self_type.to_token_stream();
        let mut generics = self.generics.clone();
        let names: Vec<String> = generics
            .params
            .iter()
            .map(name_of)
            .filter(|name| !types::mentions(ty.clone(), name))
            .collect();
        let free = |tokens: TokenStream| {
            names
                .iter()
                .any(|name| types::mentions(tokens.clone(), name))
        };
        generics.params = generics
            .params
            .into_iter()
            .filter(|param| !names.contains(&name_of(param)))
            .collect();
        if let Some(WhereClause { predicates, .. }) = &mut generics.where_clause {
            *predicates = std::mem::take(predicates)
                .into_iter()
                .filter(|predicate| !free(predicate.to_token_stream()))
                .collect();
        }
        generics
    }
}

fn name_of(param: &syn::GenericParam) -> String {
    match param {
        syn::GenericParam::Lifetime(param) => param.lifetime.ident.to_string(),
        syn::GenericParam::Type(param) => param.ident.to_string(),
        syn::GenericParam::Const(param) => param.ident.to_string(),
    }
}

/// What stands between the parentheses of an attribute.
fn options(attr: &Attribute) -> Option<TokenStream> {
    match &attr.meta {
        Meta::Path(_) => Some(TokenStream::new()),
        Meta::List(list) => Some(list.tokens.clone()),
        Meta::NameValue(_) => None,
    }
}

fn comma(options: &TokenStream) -> Option<Token![,]> {
    let last = options.clone().into_iter().last()?;
    let open = !matches!(last, TokenTree::Punct(sign) if sign.as_char() == ',');
    open.then(Default::default)
}

/// `Self::Id` means the trait's type only inside of its impl.
struct Qualify<'a> {
    path: &'a Path,
}

impl VisitMut for Qualify<'_> {
    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        let segments = &ty.path.segments;
        let projected = ty.qself.is_none() && segments.len() == 2 && segments[0].ident == "Self";
        if projected {
            let (path, name) = (self.path, &segments[1]);
            *ty = parse_quote!(<Self as #path>::#name);
        }
        visit_mut::visit_type_path_mut(self, ty);
    }
}

//! Which attribute of the annotated function goes where when it becomes several functions.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Meta, parse_quote};

/// The attributes of a function, sorted by what they are about.
#[derive(Default)]
pub(crate) struct Sorted {
    /// `#[cfg]`: on everything that is generated.
    pub(crate) everywhere: Vec<Attribute>,
    /// Documentation and promises to callers: on the function that callers see.
    pub(crate) wrapper: Vec<Attribute>,
    /// Lint levels: on every function that repeats the signature.
    pub(crate) lints: Vec<Attribute>,
    /// All others, such as `#[tracing::instrument]`: on the body.
    pub(crate) body: Vec<Attribute>,
}

impl Sorted {
    pub(crate) fn of(attrs: &[Attribute]) -> Self {
        let mut sorted = Self::default();
        for attr in attrs {
            sorted.add(attr);
        }
        sorted
    }

    fn add(&mut self, attr: &Attribute) {
        match group(&attr.meta) {
            Group::Everywhere => self.everywhere.push(attr.clone()),
            Group::Wrapper => self.wrapper.push(attr.clone()),
            Group::Lint => self.lints.push(unexpecting(attr)),
            Group::Body => self.body.push(attr.clone()),
        }
    }
}

enum Group {
    Everywhere,
    Wrapper,
    Lint,
    Body,
}

fn group(meta: &Meta) -> Group {
    let Some(name) = meta.path().get_ident().map(ToString::to_string) else {
        return Group::Body;
    };
    match name.as_str() {
        "cfg" => Group::Everywhere,
        "doc" | "deprecated" | "must_use" | "inline" => Group::Wrapper,
        "allow" | "warn" | "deny" | "forbid" | "expect" => Group::Lint,
        "cfg_attr" => applied(meta),
        _ => Group::Body,
    }
}

/// `#[cfg_attr(condition, attribute)]` goes where `attribute` goes.
fn applied(meta: &Meta) -> Group {
    let Meta::List(list) = meta else {
        return Group::Body;
    };
    let parts = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
    match list.parse_args_with(parts) {
        Ok(parts) if parts.len() == 2 => group(&parts[1]),
        _ => Group::Body,
    }
}

/// `#[expect]` would be met in one copy of the signature and missed in the others.
fn unexpecting(attr: &Attribute) -> Attribute {
    match &attr.meta {
        Meta::List(list) if list.path.is_ident("expect") => {
            let lints = &list.tokens;
            parse_quote!(#[allow(#lints)])
        }
        _ => attr.clone(),
    }
}

/// `#[tracing::instrument]` names its span after the function it stands on, which has another name
/// than the user's where it is the body of a method.
pub(crate) fn with_span_name(attr: &Attribute, name: &str) -> Attribute {
    let path = attr.path();
    match &attr.meta {
        Meta::Path(_) if is_named(attr, "instrument") => parse_quote!(#[#path(name = #name)]),
        Meta::List(list) if is_named(attr, "instrument") && !gives_name(&list.tokens) => {
            let given = &list.tokens;
            parse_quote!(#[#path(name = #name, #given)])
        }
        _ => attr.clone(),
    }
}

/// `name = "post"`, or `"post"` alone.
fn gives_name(given: &TokenStream) -> bool {
    let mut at_start = true;
    given.clone().into_iter().any(|token| {
        let names = match &token {
            TokenTree::Ident(word) => at_start && word == "name",
            TokenTree::Literal(_) => at_start,
            TokenTree::Group(_) | TokenTree::Punct(_) => false,
        };
        at_start = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == ',');
        names
    })
}

/// Where in `attrs` the attribute of this crate named `name` stands.
pub(crate) fn position(attrs: &[Attribute], name: &str) -> Option<usize> {
    attrs.iter().position(|attr| is_named(attr, name))
}

/// Whether `attr` is `#[name]` or `#[path::to::name]`.
pub(crate) fn is_named(attr: &Attribute, name: &str) -> bool {
    attr.path()
        .segments
        .last()
        .is_some_and(|last| last.ident == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_keeps_the_name_it_was_given() {
        use quote::ToTokens;
        let named = |attr: Attribute| {
            let named = with_span_name(&attr, "post").to_token_stream();
            named.to_string().replace(' ', "")
        };
        assert_eq!(
            named(parse_quote!(#[instrument])),
            "#[instrument(name=\"post\")]"
        );
        assert_eq!(
            named(parse_quote!(#[tracing::instrument(level = "debug", fields(name = 1))])),
            "#[tracing::instrument(name=\"post\",level=\"debug\",fields(name=1))]"
        );
        assert_eq!(
            named(parse_quote!(#[instrument(err, name = "x")])),
            "#[instrument(err,name=\"x\")]"
        );
        assert_eq!(
            named(parse_quote!(#[instrument("x", err)])),
            "#[instrument(\"x\",err)]"
        );
        assert_eq!(named(parse_quote!(#[other])), "#[other]");
    }

    #[test]
    fn every_attribute_has_a_place() {
        let sorted = Sorted::of(&[
            parse_quote!(#[doc = "text"]),
            parse_quote!(#[cfg(unix)]),
            parse_quote!(#[expect(clippy::too_many_arguments)]),
            parse_quote!(#[tracing::instrument(skip(db))]),
            parse_quote!(#[cfg_attr(docsrs, doc(hidden))]),
            parse_quote!(#[cfg_attr(feature = "x", tracing::instrument)]),
            parse_quote!(#[must_use]),
        ]);
        assert_eq!(sorted.everywhere.len(), 1);
        assert_eq!(sorted.wrapper.len(), 3);
        assert_eq!(sorted.body.len(), 2);
        let [lint] = sorted.lints.as_slice() else {
            panic!("one lint")
        };
        assert!(lint.path().is_ident("allow"));
    }
}

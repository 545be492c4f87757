//! The arguments of `entry_by`: one value per placeholder of the key and the tags.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Generics;

use crate::function::{Function, plain};
use crate::scope::{ident, writer, writing};
use crate::signature::{Signature, types};
use crate::template::{Modifier, Piece, Placeholder, Template};

pub(super) struct By<'a> {
    /// `id: impl KeyPart`, ..
    pub(super) inputs: Vec<TokenStream>,
    signature: &'a Signature,
}

impl<'a> By<'a> {
    /// `None` if there is nothing to be given.
    pub(super) fn of(
        key: &Template,
        tags: &[Template],
        signature: &'a Signature,
        private: &TokenStream,
    ) -> Option<Self> {
        let mut by = Self {
            inputs: Vec::new(),
            signature,
        };
        let mut seen = HashSet::new();
        for template in std::iter::once(key).chain(tags) {
            for placeholder in template.placeholders() {
                if !by.is_param(placeholder) && seen.insert(name(placeholder)) {
                    by.inputs.push(input(placeholder, template, private));
                }
            }
        }
        (!by.inputs.is_empty()).then_some(by)
    }

    fn is_param(&self, placeholder: &Placeholder) -> bool {
        placeholder.root == "Self" || self.is_type(placeholder) || self.is_const(placeholder)
    }

    fn is_type(&self, placeholder: &Placeholder) -> bool {
        self.signature
            .types
            .iter()
            .any(|param| plain(param) == placeholder.root)
    }

    fn is_const(&self, placeholder: &Placeholder) -> bool {
        self.signature
            .consts
            .iter()
            .any(|param| plain(param) == placeholder.root)
    }

    /// `|__k| { .. }`
    pub(super) fn writer(&self, template: &Template) -> TokenStream {
        let calls = template.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => quote!(.literal(#text)),
            Piece::Hole(placeholder) => {
                let name = match self.is_param(placeholder) {
                    true => ident(&placeholder.root, template.span),
                    false => ident(&name(placeholder), template.span),
                };
                match self.is_param(placeholder) && !self.is_const(placeholder) {
                    true => quote!(.type_part::<#name>()),
                    false => writing(placeholder.modifier, &quote!(&#name)),
                }
            }
        });
        writer(&calls.collect())
    }

    /// `.tag(|__k| { .. })` for each tag.
    pub(super) fn tags(&self, tags: &[Template]) -> TokenStream {
        let tag = |tag| {
            let write = self.writer(tag);
            quote!(.tag(#write))
        };
        tags.iter().map(tag).collect()
    }

    /// The function's parameters, where the key, the value or the cache depends on them: a
    /// parameter that nothing determines would have to be written at every call.
    pub(super) fn params(&self, key: &Template, function: &Function, needed: bool) -> Generics {
        let output = self.signature.output.to_token_stream();
        let mut params = self
            .signature
            .types
            .iter()
            .chain(&self.signature.consts)
            .map(plain);
        let used = |param: String| key.names(&param) || types::mentions(output.clone(), &param);
        match needed || params.any(used) {
            true => function.sig.generics.clone(),
            false => Generics::default(),
        }
    }
}

/// `post.author.id` as a name: `post_author_id`.
fn name(placeholder: &Placeholder) -> String {
    let name = placeholder.dotted().replace('.', "_");
    let name = if name == "self" {
        "self_value".to_owned()
    } else {
        name
    };
    match placeholder.modifier {
        Modifier::Plain => name,
        Modifier::Hash => format!("{name}_to_hash"),
        Modifier::Secret => format!("{name}_secret"),
    }
}

fn input(placeholder: &Placeholder, template: &Template, private: &TokenStream) -> TokenStream {
    let name = ident(&name(placeholder), template.span);
    match placeholder.modifier {
        Modifier::Hash => quote!(#name: impl #private::Serialize),
        Modifier::Plain | Modifier::Secret => quote!(#name: impl #private::KeyPart),
    }
}

//! An `impl` block as it is read and written: headers parsed, bodies kept as tokens.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Generics, Path, Token, Type, TypePath, token};

use crate::function::Function;

/// An `impl` block whose bodies are kept as tokens.
pub(super) struct Block {
    pub(super) attrs: Vec<Attribute>,
    pub(super) unsafety: Option<Token![unsafe]>,
    pub(super) generics: Generics,
    pub(super) trait_path: Option<Path>,
    pub(super) self_type: Type,
    pub(super) items: Vec<Item>,
}

pub(super) enum Item {
    Function(Box<Function>),
    Other(TokenStream),
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let unsafety = input.parse()?;
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = if input.peek(Token![<]) {
            input.parse()?
        } else {
            Generics::default()
        };
        let first: Type = input.parse()?;
        let (trait_path, self_type) = match (input.parse::<Option<Token![for]>>()?, first) {
            (None, ty) => (None, ty),
            (
                Some(_),
                Type::Path(TypePath {
                    qself: None, path, ..
                }),
            ) => (Some(path), input.parse()?),
            (Some(by), _) => return Err(syn::Error::new(by.span, "expected a trait before `for`")),
        };
        generics.where_clause = input.parse()?;
        let content;
        let _: token::Brace = syn::braced!(content in input);
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(Item::parse(&content)?);
        }
        Ok(Self {
            attrs,
            unsafety,
            generics,
            trait_path,
            self_type,
            items,
        })
    }
}

impl Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if Function::parse(&input.fork()).is_ok() {
            return input.parse().map(Box::new).map(Self::Function);
        }
        let mut tokens = TokenStream::new();
        let mut ends_at_brace = true;
        while !input.is_empty() {
            let tree: TokenTree = input.parse()?;
            ends_at_brace &= !matches!(&tree, TokenTree::Punct(sign) if sign.as_char() == '=');
            let is_end = match &tree {
                TokenTree::Punct(sign) => sign.as_char() == ';',
                TokenTree::Group(group) => {
                    ends_at_brace && group.delimiter() == proc_macro2::Delimiter::Brace
                }
                _ => false,
            };
            tokens.extend([tree]);
            if is_end {
                break;
            }
        }
        Ok(Self::Other(tokens))
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Function(function) => function.to_tokens(tokens),
            Self::Other(other) => other.to_tokens(tokens),
        }
    }
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            unsafety,
            generics,
            trait_path,
            self_type,
            items,
        } = self;
        let (params, _, bounds) = generics.split_for_impl();
        let of = trait_path.iter();
        tokens.extend(quote! {
            #(#attrs)* #unsafety impl #params #(#of for)* #self_type #bounds { #(#items)* }
        });
    }
}

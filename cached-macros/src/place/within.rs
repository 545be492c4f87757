//! What `#[cached_impl]` tells the attributes inside of its block: they need not look it up.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;

use super::{Place, Surroundings};
use crate::options::{Given, Value};

/// The option that carries the message; no user writes it.
pub(crate) const NAME: &str = "__within";

/// The surroundings as `#[cached_impl]` knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Within {
    pub(crate) around: Surroundings,
    /// Whether `#[cached_impl]` writes the companions.
    pub(crate) reached: bool,
}

impl Within {
    /// `__within(Load)` for `impl Load for X`, `__within()` for an inherent impl.
    pub(crate) fn read(given: &Given) -> Option<Self> {
        let Value::List(list) = &given.value else {
            return None;
        };
        let names = |input: syn::parse::ParseStream<'_>| {
            Punctuated::<Ident, Token![,]>::parse_terminated_with(input, Ident::parse_any)
        };
        let names: Vec<String> = names
            .parse2(list.clone())
            .ok()?
            .iter()
            .map(ToString::to_string)
            .collect();
        let place = if names.is_empty() {
            Place::Inherent
        } else {
            Place::TraitImpl
        };
        let around = Surroundings {
            place: Some(place),
            names,
        };
        Some(Self {
            around,
            reached: place == Place::TraitImpl,
        })
    }

    /// The option for an impl of the trait `name`.
    pub(crate) fn write(name: Option<&Ident>) -> TokenStream {
        quote!(__within(#name))
    }
}

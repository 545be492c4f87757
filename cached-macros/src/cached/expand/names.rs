//! How the functions beside a cached one are called, and what they are marked with.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The names of one cached function's companions.
#[derive(Clone, Copy)]
pub(super) enum Names<'a> {
    /// `Self::entry`, inside of a type of their own.
    Own,
    /// `Self::get_post_entry`, beside the method.
    Prefixed(&'a Ident),
}

impl Names<'_> {
    pub(super) fn of(self, what: &str) -> Ident {
        match self {
            Self::Own => format_ident!("{what}"),
            Self::Prefixed(prefix) => format_ident!("{prefix}_{what}", span = prefix.span()),
        }
    }

    pub(super) fn is_prefixed(self) -> bool {
        matches!(self, Self::Prefixed(_))
    }

    /// The attributes of a function that users may call: a companion's own are hidden with it.
    pub(super) fn documented(self, text: &str, method: &str) -> Option<TokenStream> {
        let text = text.replace("{}", &format!("[`{method}`](Self::{method})"));
        self.is_prefixed()
            .then(|| quote!(#[doc = #text] #[allow(dead_code)]))
    }

    /// The attributes of a function that only generated code calls.
    pub(super) fn hidden(self) -> Option<TokenStream> {
        self.is_prefixed()
            .then(|| quote!(#[doc(hidden)] #[allow(dead_code)]))
    }
}

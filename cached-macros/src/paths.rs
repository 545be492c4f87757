//! The one place that spells the path of the runtime.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

/// `::cached_core`, or what `crate = path` says.
#[derive(Clone, Default)]
pub(crate) struct Runtime {
    written: Option<Path>,
}

impl Runtime {
    pub(crate) fn at(written: Option<Path>) -> Self {
        Self { written }
    }

    /// `::cached_core::__private`: the only module that generated code names.
    pub(crate) fn private(&self) -> TokenStream {
        match &self.written {
            Some(path) => quote!(#path::__private),
            None => quote!(::cached_core::__private),
        }
    }
}

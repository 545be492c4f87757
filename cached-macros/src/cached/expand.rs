//! The generated code: what a caller of the function runs, and the functions beside it.

mod batch;
mod by;
mod companion;
mod entries;
pub(crate) mod inline;
mod names;
mod parts;
mod policy;

use proc_macro2::TokenStream;

use super::model::{Layout, Model};

/// The code for `model`.
pub(crate) fn expand(model: &Model) -> TokenStream {
    match &model.layout {
        Layout::Companion(name) => companion::free(model, name),
        Layout::Siblings(prefix) => companion::siblings(model, prefix),
        Layout::Inline => inline::inline(model, None),
        Layout::Reached(prefix) => inline::inline(model, Some(prefix)),
    }
}

/// The siblings that `#[cached_impl]` adds outside of a trait impl.
pub(crate) fn reach(model: &Model, prefix: &proc_macro2::Ident) -> TokenStream {
    companion::reaching(model, prefix)
}

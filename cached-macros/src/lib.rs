//! The attributes and derives of `cached-core`. Use them through that crate.

mod attrs;
mod cached;
mod cached_impl;
mod cached_property;
mod derive;
mod diagnostics;
mod function;
mod inline;
mod invalidates;
mod options;
mod paths;
mod place;
mod scope;
mod signature;
mod template;
#[cfg(test)]
mod testing;

use proc_macro::TokenStream;

/// Caches what a function returns.
#[proc_macro_attribute]
pub fn cached(attr: TokenStream, item: TokenStream) -> TokenStream {
    cached::expand(attr.into(), item.into(), place::of_call_site()).into()
}

/// Invalidates when a function ends.
#[proc_macro_attribute]
pub fn invalidates(attr: TokenStream, item: TokenStream) -> TokenStream {
    invalidates::expand(attr.into(), item.into(), place::of_call_site()).into()
}

/// Tells the attributes inside of an `impl` block where they sit.
#[proc_macro_attribute]
pub fn cached_impl(attr: TokenStream, item: TokenStream) -> TokenStream {
    cached_impl::expand(attr.into(), item.into()).into()
}

/// A lazy field.
#[proc_macro_attribute]
pub fn cached_property(attr: TokenStream, item: TokenStream) -> TokenStream {
    cached_property::expand(attr.into(), item.into()).into()
}

/// Gives a type a canonical form in keys.
#[proc_macro_derive(KeyPart, attributes(cached_core))]
pub fn derive_key_part(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::key_part::derive).into()
}

/// Gives a type a stable name.
#[proc_macro_derive(KeyType, attributes(cached_core, key_type))]
pub fn derive_key_type(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::key_type::derive).into()
}

/// Says that a type only leads to data.
#[proc_macro_derive(Handle, attributes(cached_core))]
pub fn derive_handle(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::handle::derive).into()
}

/// Renders a key.
#[proc_macro]
pub fn key(tokens: TokenStream) -> TokenStream {
    inline::key(tokens.into()).into()
}

/// Invalidates, async.
#[proc_macro]
pub fn invalidate(tokens: TokenStream) -> TokenStream {
    inline::invalidate(tokens.into(), "invalidate!", "invalidate").into()
}

/// Invalidates, sync.
#[proc_macro]
pub fn invalidate_blocking(tokens: TokenStream) -> TokenStream {
    inline::invalidate(tokens.into(), "invalidate_blocking!", "invalidate_blocking").into()
}

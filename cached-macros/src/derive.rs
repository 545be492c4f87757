//! The derives: `KeyPart`, `KeyType`, `Handle`.

pub(crate) mod handle;
pub(crate) mod key_part;
pub(crate) mod key_type;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, DeriveInput, Generics, Path, parse_quote};

use crate::diagnostics::Faults;
use crate::paths::Runtime;

/// Expands a derive.
pub(crate) fn expand(
    item: TokenStream,
    derive: fn(&DeriveInput, &TokenStream) -> Result<TokenStream, Faults>,
) -> TokenStream {
    let expanded = || {
        let input: DeriveInput = syn::parse2(item)?;
        let runtime = runtime(&input.attrs)?.private();
        derive(&input, &runtime)
    };
    expanded().unwrap_or_else(Faults::into_tokens)
}

/// `#[cached(crate = path)]`
fn runtime(attrs: &[Attribute]) -> Result<Runtime, Faults> {
    let mut written = None;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("cached")) {
        attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(
                    meta.error("unknown option\nhelp: write `crate = path::to::cached_core`")
                );
            }
            written = Some(meta.value()?.parse::<Path>()?);
            Ok(())
        })?;
    }
    Ok(Runtime::at(written))
}

/// `impl<T: Bound> Trait for Type<T> where .. { body }`
fn implement(
    input: &DeriveInput,
    of: &TokenStream,
    bound: Option<&TokenStream>,
    body: &TokenStream,
) -> TokenStream {
    let name = &input.ident;
    let generics = bounded(input.generics.clone(), bound);
    let (params, arguments, bounds) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #params #of for #name #arguments #bounds { #body }
    }
}

fn bounded(mut generics: Generics, bound: Option<&TokenStream>) -> Generics {
    for param in generics.type_params_mut() {
        param
            .bounds
            .extend(bound.map(|bound| -> syn::TypeParamBound { parse_quote!(#bound) }));
    }
    generics
}

#[cfg(test)]
mod tests;

//! `#[cached]`: parse → check → model → expand.

pub(crate) mod ast;
pub(crate) mod expand;
pub(crate) mod model;
pub(crate) mod validate;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::attrs;
use crate::diagnostics::Faults;
use crate::function::Function;
use crate::place::{Place, Surroundings};

/// Expands the attribute with arguments `attr` on `item`, which sits in `around`.
pub(crate) fn expand(attr: TokenStream, item: TokenStream, around: Surroundings) -> TokenStream {
    let function = match Function::parse_for("cached", item.clone()) {
        Ok(function) => function,
        Err(faults) => return refused(faults, &item),
    };
    let mut faults = Faults::default();
    let ast = ast::Ast::parse(attr, &mut faults);
    match validate::check(ast, function.clone(), around.clone(), faults) {
        Ok(model) => expand::expand(&model),
        Err(faults) => {
            let stand_in = stand_in(&function, &around);
            let refused = refused(faults, &uncached(function));
            quote!(#refused #stand_in)
        }
    }
}

/// The faults, and the untouched function so that they stay the only errors.
pub(crate) fn refused(faults: Faults, function: &impl ToTokens) -> TokenStream {
    let faults = faults.into_tokens();
    quote!(#function #faults)
}

/// The function without a second `#[cached]`, which would only repeat or contradict the faults.
fn uncached(mut function: Function) -> Function {
    function
        .attrs
        .retain(|attr| !attrs::is_named(attr, "cached"));
    function
}

/// An empty companion: paths through it are not one more error.
fn stand_in(function: &Function, around: &Surroundings) -> Option<TokenStream> {
    let free = around.place == Some(Place::Free) && function.sig.receiver().is_none();
    let (vis, name) = (&function.vis, &function.sig.ident);
    free.then(
        || quote!(#[doc(hidden)] #[allow(non_camel_case_types, dead_code)] #vis enum #name {}),
    )
}

#[cfg(test)]
mod tests;

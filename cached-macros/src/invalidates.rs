//! `#[invalidates]`: parse → check → expand.
//!
//! The targets are rendered before the body runs and invalidated when it ends, however it ends.
//! Nothing is added beside the function, so the attribute works wherever a function can stand.

pub(crate) mod ast;
pub(crate) mod check;
pub(crate) mod expand;
pub(crate) mod property;
pub(crate) mod target;

use proc_macro2::TokenStream;
use quote::ToTokens;

use crate::cached::refused;
use crate::diagnostics::Faults;
use crate::function::Function;
use crate::place::Surroundings;

/// Expands the attribute with arguments `attr` on `item`, which sits in `around`.
pub(crate) fn expand(attr: TokenStream, item: TokenStream, around: Surroundings) -> TokenStream {
    let function = match Function::parse_for("invalidates", item.clone()) {
        Ok(function) => function,
        Err(faults) => return refused(faults, &item),
    };
    expanded(attr, &function, around).unwrap_or_else(|faults| refused(faults, &function))
}

fn expanded(
    attr: TokenStream,
    function: &Function,
    around: Surroundings,
) -> Result<TokenStream, Faults> {
    let mut faults = Faults::default();
    let ast = ast::Ast::parse(attr, &mut faults);
    let around = ast.within.clone().map_or(around, |within| within.around);
    let mutator = check::check(ast, function.clone(), faults)?;
    let fields = &mutator.fields;
    let written = expand::expand(&mutator);
    match fields.is_empty() {
        true => Ok(written.to_token_stream()),
        false => property::expand(fields, &written, around.place, &mutator.runtime),
    }
}

#[cfg(test)]
mod tests;

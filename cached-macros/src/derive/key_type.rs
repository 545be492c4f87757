//! `#[derive(KeyType)]` with `#[key_type = "name"]`

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, DeriveInput, Expr, ExprLit, Lit, LitStr, Meta};

use super::implement;
use crate::diagnostics::Faults;

pub(crate) fn derive(input: &DeriveInput, private: &TokenStream) -> Result<TokenStream, Faults> {
    let name = name(input)?;
    if let Some(param) = input.generics.params.first() {
        let mut faults = Faults::default();
        faults.over(
            param,
            "the name of a generic type depends on its parameters",
            "implement `KeyType` for each instance that is used in a key",
        );
        return Err(faults);
    }
    Ok(implement(
        input,
        &quote!(#private::KeyType),
        None,
        &quote!(const NAME: &'static str = #name;),
    ))
}

fn name(input: &DeriveInput) -> Result<LitStr, Faults> {
    let mut faults = Faults::default();
    let form = "write `#[key_type = \"invoice\"]`: a name that stays the same when the type is \
                renamed or moved";
    let Some(attr) = input
        .attrs
        .iter()
        .find(|attr| attr.path().is_ident("key_type"))
    else {
        faults.at(
            input.ident.span(),
            "a `KeyType` needs a name of your choice",
            form,
        );
        return Err(faults);
    };
    let name = literal(attr);
    match &name {
        Some(name) if is_stable(&name.value()) => {}
        Some(name) => faults.over(name, "a name is made of `A-Z a-z 0-9 _ . ~ -`", form),
        None => faults.over(
            attr.meta.to_token_stream(),
            "the name is not written this way",
            form,
        ),
    }
    match name {
        Some(name) => faults.unless_any(name),
        None => Err(faults),
    }
}

fn literal(attr: &Attribute) -> Option<LitStr> {
    match &attr.meta {
        Meta::NameValue(meta) => match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(name),
                ..
            }) => Some(name.clone()),
            _ => None,
        },
        Meta::Path(_) | Meta::List(_) => None,
    }
}

fn is_stable(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.~-".contains(&b))
}

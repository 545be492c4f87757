//! `#[derive(KeyPart)]`: one field as the field itself, several as a tuple, a fieldless enum by
//! the names of its variants.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Fields, Index};

use super::implement;
use crate::diagnostics::Faults;
use crate::function::plain;

/// Tuples beyond this have no canonical form.
const MOST_FIELDS: usize = 12;

pub(crate) fn derive(input: &DeriveInput, private: &TokenStream) -> Result<TokenStream, Faults> {
    let part = quote!(#private::KeyPart);
    let write = match &input.data {
        Data::Struct(data) => fields(&data.fields, &part)?,
        Data::Enum(data) => variants(data)?,
        Data::Union(data) => {
            return Err(fault(
                data.union_token.span,
                "a union has no canonical form",
                "implement `KeyPart` by hand",
            ));
        }
    };
    let body = quote!(fn write_key(&self, __k: &mut #private::KeyWriter) { #write });
    Ok(implement(input, &part, Some(&part), &body))
}

fn fault(span: Span, wrong: &str, write: &str) -> Faults {
    let mut faults = Faults::default();
    faults.at(span, wrong, write);
    faults
}

fn fields(fields: &Fields, part: &TokenStream) -> Result<TokenStream, Faults> {
    if fields.len() > MOST_FIELDS {
        return Err(fault(
            fields.span(),
            "more than 12 fields",
            "group fields in structs that derive `KeyPart`, or use `<x:hash>` in the template",
        ));
    }
    let values: Vec<TokenStream> = fields
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let member = match &field.ident {
                Some(name) => name.to_token_stream(),
                None => Index::from(at).to_token_stream(),
            };
            quote_spanned!(field.ty.span()=> &self.#member)
        })
        .collect();
    Ok(match values.as_slice() {
        [only] => quote!(#part::write_key(#only, __k)),
        values => quote!(#part::write_key(&(#(#values),*), __k)),
    })
}

fn variants(data: &DataEnum) -> Result<TokenStream, Faults> {
    let mut faults = Faults::default();
    for variant in data
        .variants
        .iter()
        .filter(|variant| !variant.fields.is_empty())
    {
        faults.over(
            variant,
            format!(
                "`{}` holds data: only enums without any have a canonical form",
                variant.ident
            ),
            "implement `KeyPart` by hand, or use `<x:hash>` in the template",
        );
    }
    if data.variants.is_empty() {
        return faults.unless_any(quote!(match *self {}));
    }
    let arms = data.variants.iter().map(|variant| {
        let (ident, name) = (&variant.ident, plain(&variant.ident));
        quote!(Self::#ident { .. } => #name)
    });
    let write = quote!(__k.text(match self { #(#arms),* }));
    faults.unless_any(write)
}

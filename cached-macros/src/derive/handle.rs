//! `#[derive(Handle)]`

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use super::implement;
use crate::diagnostics::Faults;

pub(crate) fn derive(input: &DeriveInput, private: &TokenStream) -> Result<TokenStream, Faults> {
    Ok(implement(
        input,
        &quote!(#private::Handle),
        None,
        &TokenStream::new(),
    ))
}

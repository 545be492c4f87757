//! `skip(db, self)`: what is no part of the key, by the author's word.

use proc_macro2::Ident;
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct Skip;

impl Opt for Skip {
    const NAME: &'static str = "skip";
    const FORM: &'static str = "skip(db)` or `skip(self, db)";
    type Value = Vec<Ident>;

    fn read(given: Given, faults: &mut Faults) -> Option<Vec<Ident>> {
        let names = Punctuated::<Ident, Token![,]>::parse_terminated_with;
        let Value::List(list) = &given.value else {
            return Self::malformed(&given, faults);
        };
        let parse = |input: syn::parse::ParseStream<'_>| names(input, Ident::parse_any);
        match parse.parse2(list.clone()) {
            Ok(names) if !names.is_empty() => Some(names.into_iter().collect()),
            _ => Self::malformed(&given, faults),
        }
    }
}

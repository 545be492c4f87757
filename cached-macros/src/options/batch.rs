//! `batch(id in ids)`: one call for many keys, of which each is made of one of the `ids`.

use proc_macro2::Ident;
use syn::Token;
use syn::parse::{ParseStream, Parser};

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct Batch;

/// What one id is called in templates, and the argument that holds all of them.
pub(crate) struct Ids {
    pub(crate) id: Ident,
    pub(crate) ids: Ident,
}

impl Opt for Batch {
    const NAME: &'static str = "batch";
    const FORM: &'static str = "batch(id in ids)";
    type Value = Ids;

    fn read(given: Given, faults: &mut Faults) -> Option<Ids> {
        let parse = |input: ParseStream<'_>| {
            let id = input.parse()?;
            input.parse::<Token![in]>()?;
            let ids = input.parse()?;
            Ok(Ids { id, ids })
        };
        let Value::List(list) = &given.value else {
            return Self::malformed(&given, faults);
        };
        match parse.parse2(list.clone()) {
            Ok(ids) => Some(ids),
            Err(_) => Self::malformed(&given, faults),
        }
    }
}

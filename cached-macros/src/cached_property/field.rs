//! The path of a field below `self`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ExprField, Member};

/// `word_count` or `totals.0.words`.
#[derive(Clone)]
pub(crate) struct FieldPath {
    members: Vec<Member>,
}

impl FieldPath {
    /// The field of that name.
    pub(crate) fn named(name: &Ident) -> Self {
        Self {
            members: vec![Member::Named(name.clone())],
        }
    }

    /// Reads `self.totals.words`, or `totals.words`; `None` if it is anything else.
    pub(crate) fn of(written: &Expr) -> Option<Self> {
        let mut members = Vec::new();
        collect(written, &mut members)?;
        (!members.is_empty()).then_some(Self { members })
    }
}

impl FieldPath {
    /// A reference to the field of `receiver`, shown at `span`.
    ///
    /// A field of `Self` is taken by a pattern: with `self.word_count` rustc would find the method of
    /// that name, and advise to call it, where the field was forgotten.
    pub(crate) fn borrowed(&self, receiver: &Ident, span: Span) -> TokenStream {
        match &self.members[..] {
            [member] => quote_spanned!(span=> {
                let Self { #member: __field, .. } = #receiver;
                __field
            }),
            _ => quote_spanned!(span=> &#receiver.#self),
        }
    }
}

fn collect(written: &Expr, members: &mut Vec<Member>) -> Option<()> {
    match written {
        Expr::Field(ExprField { base, member, .. }) => {
            collect(base, members)?;
            members.push(member.clone());
        }
        Expr::Path(root) => {
            let root = root.path.get_ident()?;
            if root != "self" {
                members.push(Member::Named(root.clone()));
            }
        }
        _ => return None,
    }
    Some(())
}

impl ToTokens for FieldPath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let members = &self.members;
        tokens.extend(quote!(#(#members).*));
    }
}

//! `#[invalidates(self.field)]`: resets lazy fields before and after a method, however it ends.
//!
//! A guard resets when it is made and when it is dropped, so an unwinding body and a dropped future
//! are covered. With `&mut self` the guard has to own the reference while the body runs, so the
//! body moves to a hidden method beside this one and is called through the guard. With `&self`
//! the body stays where it is; the compiler then insists on fields that hand out `Arc`s.
//!
//! Key and tag targets of the same attribute are expanded first: the method that arrives here
//! carries them in its body.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Lifetime, Pat, Receiver, ReceiverKind, ReturnType, Type, TypeReference};

use crate::attrs::Sorted;
use crate::cached_property::borrows::{self, Found};
use crate::cached_property::field::FieldPath;
use crate::diagnostics::Faults;
use crate::function::Function;
use crate::paths::Runtime;
use crate::place::Place;
use crate::signature::{Flow, Signature};

#[cfg(test)]
mod tests;

/// The method with its fields reset around it, and its hidden sibling if it needs one.
pub(crate) fn expand(
    fields: &[FieldPath],
    method: &Function,
    place: Option<Place>,
    runtime: &Runtime,
) -> Result<TokenStream, Faults> {
    let mut faults = Faults::default();
    let access = check(method, place, &mut faults);
    let Some(access) = access else {
        return Err(faults);
    };
    let access = faults.unless_any(access)?;
    let resets = Resets { fields, runtime };
    Ok(match access {
        Access::Shared => resets.in_place(method),
        Access::Exclusive => resets.through_sibling(method),
    })
}

/// How the method reaches `self`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Shared,
    Exclusive,
}

fn check(method: &Function, place: Option<Place>, faults: &mut Faults) -> Option<Access> {
    method.check("invalidates", faults);
    let access = access(method, faults)?;
    if Signature::of(method).flow == Flow::Boxed || returns_future(method) {
        faults.over(
            &method.sig.output,
            "this method returns before its work is done, so its fields would be reset too early",
            "write an inherent `async fn` with this `#[invalidates(self.field)]` and await it here",
        );
    } else if access == Access::Exclusive {
        check_exclusive(method, place, faults);
    }
    Some(access)
}

fn check_exclusive(method: &Function, place: Option<Place>, faults: &mut Faults) {
    if matches!(place, Some(Place::TraitImpl | Place::Trait)) {
        faults.at(
            method.sig.ident.span(),
            "`#[invalidates(self.field)]` on `&mut self` does not work in a trait implementation, \
             because it needs a second method beside this one",
            "write an inherent method with this attribute, and call it from here",
        );
    }
    if borrows(method) {
        faults.over(
            &method.sig.output,
            "this method hands out a borrow of `self`, which would have to end before the fields \
             can be reset",
            "return an owned value; for changes by the caller take a closure: \
             `impl FnOnce(&mut T)`",
        );
    }
}

fn access(method: &Function, faults: &mut Faults) -> Option<Access> {
    let access = method
        .sig
        .receiver()
        .and_then(|receiver| match &receiver.kind {
            ReceiverKind::Reference(_, _, mutability) => Some(mutability.is_some()),
            ReceiverKind::Typed(_, ty) => match &**ty {
                Type::Reference(TypeReference {
                    mutability, elem, ..
                }) if elem.to_token_stream().to_string() == "Self" => Some(mutability.is_some()),
                _ => None,
            },
            _ => None,
        });
    if access.is_none() {
        faults.at(
            method
                .sig
                .receiver()
                .map_or(method.sig.ident.span(), |receiver| receiver.span()),
            "`#[invalidates(self.field)]` resets the field after the method, so it needs a `self` \
             that is still there",
            "take `&mut self` (or `&self`, if the field is a `CachedProperty<_, Shared>`)",
        );
    }
    access.map(|exclusive| {
        if exclusive {
            Access::Exclusive
        } else {
            Access::Shared
        }
    })
}

fn returns_future(method: &Function) -> bool {
    method.sig.asyncness.is_none()
        && crate::signature::types::mentions(method.sig.output.to_token_stream(), "Future")
}

/// Whether the return type borrows from `self`.
fn borrows(method: &Function) -> bool {
    let ReturnType::Type(_, returned) = &method.sig.output else {
        return false;
    };
    let own = method
        .sig
        .receiver()
        .and_then(lifetime)
        .into_iter()
        .collect();
    borrows::find(returned, own) == Some(Found::Borrow)
}

fn lifetime(receiver: &Receiver) -> Option<Lifetime> {
    match &receiver.kind {
        ReceiverKind::Reference(_, lifetime, _) => lifetime.clone(),
        _ => None,
    }
}

struct Resets<'a> {
    fields: &'a [FieldPath],
    runtime: &'a Runtime,
}

impl Resets<'_> {
    /// The guard first, the body after it.
    fn in_place(&self, method: &Function) -> TokenStream {
        let private = self.runtime.private();
        let this = this(method);
        let resets = self.fields.iter().map(|field| {
            quote_spanned!(field.span()=> #private::ResetByRef::reset_by_ref(&__this.#field);)
        });
        // Without its braces: next to a statement they would be called superfluous.
        let body = method.body.as_ref().map(Group::stream);
        let mut method = method.clone();
        method.body = Some(braced(quote!(
            let __resetting = #private::Resetting::new(#this, |__this: &mut &Self| {
                let __this: &Self = __this;
                #(#resets)*
            });
            #body
        )));
        method.into_token_stream()
    }

    /// The guard owns `self`; the body is called through it.
    fn through_sibling(&self, method: &Function) -> TokenStream {
        let private = self.runtime.private();
        let this = this(method);
        let resets = self.fields.iter().map(|field| {
            quote_spanned!(field.span()=> #private::ResetByMut::reset_by_mut(&mut __this.#field);)
        });
        let sibling = sibling(method);
        let name = &sibling.sig.ident;
        let (wrapper, arguments) = wrapper(method);
        let turbofish = Signature::of(method).turbofish(method);
        let wait = method.sig.asyncness.map(|_| quote!(.await));
        let mut wrapper = wrapper;
        wrapper.body = Some(braced(quote!(
            let mut __resetting =
                #private::Resetting::new(#this, |__this: &mut &mut Self| {
                    let __this: &mut Self = __this;
                    #(#resets)*
                });
            Self::#name #turbofish(__resetting.target(), #(#arguments),*) #wait
        )));
        quote!(#wrapper #sibling)
    }
}

fn this(method: &Function) -> Ident {
    let span = method
        .sig
        .receiver()
        .map(|receiver| receiver.self_token.span());
    Ident::new("self", span.unwrap_or_else(|| method.sig.ident.span()))
}

fn braced(tokens: TokenStream) -> Group {
    Group::new(Delimiter::Brace, tokens)
}

/// The body under a hidden name, with the attributes that stood below.
fn sibling(method: &Function) -> Function {
    let mut sibling = method.clone();
    sibling.sig.ident = format_ident!("{}_between_resets", method.name());
    sibling.sig.ident.set_span(method.sig.ident.span());
    sibling.vis = syn::Visibility::Inherited;
    let Sorted {
        everywhere,
        lints,
        body,
        ..
    } = Sorted::of(&method.attrs);
    sibling.attrs = [
        vec![syn::parse_quote!(#[doc(hidden)])],
        everywhere,
        lints,
        body,
    ]
    .concat();
    sibling
}

/// The signature for callers, with a name for every argument, and those names.
fn wrapper(method: &Function) -> (Function, Vec<Ident>) {
    let mut wrapper = method.clone();
    let sorted = Sorted::of(&method.attrs);
    wrapper.attrs = [sorted.everywhere, sorted.wrapper, sorted.lints].concat();
    let mut names = Vec::new();
    for input in &mut wrapper.sig.inputs {
        let FnArg::Typed(argument) = input else {
            continue;
        };
        let name = match &*argument.pat {
            Pat::Ident(pat) if pat.subpat.is_none() => pat.ident.clone(),
            _ => format_ident!("__arg{}", names.len(), span = Span::mixed_site()),
        };
        *argument.pat = syn::parse_quote!(#name);
        names.push(name);
    }
    if let Some(FnArg::Receiver(receiver)) = wrapper.sig.inputs.first_mut() {
        receiver.mutability = None;
    }
    (wrapper, names)
}

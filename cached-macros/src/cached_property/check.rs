//! What a getter must look like.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, Lifetime, Receiver, ReceiverKind, ReturnType, Type, TypeReference};

use super::borrows::{self, Found};
use crate::diagnostics::Faults;
use crate::function::Function;

const OWNED: &str = "a property is stored in the struct it is computed from, so it cannot borrow \
                     from it: return an owned value (`String`, `Vec<_>`, `Arc<_>`)";

/// The parts of a method that a getter needs.
pub(super) struct Getter {
    pub(super) receiver: Ident,
    pub(super) lifetime: Option<Lifetime>,
    pub(super) returned: Type,
}

/// Notes every fault; `None` goes with at least one.
pub(super) fn check(function: &Function, faults: &mut Faults) -> Option<Getter> {
    function.check("cached_property", faults);
    check_arguments(function, faults);
    check_generics(function, faults);
    let returned = returned(function, faults);
    let (receiver, lifetime) = receiver(function, faults)?;
    Some(Getter {
        receiver,
        lifetime,
        returned: returned?,
    })
}

fn receiver(function: &Function, faults: &mut Faults) -> Option<(Ident, Option<Lifetime>)> {
    let Some(receiver) = function.sig.receiver() else {
        faults.at(
            function.sig.ident.span(),
            "a property is a method: it needs `&self`",
            "write `fn name(&self) -> T`; to cache a function by its arguments use `#[cached]`",
        );
        return None;
    };
    let lifetime = shared_reference(receiver);
    if lifetime.is_none() {
        faults.over(
            receiver,
            "a property is read through `&self`",
            "take `&self`: it is computed once and then only looked at; a method that changes \
             the struct resets it with `#[invalidates(self.field)]`",
        );
    }
    let token = Ident::new("self", receiver.self_token.span());
    lifetime.map(|lifetime| (token, lifetime))
}

/// The lifetime of `&self`, `&'a self`, `self: &Self`; `None` for any other receiver.
fn shared_reference(receiver: &Receiver) -> Option<Option<Lifetime>> {
    match &receiver.kind {
        ReceiverKind::Reference(_, lifetime, None) => Some(lifetime.clone()),
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(TypeReference {
                lifetime,
                mutability: None,
                elem,
                ..
            }) if elem.to_token_stream().to_string() == "Self" => Some(lifetime.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn check_arguments(function: &Function, faults: &mut Faults) {
    for input in &function.sig.inputs {
        if let FnArg::Typed(argument) = input {
            faults.over(
                argument,
                "a property has no arguments",
                "remove it, or use `#[cached]`, which caches by arguments",
            );
        }
    }
}

fn check_generics(function: &Function, faults: &mut Faults) {
    for param in &function.sig.generics.params {
        if !matches!(param, GenericParam::Lifetime(_)) {
            faults.over(
                param,
                "a property has no type parameters: its field holds one value",
                "move the parameter to the `impl` block, or use `#[cached]` with `<T>` in the key",
            );
        }
    }
}

fn returned(function: &Function, faults: &mut Faults) -> Option<Type> {
    let ReturnType::Type(_, returned) = &function.sig.output else {
        return missing(function.sig.ident.span(), faults);
    };
    match &**returned {
        Type::Tuple(tuple) if tuple.elems.is_empty() => missing(returned.span(), faults),
        Type::Never(_) => missing(returned.span(), faults),
        _ => {
            check_ownership(function, returned, faults);
            Some((**returned).clone())
        }
    }
}

fn missing(span: Span, faults: &mut Faults) -> Option<Type> {
    faults.at(
        span,
        "a property without a value",
        "return what is to be kept: `-> T`",
    );
    None
}

fn check_ownership(function: &Function, returned: &Type, faults: &mut Faults) {
    let own = function
        .sig
        .generics
        .lifetimes()
        .map(|param| param.lifetime.clone())
        .collect();
    match borrows::find(returned, own) {
        Some(Found::Borrow) => faults.over(returned, "the return type borrows from `self`", OWNED),
        Some(Found::Unnamed) => faults.over(
            returned,
            "a property needs a named type: it is the type of a field",
            "return an owned, named type, for example `.collect::<Vec<_>>()`",
        ),
        None => {}
    }
}

//! Whether each argument is in the key, or said not to matter.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Generics, parse_quote};

use crate::cached::ast::Ast;
use crate::cached::model::Proof;
use crate::diagnostics::{Faults, did_you_mean};
use crate::function::{Function, plain};
use crate::scope::Scope;
use crate::signature::{Argument, Signature, types};
use crate::template::Template;

/// Whether `skip(..)` names `name`.
pub(crate) fn skips(ast: &Ast, name: &str) -> bool {
    ast.skip
        .iter()
        .flatten()
        .any(|skipped| plain(skipped) == name)
}

/// Notes what is neither in the key nor skipped; what only the compiler can tell is returned.
pub(crate) fn check(
    ast: &Ast,
    function: &Function,
    signature: &Signature,
    faults: &mut Faults,
) -> Vec<Proof> {
    check_skip(ast, signature, faults);
    for argument in &signature.arguments {
        check_named(argument, faults);
    }
    // Without a key every argument is in it; what a faulty one would name is unknown.
    let Some(key) = ast.key.as_ref().filter(|key| is_sound(key, signature)) else {
        return Vec::new();
    };
    let covered = |name: &str| key.names(name) || skips(ast, name);
    let mut proofs = Vec::new();
    for argument in &signature.arguments {
        let named = argument
            .bindings
            .iter()
            .any(|binding| covered(&plain(binding)));
        if !named && !argument.bindings.is_empty() && !types::is_mut_ref(&argument.ty) {
            proofs.extend(uncovered(argument, faults));
        }
    }
    for param in signature.types.iter().chain(&signature.consts) {
        if !covered(&plain(param)) {
            proofs.extend(uncovered_param(param, &function.sig.generics, faults));
        }
    }
    if let Some(receiver) = signature.receiver.as_ref().filter(|_| !covered("self")) {
        proofs.push(Proof::SelfHandle(receiver.token.span()));
    }
    proofs
}

/// Whether every placeholder names something.
fn is_sound(key: &Template, signature: &Signature) -> bool {
    let scope = Scope::of_companion(signature, true);
    key.placeholders()
        .all(|placeholder| scope.resolve(&placeholder.root, key.span).is_some())
}

/// A parameter is a fault, unless it is bound to be a handle.
fn uncovered_param(param: &Ident, generics: &Generics, faults: &mut Faults) -> Option<Proof> {
    let name = plain(param);
    if types::is_bound_by(generics, &name, "Handle") {
        return Some(Proof::Handle(Box::new(parse_quote!(#param))));
    }
    faults.at(
        param.span(),
        format!("`{name}` is not in the key: calls that differ only in it would share a value"),
        format!(
            "add `<{name}>` to the key (a type needs `KeyType`), or `skip({name})` if it does not \
             change the value"
        ),
    );
    None
}

/// An argument of plain data is a fault; of another type the compiler is asked.
fn uncovered(argument: &Argument, faults: &mut Faults) -> Option<Proof> {
    let opaque = types::mentions(argument.ty.to_token_stream(), "impl");
    if !types::is_data(&argument.ty) && !opaque {
        return Some(Proof::Handle(Box::new(argument.ty.clone())));
    }
    let name = argument.bindings.first().map_or_else(String::new, plain);
    faults.at(
        argument.span(),
        format!("`{name}` is not in the key: calls that differ only in it would share a value"),
        format!(
            "add `<{name}>` to the key, or `skip({name})` if it does not change the value; a type \
             that only leads to data (a pool, a client) can `#[derive(Handle)]`"
        ),
    );
    None
}

fn check_named(argument: &Argument, faults: &mut Faults) {
    if argument.bindings.is_empty() {
        faults.at(
            argument.span(),
            "an argument without a name can be neither in the key nor skipped",
            "name it, `_unused`, and add `skip(_unused)`",
        );
    }
}

fn check_skip(ast: &Ast, signature: &Signature, faults: &mut Faults) {
    let scope = Scope::of_companion(signature, signature.receiver.is_some());
    let names = scope.names();
    for skipped in ast.skip.iter().flatten() {
        let name = plain(skipped);
        if ast.key.as_ref().is_some_and(|key| key.names(&name)) {
            faults.at(
                skipped.span(),
                format!("`{name}` is in the key and skipped"),
                format!("remove `<{name}>` from the key, or `{name}` from `skip(..)`"),
            );
        } else if name != "Self" && !names.contains(&name) {
            let meant = did_you_mean(&name, names.iter().map(String::as_str), |n| {
                format!("`{n}`")
            });
            let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let write = scope
                .of_the_impl(&name)
                .unwrap_or_else(|| format!("what can be skipped here: {}", list.join(", ")));
            faults.at(
                skipped.span(),
                format!("`skip({name})` names no argument{meant}"),
                write,
            );
        }
    }
}

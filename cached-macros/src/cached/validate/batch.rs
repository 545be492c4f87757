//! What a batch is called for, and what its templates can name: one id instead of all of them.

use proc_macro2::Ident;
use quote::quote;
use syn::Type;

use crate::cached::ast::Ast;
use crate::cached::model::Batch;
use crate::diagnostics::{Faults, did_you_mean};
use crate::function::{Function, plain};
use crate::options::batch::Ids;
use crate::signature::{Argument, Signature, types};

/// The batch that the options describe, and the signature that its templates see.
pub(super) fn check(
    ast: &Ast,
    function: &Function,
    faults: &mut Faults,
) -> (Option<Batch>, Signature) {
    let mut keyed = Signature::of(function);
    let Some(ids) = &ast.batch else {
        return (None, keyed);
    };
    check_beside(ast, ids, &keyed, faults);
    check_output(&keyed.output, faults);
    let batch = batch(ids, &keyed, faults);
    if let Some(batch) = &batch {
        let one = one_of(batch);
        let all = keyed
            .arguments
            .iter_mut()
            .find(|all| binds(all, &batch.ids));
        if let Some(all) = all {
            *all = one;
        }
    }
    (batch, keyed)
}

/// What does not go together with a batch.
fn check_beside(ast: &Ast, ids: &Ids, signature: &Signature, faults: &mut Faults) {
    let id = plain(&ids.id);
    if !ast.key_given {
        faults.at(
            ids.id.span(),
            "a batch needs a `key`, made of one id",
            format!("add the key of the function of one id: `key = \"post:<{id}>\"`"),
        );
    }
    if let Some(receiver) = signature.receiver.as_ref().filter(|r| r.by_value) {
        faults.at(
            receiver.token.span(),
            "a batch takes no `self` by value: its body may run more than once",
            "take `&self`",
        );
    }
}

/// What is spelled as no map; the traits see the rest.
fn check_output(output: &Type, faults: &mut Faults) {
    const SETS: [&str; 4] = ["HashSet", "BTreeSet", "VecDeque", "Arc"];
    let map = match types::last_segment(output) {
        Some(last) if last.ident == "Result" => types::arguments(last).into_iter().next(),
        _ => Some(output),
    };
    let Some(map) = map else { return };
    let last = types::last_segment(map);
    if types::is_data(map) || last.is_some_and(|last| SETS.iter().any(|set| last.ident == set)) {
        return faults.over(
            map,
            "a batch returns its values by their ids",
            "write `HashMap<K, V>`, `BTreeMap<K, V>`, or a `Result` of one of them, where `K` is \
             the type of the ids",
        );
    }
    let values = last.map(types::arguments).unwrap_or_default();
    let fails = |value: &Type| types::last_segment(value).is_some_and(|v| v.ident == "Result");
    if let Some(value) = values.get(1).filter(|value| fails(value)) {
        faults.over(
            value,
            "a batch fails as a whole: its map holds values or `Option`s of them",
            "return a `Result` of the map: `Result<HashMap<K, V>, E>`",
        );
    }
}

fn batch(ids: &Ids, signature: &Signature, faults: &mut Faults) -> Option<Batch> {
    let (id, all) = (plain(&ids.id), plain(&ids.ids));
    let Some((argument, _)) = signature.argument(&all) else {
        let names = signature.arguments.iter().flat_map(|a| &a.bindings);
        let names: Vec<String> = names.map(plain).collect();
        let meant = did_you_mean(&all, names.iter().map(String::as_str), |n| format!("`{n}`"));
        faults.at(
            ids.ids.span(),
            format!("`{all}` names no argument{meant}"),
            format!("name the argument that holds the ids: `batch({id} in <argument>)`"),
        );
        return None;
    };
    if id != all && signature.argument(&id).is_some() {
        faults.at(
            ids.id.span(),
            format!("`{id}` is an argument already"),
            format!("give one of `{all}` a name of its own"),
        );
        return None;
    }
    let Some((ty, by_ref)) = item(&argument.ty).filter(|_| argument.unpack().is_none()) else {
        let ty = &argument.ty;
        let text = quote!(#ty).to_string().replace(' ', "");
        faults.over(
            &argument.ty,
            format!("the ids of a batch are a slice or a `Vec`, not `{text}`"),
            format!("write `{all}: &[K]` or `{all}: Vec<K>`"),
        );
        return None;
    };
    Some(Batch {
        id: ids.id.clone(),
        ids: argument.name.clone(),
        ty: ty.clone(),
        by_ref: by_ref.cloned(),
    })
}

/// `K` of `&[K]`, `&Vec<K>` or `Vec<K>`, and what the reference of the former is to.
fn item(ty: &Type) -> Option<(&Type, Option<&Type>)> {
    match types::strip(ty) {
        Type::Reference(reference) if reference.mutability.is_none() => {
            let inner = types::strip(&reference.elem);
            let item = match inner {
                Type::Slice(slice) => &*slice.elem,
                inner => of_vec(inner)?,
            };
            Some((item, Some(inner)))
        }
        ty => Some((of_vec(ty)?, None)),
    }
}

fn of_vec(ty: &Type) -> Option<&Type> {
    let last = types::last_segment(ty).filter(|last| last.ident == "Vec")?;
    types::arguments(last).into_iter().next()
}

fn binds(argument: &Argument, name: &Ident) -> bool {
    argument.name == *name
}

/// One id in the place of all.
fn one_of(batch: &Batch) -> Argument {
    let id = &batch.id;
    Argument {
        name: id.clone(),
        ty: batch.ty.clone(),
        pat: syn::parse_quote!(#id),
        bindings: vec![id.clone()],
    }
}

//! Checks the options against each other and against the function, and builds the model.

mod batch;
mod coverage;

use proc_macro2::Ident;

use super::ast::Ast;
use super::model::{DefaultKey, Key, Layout, Model, Policy, Proof};
use crate::attrs;
use crate::diagnostics::Faults;
use crate::function::{Function, plain};
use crate::options::companion::Wanted;
use crate::paths::Runtime;
use crate::place::{Place, Surroundings};
use crate::scope::Scope;
use crate::signature::{Signature, output, types};

/// The model of `function`, or every fault that was found.
pub(crate) fn check(
    mut ast: Ast,
    function: Function,
    around: Surroundings,
    mut faults: Faults,
) -> Result<Model, Faults> {
    let signature = Signature::of(&function);
    function.check("cached", &mut faults);
    once(&function, &mut faults);
    near(&ast, &mut faults);
    signature.check_mutability(&mut faults);
    output::check(&function, &signature, ast.in_process.is_some(), &mut faults);
    let around = ast
        .within
        .as_ref()
        .map_or(around, |within| within.around.clone());
    let place = place(&function, &signature, &around);
    let is_method = place != Place::Free;
    let (batch, keyed) = batch::check(&ast, &function, &mut faults);
    let mut proofs = Vec::new();
    // What the templates of a faulty batch would name is unknown.
    if batch.is_some() || !ast.batch_given {
        check_templates(&ast, &keyed, is_method, &mut faults);
        proofs = coverage::check(&ast, &function, &keyed, &mut faults);
    }
    proofs.extend(more_proofs(&ast, &signature, place));
    let layout = layout(&ast, &function, place, &mut faults);
    let key = key(&mut ast, &function, &signature, &around);
    faults.unless_any(Model {
        runtime: Runtime::at(ast.crate_path.take()),
        layout,
        key,
        tags: ast.tags.take().unwrap_or_default(),
        policy: policy(ast),
        proofs,
        is_method,
        signature,
        keyed,
        batch,
        function,
    })
}

fn once(function: &Function, faults: &mut Faults) {
    if let Some(at) = attrs::position(&function.attrs, "cached") {
        faults.over(
            &function.attrs[at],
            "the function is cached twice",
            "keep one `#[cached(..)]` and put all options into it",
        );
    }
}

/// There is nothing in front of values that are in memory only.
fn near(ast: &Ast, faults: &mut Faults) {
    if let (Some(near), Some(())) = (&ast.l1, ast.in_process) {
        faults.at(
            near.span,
            "`l1` is said of a shared backend, and `in_process` keeps the values in memory only",
            "remove one of the two; `ttl` says how old they may be",
        );
    }
}

/// A receiver or `Self` is proof of a method, whatever the source seems to say.
fn place(function: &Function, signature: &Signature, around: &Surroundings) -> Place {
    let sig = &function.sig;
    let speaks_of_self = signature.receiver.is_some()
        || types::mentions(quote::quote!(#sig), "Self")
        || function
            .body
            .as_ref()
            .is_some_and(|body| types::mentions(body.stream(), "Self"));
    match around.place {
        Some(place) if place != Place::Free => place,
        None | Some(_) if speaks_of_self => Place::Inherent,
        None | Some(_) => Place::Free,
    }
}

fn check_templates(ast: &Ast, signature: &Signature, is_method: bool, faults: &mut Faults) {
    let scope = Scope::of_companion(signature, is_method);
    for template in ast.key.iter().chain(ast.tags.iter().flatten()) {
        scope.check(template, faults);
    }
}

fn more_proofs(ast: &Ast, signature: &Signature, place: Place) -> Vec<Proof> {
    let mut proofs = Vec::new();
    let in_trait = matches!(place, Place::TraitImpl | Place::Trait);
    let keyed_by_self = ast.key.as_ref().is_some_and(|key| key.names("self"));
    match &signature.receiver {
        Some(receiver) if receiver.by_value && in_trait && keyed_by_self => {
            proofs.push(Proof::CopySelf(receiver.token.span()));
        }
        Some(_) | None => {}
    }
    proofs
}

fn layout(ast: &Ast, function: &Function, place: Place, faults: &mut Faults) -> Layout {
    let name = || match &ast.companion {
        Some(Wanted::Named(name)) => name.clone(),
        Some(Wanted::None) | None => function.sig.ident.clone(),
    };
    let reached = ast.within.as_ref().is_some_and(|within| within.reached);
    match (&ast.companion, place) {
        (Some(Wanted::None), _) => Layout::Inline,
        (_, Place::Free) => Layout::Companion(name()),
        (_, Place::Inherent) => Layout::Siblings(name()),
        (_, Place::TraitImpl) if reached => Layout::Reached(name()),
        (Some(Wanted::Named(name)), Place::TraitImpl | Place::Trait) => {
            faults.at(
                name.span(),
                "nothing can be added beside a method of a trait",
                "put `#[cached_impl]` on the `impl` block, which adds it outside, or remove \
                 `companion`",
            );
            Layout::Inline
        }
        (None, Place::TraitImpl | Place::Trait) => Layout::Inline,
    }
}

fn key(ast: &mut Ast, function: &Function, signature: &Signature, around: &Surroundings) -> Key {
    if let Some(template) = ast.key.take() {
        return Key::Template(template);
    }
    let kept = |ident: &&Ident| !coverage::skips(ast, &plain(ident));
    let kept_of = |idents: &[Ident]| idents.iter().filter(kept).cloned().collect();
    let receiver = signature.receiver.iter().map(|receiver| &receiver.token);
    let whole = signature.arguments.iter().filter(|argument| {
        !argument
            .bindings
            .iter()
            .any(|binding| coverage::skips(ast, &plain(binding)))
    });
    let bindings = whole.flat_map(|argument| &argument.bindings);
    let mut names = around.names.clone();
    names.push(function.name());
    Key::Default(DefaultKey {
        path: names.iter().map(|name| format!("::{name}")).collect(),
        parts: receiver.filter(kept).chain(bindings).cloned().collect(),
        types: kept_of(&signature.types),
        consts: kept_of(&signature.consts),
    })
}

fn policy(ast: Ast) -> Policy {
    Policy {
        any_self: coverage::skips(&ast, "Self"),
        ttl: ast.ttl,
        ttl_none: ast.ttl_none,
        lock: ast.lock,
        wait: ast.wait,
        cache: ast.cache,
        version: ast.version,
        schema: ast.schema,
        share_err: ast.share_err.unwrap_or(true),
        in_process: ast.in_process.is_some(),
        l1: ast.l1.map(|near| near.kept),
        weigh: ast.weigh,
    }
}

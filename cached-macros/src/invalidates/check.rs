//! Checks a mutator and builds its model.

use proc_macro2::TokenStream;
use quote::ToTokens;

use super::ast::Ast;
use super::target::{Call, Callee, Target};
use crate::cached_property::field::FieldPath;
use crate::diagnostics::Faults;
use crate::function::Function;
use crate::options::cache::Which;
use crate::options::on_failure::Refusing;
use crate::paths::Runtime;
use crate::scope::Scope;
use crate::signature::{Signature, types};
use crate::template::Template;

/// A mutator that cannot be wrong.
pub(crate) struct Mutator {
    pub(crate) runtime: Runtime,
    pub(crate) function: Function,
    pub(crate) signature: Signature,
    pub(crate) settings: Settings,
    /// Known before the body runs.
    pub(crate) early: Vec<Event>,
    /// Known from what it returned.
    pub(crate) late: Vec<Event>,
    pub(crate) fields: Vec<FieldPath>,
    pub(crate) is_method: bool,
}

/// What holds for all targets.
pub(crate) struct Settings {
    pub(crate) cache: Option<Which>,
    pub(crate) again_after: Option<u64>,
    pub(crate) on_ok: bool,
    /// `on_failure = error`
    pub(crate) refusing: Refusing,
}

/// One target that is told to the runtime.
pub(crate) enum Event {
    Key(Template),
    Tag(Template),
    Function(Call),
}

pub(crate) fn check(ast: Ast, function: Function, mut faults: Faults) -> Result<Mutator, Faults> {
    let signature = Signature::of(&function);
    function.check("invalidates", &mut faults);
    if !ast.given {
        faults.at(
            function.sig.ident.span(),
            "`#[invalidates]` without a target does nothing",
            "name what changes: `#[invalidates(\"post:<id>\")]` or `#[invalidates(get_post(id))]`",
        );
    }
    let is_method = speaks_of_self(&function, &signature);
    let scope = Scope::of_body(&signature, is_method).with_result();
    let (mut early, mut late, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    for target in ast.targets {
        check_target(&target, &scope, &signature, &mut faults);
        let from_result = signature.argument("result").is_none() && needs_result(&target);
        let event = match target {
            Target::Field(field) => {
                fields.push(field);
                continue;
            }
            Target::Key(template) => Event::Key(template),
            Target::Tag(template) => Event::Tag(template),
            Target::Function(call) => Event::Function(call),
        };
        if from_result {
            late.push(event)
        } else {
            early.push(event)
        }
    }
    faults.unless_any(Mutator {
        runtime: Runtime::at(ast.crate_path),
        settings: Settings {
            cache: ast.cache,
            again_after: ast.again_after,
            on_ok: ast.on_ok.is_some(),
            refusing: ast.on_failure.flatten(),
        },
        early,
        late,
        fields,
        is_method,
        signature,
        function,
    })
}

fn speaks_of_self(function: &Function, signature: &Signature) -> bool {
    let body = function.body.as_ref();
    signature.receiver.is_some()
        || types::mentions(function.sig.to_token_stream(), "Self")
        || body.is_some_and(|body| types::mentions(body.stream(), "Self"))
}

fn check_target(target: &Target, scope: &Scope<'_>, signature: &Signature, faults: &mut Faults) {
    match target {
        Target::Key(template) | Target::Tag(template) => scope.check(template, faults),
        Target::Function(Call {
            callee: Callee::Method { value, .. },
            ..
        }) if is_self(value) && signature.receiver.is_none() => {
            faults.over(
                value,
                "this function has no `self`",
                "write `Self::get_post(id)` or `<Type>::get_post(id)`",
            );
        }
        Target::Function(_) | Target::Field(_) => {}
    }
}

fn is_self(value: &impl ToTokens) -> bool {
    value.to_token_stream().to_string() == "self"
}

fn needs_result(target: &Target) -> bool {
    match target {
        Target::Key(template) | Target::Tag(template) => template.names("result"),
        Target::Function(call) => call.arguments().iter().any(mentions_result),
        Target::Field(_) => false,
    }
}

pub(crate) fn mentions_result(tokens: &impl ToTokens) -> bool {
    let tokens: TokenStream = tokens.to_token_stream();
    types::mentions(tokens, "result")
}

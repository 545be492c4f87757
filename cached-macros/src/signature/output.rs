//! Return types that cannot be stored, refused by name with the form to write instead.
//!
//! The traits would refuse most of them too, in words about `Serialize` or `'static` that do not
//! tell what to do. An alias hides a type from this check; the traits still see it then.

mod named;

use proc_macro2::Span;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Lifetime, Type, TypeImplTrait, TypeParamBound, TypeReference};

use self::named::{lazy, named};
use super::types;
use super::{Flow, Signature};
use crate::diagnostics::Faults;
use crate::function::Function;

/// Notes what is wrong with the value of `signature`, one fault at most.
pub(crate) fn check(
    function: &Function,
    signature: &Signature,
    in_process: bool,
    faults: &mut Faults,
) {
    let output = &signature.output;
    if is_nothing(output) {
        return nothing(function, output, faults);
    }
    if signature.flow == Flow::Sync && is_future(output) {
        faults.over(
            output,
            "a future is not a value that can be stored",
            "write `async fn`, so that what the future yields is cached",
        );
        return;
    }
    let refusal = generic(output, signature)
        .or_else(|| named_at(output))
        .or_else(|| opaque(output))
        .or_else(|| borrow(output, in_process));
    if let Some((wrong, write)) = refusal {
        faults.over(output, wrong, write);
    }
}

type Refusal = (String, String);

fn refuse(wrong: impl Into<String>, write: impl Into<String>) -> Option<Refusal> {
    Some((wrong.into(), write.into()))
}

fn is_nothing(ty: &Type) -> bool {
    match types::strip(ty) {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::Never(_) => true,
        _ => false,
    }
}

fn nothing(function: &Function, output: &Type, faults: &mut Faults) {
    let wrong = "a cached function must return the value to store: this one returns nothing";
    let write = "return the computed value, or use `#[invalidates(..)]` on what changes data";
    let span: Span = match function.sig.output {
        syn::ReturnType::Default => function.sig.ident.span(),
        syn::ReturnType::Type(..) => return faults.over(output, wrong, write),
    };
    faults.at(span, wrong, write);
}

fn is_future(ty: &Type) -> bool {
    let named = types::last_segment(ty).is_some_and(|last| {
        ["BoxFuture", "LocalBoxFuture"]
            .iter()
            .any(|name| last.ident == name)
    });
    named || bounds(ty).is_some_and(|names| names.contains("Future"))
}

/// The traits of `impl A + B`, `dyn A + B` or a box of the latter, as text.
fn bounds(ty: &Type) -> Option<String> {
    let bounds = match types::strip(ty) {
        Type::ImplTrait(opaque) => &opaque.bounds,
        Type::TraitObject(object) => &object.bounds,
        ty => {
            let last = types::last_segment(ty)?;
            let holder = ["Box", "Pin", "Arc"].iter().any(|name| last.ident == name);
            let inner = types::arguments(last)
                .into_iter()
                .next()
                .filter(|_| holder)?;
            return bounds(inner);
        }
    };
    Some(names_of(bounds))
}

fn names_of<P>(bounds: &syn::punctuated::Punctuated<TypeParamBound, P>) -> String {
    let names = bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last(),
        _ => None,
    });
    names
        .map(|segment| segment.ident.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What is inside of a type parameter or a projection cannot be known to be no `Result`.
fn generic(output: &Type, signature: &Signature) -> Option<Refusal> {
    let Type::Path(path) = types::strip(output) else {
        return None;
    };
    let text = output.to_token_stream().to_string().replace(' ', "");
    let first = path.path.segments.first()?;
    let projected = path
        .qself
        .as_ref()
        .is_some_and(|qself| qself.as_token.is_some())
        || path.path.segments.len() > 1
            && (first.ident == "Self" || signature.types.contains(&first.ident));
    if projected {
        return refuse(
            format!(
                "`{text}` may stand for a `Result` or an `Option`, whose `Err` and `None` are not stored"
            ),
            "write the type that it stands for, or `Result<T, E>`, `Option<T>` or `Arc<T>` around it",
        );
    }
    let parameter = path.path.segments.len() == 1 && signature.types.contains(&first.ident);
    parameter.then_some(())?;
    refuse(
        format!("`{text}` may be a `Result` or an `Option`, whose `Err` and `None` are not stored"),
        format!("write `Result<{text}, E>`, `Option<{text}>` or `Arc<{text}>`"),
    )
}

/// Looks for a refused name in the value; the error of a `Result` is never stored.
fn named_at(ty: &Type) -> Option<Refusal> {
    let stripped = types::strip(ty);
    if let Type::Tuple(tuple) = stripped {
        return tuple.elems.iter().find_map(named_at);
    }
    let last = types::last_segment(stripped)?;
    let inner = types::arguments(last);
    let stored = if last.ident == "Result" {
        1
    } else {
        inner.len()
    };
    named(&last.ident.to_string()).or_else(|| inner.into_iter().take(stored).find_map(named_at))
}

/// `impl Iterator`, `Box<dyn Stream>`, and any other `impl Trait`.
fn opaque(output: &Type) -> Option<Refusal> {
    struct Opaque<'a>(Option<&'a TypeImplTrait>);
    impl<'a> Visit<'a> for Opaque<'a> {
        fn visit_type_impl_trait(&mut self, ty: &'a TypeImplTrait) {
            self.0.get_or_insert(ty);
        }
    }
    let mut opaque = Opaque(None);
    opaque.visit_type(output);
    let names = bounds(output).or_else(|| opaque.0.map(|ty| names_of(&ty.bounds)))?;
    if ["Iterator", "Stream"]
        .iter()
        .any(|lazy| names.contains(lazy))
    {
        return lazy("an iterator or a stream");
    }
    opaque.0?;
    refuse(
        "`impl Trait` hides the type that would be stored",
        "name the type: a struct, `Arc<T>` or `Vec<T>`",
    )
}

/// Finds a lifetime that ends with the call. `&'static` does not, but only memory can hand it
/// out again.
fn borrow(output: &Type, in_process: bool) -> Option<Refusal> {
    if let Some(found) = stored_borrow(output, true) {
        return refuse(
            format!("the cached value borrows (`{found}`), but it outlives the call"),
            "return an owned type (`String`, `Vec<T>`), or `Arc<str>`, `Arc<T>` where copies are dear",
        );
    }
    let found = stored_borrow(output, in_process)?;
    refuse(
        format!("`{found}` can be handed out again by the memory of this process only"),
        "return an owned type (`String`, `Vec<T>`, `Arc<str>`), or add `in_process`",
    )
}

/// A borrow in what is stored; the error of a `Result` is handed on.
fn stored_borrow(output: &Type, static_is_fine: bool) -> Option<String> {
    match types::last_segment(output).filter(|last| last.ident == "Result") {
        None => borrowed(output, static_is_fine),
        Some(last) => types::arguments(last)
            .into_iter()
            .enumerate()
            .find_map(|(at, ty)| borrowed(ty, static_is_fine || at > 0)),
    }
}

fn borrowed(ty: &Type, static_is_fine: bool) -> Option<String> {
    let mut borrow = Borrow {
        found: None,
        static_is_fine,
    };
    borrow.visit_type(ty);
    borrow.found
}

struct Borrow {
    found: Option<String>,
    static_is_fine: bool,
}

impl<'a> Visit<'a> for Borrow {
    fn visit_type_reference(&mut self, ty: &'a TypeReference) {
        let is_static = ty
            .lifetime
            .as_ref()
            .is_some_and(|name| name.ident == "static");
        if !(is_static && self.static_is_fine) {
            let text = ty
                .to_token_stream()
                .to_string()
                .replace("& ", "&")
                .replace("' ", "'");
            self.found.get_or_insert(text);
        }
        visit::visit_type_reference(self, ty);
    }

    fn visit_lifetime(&mut self, lifetime: &'a Lifetime) {
        if lifetime.ident != "static" {
            self.found.get_or_insert(lifetime.to_string());
        }
    }

    /// The lifetimes of `fn(&str)` and `for<'a> Fn(&'a str)` are not those of a value.
    fn visit_type_fn_ptr(&mut self, _: &'a syn::TypeFnPtr) {}

    fn visit_trait_bound(&mut self, _: &'a syn::TraitBound) {}
}

#[cfg(test)]
mod tests;

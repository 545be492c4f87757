//! Return types that cannot be stored, refused by name with the form to write instead.
//!
//! The traits would refuse most of them too, in words about `Serialize` or `'static` that do not
//! tell what to do. An alias hides a type from this check; the traits still see it then.

use proc_macro2::Span;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Lifetime, Type, TypeImplTrait, TypeParamBound, TypeReference};

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
    let named = types::last_segment(ty)
        .is_some_and(|last| ["BoxFuture", "LocalBoxFuture"].iter().any(|name| last.ident == name));
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
            let inner = types::arguments(last).into_iter().next().filter(|_| holder)?;
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
    names.map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join(" ")
}

/// What is inside of a type parameter or a projection cannot be known to be no `Result`.
fn generic(output: &Type, signature: &Signature) -> Option<Refusal> {
    let Type::Path(path) = types::strip(output) else { return None };
    let text = output.to_token_stream().to_string().replace(' ', "");
    let first = path.path.segments.first()?;
    let projected = path.qself.as_ref().is_some_and(|qself| qself.as_token.is_some())
        || path.path.segments.len() > 1
            && (first.ident == "Self" || signature.types.contains(&first.ident));
    if projected {
        return refuse(
            format!("`{text}` may stand for a `Result` or an `Option`, whose `Err` and `None` are not stored"),
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
    let stored = if last.ident == "Result" { 1 } else { inner.len() };
    named(&last.ident.to_string()).or_else(|| inner.into_iter().take(stored).find_map(named_at))
}

fn named(name: &str) -> Option<Refusal> {
    const GUARDS: [&str; 12] = [
        "MutexGuard", "RwLockReadGuard", "RwLockWriteGuard", "OwnedMutexGuard",
        "MappedMutexGuard", "MappedRwLockReadGuard", "OwnedRwLockReadGuard",
        "OwnedRwLockWriteGuard", "ReentrantMutexGuard", "Ref", "RefMut", "SemaphorePermit",
    ];
    const QUERIES: [&str; 8] = [
        "QueryBuilder", "QueryAs", "QueryScalar", "Query", "Select", "SelectStatement",
        "BoxedSelectStatement", "Selector",
    ];
    const LAZY: [&str; 16] = [
        "Iter", "IterMut", "IntoIter", "Map", "Filter", "FilterMap", "FlatMap", "Chain", "Rev",
        "Take", "Skip", "Peekable", "Enumerate", "Lines", "BoxStream", "LocalBoxStream",
    ];
    match name {
        name if GUARDS.contains(&name) => refuse(
            format!("a `{name}` is a guard: stored, it would hold its lock for good"),
            "return an owned value: clone what the guard protects, or keep it in an `Arc`",
        ),
        name if QUERIES.contains(&name) => refuse(
            format!("a `{name}` is a query that has not run, not its rows"),
            "run it and return the rows: `.fetch_all(..).await`, `.fetch_one(..).await` or \
             `.all(..).await`",
        ),
        name if LAZY.contains(&name) => lazy(&format!("a `{name}`")),
        "Rc" | "RefCell" | "Cell" => refuse(
            format!("a `{name}` cannot be shared between threads, as cached values are"),
            "return the owned type, or share it by `Arc`",
        ),
        _ => None,
    }
}

fn lazy(what: &str) -> Option<Refusal> {
    refuse(
        format!("{what} is consumed once: a second caller would find it empty"),
        "collect it and return the values: `.collect::<Vec<_>>()`",
    )
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
    if ["Iterator", "Stream"].iter().any(|lazy| names.contains(lazy)) {
        return lazy("an iterator or a stream");
    }
    opaque.0?;
    refuse(
        "`impl Trait` hides the type that would be stored",
        "name the type: a struct, `Arc<T>` or `Vec<T>`",
    )
}

/// Finds a lifetime that ends with the call. `&'static` does not, but only memory can hand it
/// out again; the error of a `Result` is handed on, never stored.
fn borrow(output: &Type, in_process: bool) -> Option<Refusal> {
    let found = match types::last_segment(output).filter(|last| last.ident == "Result") {
        None => borrowed(output, in_process),
        Some(last) => types::arguments(last)
            .into_iter()
            .enumerate()
            .find_map(|(at, ty)| borrowed(ty, in_process || at > 0)),
    }?;
    refuse(
        format!("the cached value borrows (`{found}`), but it outlives the call"),
        "return an owned type (`String`, `Vec<T>`), or `Arc<str>`, `Arc<T>` where copies are dear",
    )
}

fn borrowed(ty: &Type, static_is_fine: bool) -> Option<String> {
    let mut borrow = Borrow { found: None, static_is_fine };
    borrow.visit_type(ty);
    borrow.found
}

struct Borrow {
    found: Option<String>,
    static_is_fine: bool,
}

impl<'a> Visit<'a> for Borrow {
    fn visit_type_reference(&mut self, ty: &'a TypeReference) {
        let is_static = ty.lifetime.as_ref().is_some_and(|name| name.ident == "static");
        if !(is_static && self.static_is_fine) {
            let text = ty.to_token_stream().to_string().replace("& ", "&").replace("' ", "'");
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
mod tests {
    use super::*;

    fn fault(signature: &str) -> Option<String> {
        let function: Function = syn::parse_str(&format!("{signature} {{}}")).expect("a function");
        let mut faults = Faults::default();
        check(&function, &Signature::of(&function), false, &mut faults);
        assert!(faults.texts().len() < 2);
        faults.texts().pop()
    }

    #[test]
    fn what_can_be_stored_is_left_to_the_traits() {
        for output in [
            "u64", "Result<Post, E>", "Option<Arc<Post>>", "Result<Vec<Post>, &'static str>",
            "Arc<[u8]>", "Cow<'static, str>", "io::Result<Post>", "Result<u8, Rc<E>>", "Self",
            "Arc<T>", "Option<T>", "Map2", "fn(&str) -> u8",
        ] {
            let text = format!("fn f<T>() -> {output}");
            let found = fault(&text);
            assert_eq!(found, None, "{output}");
        }
    }

    #[test]
    fn what_cannot_names_the_form_to_write() {
        for (signature, write) in [
            ("fn f()", "return the computed value"),
            ("fn f() -> ()", "return the computed value"),
            ("fn f() -> !", "return the computed value"),
            ("fn f(a: &str) -> &str", "Arc<str>"),
            ("fn f<'a>(a: &'a str) -> Cow<'a, str>", "owned type"),
            ("fn f(a: &A) -> Vec<Row<'_>>", "owned type"),
            ("fn f() -> impl Iterator<Item = u8>", ".collect::<Vec<_>>()"),
            ("fn f() -> Option<impl Iterator<Item = u8>>", ".collect::<Vec<_>>()"),
            ("async fn f() -> Result<BoxStream<'static, u8>, E>", ".collect::<Vec<_>>()"),
            ("fn f() -> Box<dyn Iterator<Item = u8>>", ".collect::<Vec<_>>()"),
            ("fn f() -> impl Future<Output = u8>", "write `async fn`"),
            ("fn f() -> BoxFuture<'static, u8>", "write `async fn`"),
            ("fn f() -> impl Display", "name the type"),
            ("fn f(m: &M) -> MutexGuard<'_, u8>", "owned value"),
            ("fn f() -> Result<Rc<Post>, E>", "`Arc`"),
            ("fn f() -> QueryAs<'static, Db, Post, A>", ".fetch_all("),
            ("fn f<T>() -> T", "`Result<T, E>`"),
            ("fn f<T: X>() -> T::Out", "the type that it stands for"),
            ("fn f() -> <A as X>::Out", "the type that it stands for"),
            ("fn f() -> Self::Out", "the type that it stands for"),
        ] {
            let fault = fault(signature).unwrap_or_else(|| panic!("{signature} is refused"));
            assert!(fault.contains(write), "{signature}: {fault}");
        }
    }
}

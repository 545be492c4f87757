//! Whether a return type borrows from `self`, as far as its spelling tells.
//!
//! An alias hides a borrow from this search; the compiler finds it then, in its own words.

use syn::visit::{self, Visit};
use syn::{
    GenericArgument, Lifetime, ParenthesizedGenericArguments, PathArguments, PathSegment, Type,
    TypeFnPtr, TypeImplTrait, TypeReference,
};

/// What was found first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Borrow,
    /// `impl Trait`: no type that a field could have.
    Unnamed,
}

/// Looks for unnamed lifetimes and for those in `own`. Other lifetimes belong to the `impl` block,
/// or to arguments, and outlive the call.
pub(crate) fn find(ty: &Type, own: Vec<Lifetime>) -> Option<Found> {
    let mut search = Search { own, found: None };
    search.visit_type(ty);
    search.found
}

struct Search {
    own: Vec<Lifetime>,
    found: Option<Found>,
}

impl Search {
    fn note(&mut self, found: Found) {
        self.found.get_or_insert(found);
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.is_none() {
            self.note(Found::Borrow);
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident == "_" || self.own.contains(lifetime) {
            self.note(Found::Borrow);
        }
    }

    fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
        self.note(Found::Unnamed);
    }

    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        if elides_lifetime(segment) {
            self.note(Found::Borrow);
        }
        visit::visit_path_segment(self, segment);
    }

    // `Fn(&T) -> &T` brings lifetimes of its own.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}
}

/// `Cow<str>`, `Ref<T>`: types of the standard library that have a lifetime, written without it.
fn elides_lifetime(segment: &PathSegment) -> bool {
    const BORROWING: [&str; 8] = [
        "Cow",
        "Ref",
        "RefMut",
        "MutexGuard",
        "RwLockReadGuard",
        "RwLockWriteGuard",
        "Chars",
        "Lines",
    ];
    let written = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .any(|argument| matches!(argument, GenericArgument::Lifetime(_))),
        _ => false,
    };
    !written && BORROWING.iter().any(|name| segment.ident == name)
}

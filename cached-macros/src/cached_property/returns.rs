//! What kind of value a getter returns: a `Result`, whose `Err` is not kept, or anything else.
//!
//! An attribute sees names, not types, and the new return type has to be written down. So the name
//! `Result` decides which type is written, and types decide whether that was right: a getter whose
//! return type turns out to be a `Result` by another name does not compile without the option
//! `result`. Names that end in `Result` are told apart by type alone, where the compiler can.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{GenericArgument, Lifetime, PathArguments, PathSegment, Type, TypePath};

use crate::signature::types;

/// How the return type is written and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    /// `T`, known by its name to be no alias.
    Value,
    /// `T`, which must not turn out to be a `Result`.
    ValueUnlessResult,
    /// `Result<T, ..>`: the first argument is what is kept.
    SpelledResult,
    /// An alias, said so by the option `result`.
    AliasOfResult,
    /// `SomeResult`: the compiler decides.
    ByType,
}

impl Returns {
    /// `said` is the option `result`.
    pub(super) fn of(returned: &Type, said: Option<bool>) -> Self {
        let last = types::last_segment(returned);
        let spelled = last.is_some_and(|last| last.ident == "Result" && has_arguments(last));
        match last.map(|last| last.ident.to_string()) {
            _ if said == Some(false) => Self::Value,
            _ if spelled => Self::SpelledResult,
            _ if said == Some(true) => Self::AliasOfResult,
            Some(name) if name.ends_with("Result") && is_concrete(returned) => Self::ByType,
            Some(name) if is_well_known(&name) => Self::Value,
            Some(_) => Self::ValueUnlessResult,
            None => Self::Value,
        }
    }

    /// The const argument that says whether it is a `Result`.
    pub(super) fn is_result(self, private: &TokenStream, returned: &Type) -> TokenStream {
        match self {
            Self::Value | Self::ValueUnlessResult => quote!(false),
            Self::SpelledResult | Self::AliasOfResult => quote!(true),
            Self::ByType => quote!({
                use #private::NotResult as _;
                #private::IsResult::<#returned>::YES
            }),
        }
    }

    /// The return type of the getter; `hand_out` makes `&T` or `Arc<T>` of the kept type.
    pub(super) fn with(
        self,
        private: &TokenStream,
        returned: &Type,
        hand_out: impl Fn(TokenStream) -> TokenStream,
    ) -> TokenStream {
        match self {
            Self::Value | Self::ValueUnlessResult => hand_out(quote!(#returned)),
            Self::SpelledResult => respelled(returned, hand_out),
            Self::AliasOfResult | Self::ByType => {
                let is_result = self.is_result(private, returned);
                let kind =
                    quote_spanned!(returned.span()=> <#returned as #private::Returned<#is_result>>);
                let given = hand_out(quote_spanned!(returned.span()=> #kind::Value));
                quote_spanned!(returned.span()=> #kind::With<#given>)
            }
        }
    }
}

/// `path::Result<T, E>` with the hand-out in the place of `T`.
fn respelled(returned: &Type, hand_out: impl Fn(TokenStream) -> TokenStream) -> TokenStream {
    let mut returned = returned.clone();
    if let Some(ok) = first_argument(&mut returned) {
        *ok = Type::Verbatim(hand_out(quote!(#ok)));
    }
    quote!(#returned)
}

fn first_argument(returned: &mut Type) -> Option<&mut Type> {
    let Type::Path(TypePath { path, .. }) = returned else {
        return None;
    };
    let PathArguments::AngleBracketed(arguments) = &mut path.segments.last_mut()?.arguments else {
        return None;
    };
    arguments
        .args
        .iter_mut()
        .find_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
}

fn has_arguments(segment: &PathSegment) -> bool {
    matches!(segment.arguments, PathArguments::AngleBracketed(_))
}

fn is_well_known(name: &str) -> bool {
    const NAMES: [&str; 27] = [
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64", "String", "Vec", "Option", "Box", "Arc", "HashMap",
        "HashSet", "BTreeMap", "BTreeSet", "Duration", "PathBuf",
    ];
    NAMES.contains(&name)
}

/// Whether the type names nothing generic, as far as its spelling tells: a constant argument of a
/// type must not depend on generics, and the `impl` block's are out of sight. Parameters are taken
/// to be written in capitals; for others there is `result = false`.
fn is_concrete(ty: &Type) -> bool {
    #[derive(Default)]
    struct Generics(bool);
    impl<'ast> Visit<'ast> for Generics {
        fn visit_lifetime(&mut self, _: &'ast Lifetime) {
            self.0 = true;
        }
        fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
            let name = segment.ident.to_string();
            let is_parameter = !name.chars().any(char::is_lowercase);
            self.0 |= name == "Self" || is_parameter;
            syn::visit::visit_path_segment(self, segment);
        }
    }
    let mut generics = Generics::default();
    generics.visit_type(ty);
    !generics.0
}

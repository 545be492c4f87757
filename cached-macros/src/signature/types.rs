//! Questions about the spelling of types, where no trait can answer.
//!
//! Classifying values by what a type is called is wrong (an alias hides it); what is asked here
//! only makes a message better, or is the shape that `#[async_trait]` writes.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    GenericArgument, Generics, PathArguments, PathSegment, Type, TypeParamBound, WherePredicate,
};

/// `R` of `Pin<Box<dyn Future<Output = R> + ..>>`.
pub(crate) fn boxed_future(ty: &Type) -> Option<&Type> {
    let boxed = only_argument(last_segment(ty).filter(|last| last.ident == "Pin")?)?;
    let object = only_argument(last_segment(boxed).filter(|last| last.ident == "Box")?)?;
    let Type::TraitObject(object) = object else {
        return None;
    };
    object.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => future_output(bound.path.segments.last()?),
        _ => None,
    })
}

/// `R` of `Future<Output = R>`.
fn future_output(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments
        .args
        .iter()
        .filter(|_| segment.ident == "Future")
        .find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
            _ => None,
        })
}

/// The last segment of a path without `<T as Trait>`, seen through parentheses.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match strip(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The type arguments of a segment.
pub(crate) fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

fn only_argument(segment: &PathSegment) -> Option<&Type> {
    arguments(segment).first().copied()
}

/// A type without the parentheses and invisible groups around it.
pub(crate) fn strip(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => strip(&inner.elem),
        Type::Group(inner) => strip(&inner.elem),
        ty => ty,
    }
}

pub(crate) fn is_ref(ty: &Type) -> bool {
    matches!(strip(ty), Type::Reference(_))
}

pub(crate) fn is_mut_ref(ty: &Type) -> bool {
    matches!(strip(ty), Type::Reference(reference) if reference.mutability.is_some())
}

/// `&mut Self`, or `Pin<&mut Self>`.
pub(crate) fn holds_mut_ref(ty: &Type) -> bool {
    is_mut_ref(ty) || last_segment(ty).is_some_and(|s| arguments(s).into_iter().any(holds_mut_ref))
}

/// Whether `ty` is plain data, and so cannot be a handle.
pub(crate) fn is_data(ty: &Type) -> bool {
    const DATA: [&str; 24] = [
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "bool",
        "char",
        "str",
        "String",
        "f32",
        "f64",
        "Uuid",
        "NaiveDate",
        "IpAddr",
        "Vec",
        "Option",
        "Cow",
    ];
    match strip(ty) {
        Type::Reference(reference) => is_data(&reference.elem),
        Type::Slice(_) | Type::Array(_) | Type::Tuple(_) => true,
        ty => last_segment(ty).is_some_and(|last| DATA.iter().any(|data| last.ident == data)),
    }
}

/// Whether the type parameter `name` is bound by a trait of that name.
pub(crate) fn is_bound_by(generics: &Generics, name: &str, of: &str) -> bool {
    let predicates = generics
        .where_clause
        .iter()
        .flat_map(|clause| &clause.predicates);
    let bounds = generics
        .type_params()
        .filter(|param| param.ident == name)
        .map(|param| param.bounds.to_token_stream());
    let wheres = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(bound) if bound.bounded_ty.to_token_stream().to_string() == name => {
            Some(bound.bounds.to_token_stream())
        }
        _ => None,
    });
    bounds.chain(wheres).any(|bounds| mentions(bounds, of))
}

/// The spans of the first and last token: an expression between them is underlined whole.
pub(crate) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens
        .into_token_stream()
        .into_iter()
        .map(|tree| tree.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}

/// All of `tokens` shown at `span`, each with its own hygiene.
fn shown_at(tokens: TokenStream, span: Span) -> TokenStream {
    let shown = |mut tree: TokenTree| {
        if let TokenTree::Group(group) = &tree {
            let inner = shown_at(group.stream(), span);
            tree = Group::new(group.delimiter(), inner).into();
        }
        tree.set_span(span.resolved_at(tree.span()));
        tree
    };
    tokens.into_iter().map(shown).collect()
}

/// `path(arguments)` shown over the tokens between `ends`: an error in it underlines them whole.
pub(crate) fn shown_over(
    path: TokenStream,
    arguments: TokenStream,
    ends: (Span, Span),
) -> TokenStream {
    called_over(path, shown_at(arguments, ends.1), ends)
}

/// The same with arguments that the user wrote, which are shown where they are.
pub(crate) fn called_over(
    path: TokenStream,
    arguments: TokenStream,
    (first, last): (Span, Span),
) -> TokenStream {
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(last);
    let path = shown_at(path, first);
    quote!(#path #arguments)
}

/// Whether `tokens` hold the identifier `name` at any depth.
pub(crate) fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(text: &str) -> Type {
        syn::parse_str(text).expect("a type")
    }

    #[test]
    fn the_boxed_future_of_async_trait_is_recognised() {
        let shape = ty(
            "::core::pin::Pin<Box<dyn ::core::future::Future<Output = Result<Post, E>> \
                        + ::core::marker::Send + 'async_trait>>",
        );
        let output = boxed_future(&shape).map(|ty| ty.to_token_stream().to_string());
        assert_eq!(output.as_deref(), Some("Result < Post , E >"));
        assert!(boxed_future(&ty("Pin<Box<dyn Stream<Item = u8>>>")).is_none());
        assert!(boxed_future(&ty("Box<dyn Future<Output = u8>>")).is_none());
    }

    #[test]
    fn mutable_references_are_told_from_shared_ones() {
        for text in ["&mut T", "&'a mut T", "(&mut T)"] {
            assert!(is_mut_ref(&ty(text)), "{text}");
        }
        for text in ["&T", "&&mut T", "&'a dyn Fn(&mut T)", "Vec<u8>"] {
            assert!(!is_mut_ref(&ty(text)), "{text}");
        }
        assert!(holds_mut_ref(&ty("Pin<&mut Self>")));
    }

    #[test]
    fn data_is_told_from_possible_handles() {
        for text in [
            "u64",
            "&str",
            "&[Db]",
            "Option<u8>",
            "(u8, u8)",
            "std::string::String",
        ] {
            assert!(is_data(&ty(text)), "{text}");
        }
        for text in ["Db", "&Db", "Arc<Db>", "&dyn Store", "T"] {
            assert!(!is_data(&ty(text)), "{text}");
        }
    }
}

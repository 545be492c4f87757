//! A function that holds everything itself: a method of a trait, or `companion = none`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::batch::Bulk;
use super::companion::begin;
use super::parts::Parts;
use crate::cached::model::Model;
use crate::signature::Flow;

/// The function with the call around its body. `reached` is the prefix of the siblings that
/// `#[cached_impl]` writes: they share the site.
pub(super) fn inline(model: &Model, reached: Option<&Ident>) -> TokenStream {
    let parts = Parts::inside(model);
    let site = match reached {
        Some(prefix) => {
            let site = format_ident!("{prefix}_site");
            quote!(Self::#site())
        }
        None => parts.site(),
    };
    let value = match Bulk::of(&parts) {
        Some(bulk) => {
            let run = bulk.run(&site, &bulk.inside());
            quote!({ #run }.0)
        }
        None => reading(&parts, &site),
    };
    let function = &model.function;
    let (attrs, vis, sig) = (&function.attrs, &function.vis, &function.sig);
    match model.signature.flow {
        Flow::Sync | Flow::Async => quote!(#(#attrs)* #vis #sig { #value }),
        Flow::Boxed => {
            quote!(#(#attrs)* #vis #sig { ::std::boxed::Box::pin(async move { #value }) })
        }
    }
}

fn reading(parts: &Parts<'_>, site: &TokenStream) -> TokenStream {
    let (begin, tags, run) = (begin(parts, site), parts.tags(), run(parts));
    quote! {
        #begin
        if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
            return __hit.0;
        }
        __call #tags #run.0
    }
}

fn run(parts: &Parts<'_>) -> TokenStream {
    let (body, sig) = (&parts.model.function.body, &parts.model.function.sig);
    match parts.model.signature.flow {
        Flow::Sync => {
            let output = &sig.output;
            quote!(.run(&__shape, move || #output #body))
        }
        Flow::Boxed => {
            let output = &sig.output;
            quote!(.run_async(&__shape, move || #output #body).await)
        }
        Flow::Async => {
            let block = async_block(&parts.private, &parts.model.signature.output, body);
            quote!(.run_async(&__shape, move || #block).await)
        }
    }
}

/// `async move { .. }` around a body, with its output named: `?` and `return` need to know it.
///
/// The body keeps its braces, where an error about its value points to. For a body of one line
/// rustc would advise to remove them.
pub(crate) fn async_block(
    private: &TokenStream,
    output: &syn::Type,
    body: &Option<proc_macro2::Group>,
) -> TokenStream {
    quote!(async move {
        if false {
            return #private::never::<#output>();
        }
        #[allow(unused_braces)]
        #body
    })
}

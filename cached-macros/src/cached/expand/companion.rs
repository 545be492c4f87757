//! Functions beside the cached one: in a companion type, as siblings of a method, or, for
//! `#[cached_impl]`, outside of a trait impl.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, Visibility};

use super::batch::Bulk;
use super::entries::Entries;
use super::names::Names;
use super::parts::Parts;
use crate::attrs::with_span_name;
use crate::cached::model::Model;
use crate::signature::{Argument, Flow};

/// A free function: the wrapper, and an empty enum of its name that holds the rest.
///
/// The `const` block is there for its `use`: it keeps the paths short for whoever reads this.
pub(super) fn free(model: &Model, name: &Ident) -> TokenStream {
    let door = format_ident!("__p");
    let (mut parts, vis) = (Parts::beside_under(model, &door), &model.function.vis);
    let wrapper = wrapper(&parts, &quote!(#name), &format_ident!("traced"));
    // What is on the block need not be on each function in it.
    let everywhere = std::mem::take(&mut parts.attrs.everywhere);
    let private = model.runtime.private();
    let body_name = &model.function.sig.ident;
    let (owner, apart) = owner_of_body(&model.function.name());
    let site = site(&parts, Names::Own, &Visibility::Inherited);
    let traced = traced(&parts, Names::Own, (&owner, body_name));
    let body = body(&parts, None, &Visibility::Inherited, body_name);
    let uncached = uncached(&parts, (&owner, body_name));
    let entries = Entries::new(&parts, Names::Own, vis.clone()).all();
    let (within, beside) = match apart {
        None => (Some(body), None),
        Some(apart) => (None, Some(quote!(enum #apart {} impl #apart { #body }))),
    };
    quote! {
        #wrapper

        #(#everywhere)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis enum #name {}

        #(#everywhere)*
        const _: () = {
            use #private as #door;
            #[allow(dead_code)]
            impl #name { #site #traced #within #uncached #entries }
            #beside
        };
    }
}

/// Where the body goes, and the type that has to be declared for it: a function named like one of
/// those in its companion stands apart from them, because bodies keep their names.
fn owner_of_body(name: &str) -> (TokenStream, Option<Ident>) {
    const TAKEN: [&str; 7] = [
        "all",
        "entry",
        "entry_by",
        "invalidate_all",
        "site",
        "traced",
        "uncached",
    ];
    match TAKEN.contains(&name) {
        false => (quote!(Self), None),
        true => (quote!(__Body), Some(format_ident!("__Body"))),
    }
}

/// An inherent method: the wrapper, and siblings with its name in front.
pub(super) fn siblings(model: &Model, prefix: &Ident) -> TokenStream {
    let (parts, vis, names) = (
        Parts::beside(model),
        &model.function.vis,
        Names::Prefixed(prefix),
    );
    let wrapper = wrapper(&parts, &quote!(Self), &names.of("traced"));
    let body_name = names.of("uncached");
    let site = site(&parts, names, vis);
    let traced = traced(&parts, names, (&quote!(Self), &body_name));
    let doc = names.documented(
        "The body of {}: nothing is read or stored.",
        &model.function.name(),
    );
    let body = body(&parts, doc, vis, &body_name);
    let entries = Entries::new(&parts, names, vis.clone()).all();
    quote!(#wrapper #site #traced #body #entries)
}

/// What `#[cached_impl]` adds outside of a trait impl: all but the body, which stays inside.
///
/// Visible wherever the type is, as the method of the trait is, too.
pub(super) fn reaching(model: &Model, prefix: &Ident) -> TokenStream {
    let (parts, names) = (Parts::beside(model), Names::Prefixed(prefix));
    let public: Visibility = syn::parse_quote!(pub);
    let site = site(&parts, names, &public);
    let entries = Entries::new(&parts, names, public).all();
    quote!(#site #entries)
}

/// The function under its own name: same signature, patterns named.
fn wrapper(parts: &Parts<'_>, owner: &TokenStream, traced: &Ident) -> TokenStream {
    let function = &parts.model.function;
    let attrs = &parts.attrs;
    let (everywhere, docs, lints) = (&attrs.everywhere, &attrs.wrapper, &attrs.lints);
    let (vis, asyncness) = (&function.vis, &function.sig.asyncness);
    let output = function.sig.output.to_token_stream();
    let header = header(parts, &function.sig.ident, &inputs(parts), &output);
    let call = call(parts, owner, traced);
    let value = match parts.model.signature.flow {
        Flow::Sync => quote!(#call.0),
        Flow::Async => quote!(#call.await.0),
        Flow::Boxed => quote!(::std::boxed::Box::pin(async move { #call.await.0 })),
    };
    quote!(#(#everywhere)* #(#docs)* #(#lints)* #vis #asyncness #header { #value })
}

/// `fn site() -> &'static P::Site`
fn site(parts: &Parts<'_>, names: Names<'_>, vis: &Visibility) -> TokenStream {
    let (private, everywhere, hidden) = (&parts.private, &parts.attrs.everywhere, names.hidden());
    let (name, site) = (names.of("site"), parts.site());
    quote!(#(#everywhere)* #hidden #vis fn #name() -> &'static #private::Site { #site })
}

/// The call with its outcome: hit, or run the body.
fn traced(
    parts: &Parts<'_>,
    names: Names<'_>,
    (owner, body): (&TokenStream, &Ident),
) -> TokenStream {
    let Parts {
        model,
        private,
        attrs,
        ..
    } = parts;
    let (everywhere, lints, vis) = (&attrs.everywhere, &attrs.lints, &model.function.vis);
    let (name, site) = (names.of("traced"), names.of("site"));
    let site = quote!(Self::#site());
    let (outcome, does) = match Bulk::of(parts) {
        Some(bulk) => (
            quote!(::std::vec::Vec<#private::Outcome>),
            bulk.run(&site, &bulk.calling(owner, body)),
        ),
        None => (
            quote!(#private::Outcome),
            reading(parts, &site, &call(parts, owner, body)),
        ),
    };
    let asyncness = (model.signature.flow != Flow::Sync).then(|| quote!(async));
    let output = &model.signature.output;
    let header = header(
        parts,
        &name,
        &inputs(parts),
        &quote!(-> (#output, #outcome)),
    );
    let doc = names.documented("{}, and where its value came from.", &model.function.name());
    quote!(#(#everywhere)* #doc #(#lints)* #vis #asyncness #header { #does })
}

/// A hit, or the body.
fn reading(parts: &Parts<'_>, site: &TokenStream, body: &TokenStream) -> TokenStream {
    let (begin, tags) = (begin(parts, site), parts.tags());
    let run = match parts.model.signature.flow {
        Flow::Sync => quote!(.run(&__shape, move || #body)),
        Flow::Async | Flow::Boxed => quote!(.run_async(&__shape, move || #body).await),
    };
    quote! {
        #begin
        if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
            return __hit;
        }
        __call #tags #run
    }
}

/// The proofs, `__call` and `__shape`.
pub(super) fn begin(parts: &Parts<'_>, site: &TokenStream) -> TokenStream {
    let (proofs, absence) = (parts.proofs(), parts.absence());
    let (call, shape, cache) = (parts.call(site), parts.shape(), parts.held_cache());
    quote!(#proofs #cache #call let __shape = #shape; #absence)
}

/// The function as it was written, under the name `name`.
fn body(
    parts: &Parts<'_>,
    doc: Option<TokenStream>,
    vis: &Visibility,
    name: &Ident,
) -> TokenStream {
    let function = &parts.model.function;
    let attrs = &parts.attrs;
    let (everywhere, lints) = (&attrs.everywhere, &attrs.lints);
    let named_alike = *name == function.sig.ident;
    let own = attrs.body.iter().map(|attr| match named_alike {
        true => attr.clone(),
        false => with_span_name(attr, &function.name()),
    });
    let sig = syn::Signature {
        ident: name.clone(),
        ..function.sig.clone()
    };
    let body = &function.body;
    quote!(#(#everywhere)* #doc #(#lints)* #(#own)* #vis #sig #body)
}

/// `uncached(..)` of a companion, whose body keeps the function's name.
fn uncached(parts: &Parts<'_>, (owner, body): (&TokenStream, &Ident)) -> TokenStream {
    let function = &parts.model.function;
    let (everywhere, lints) = (&parts.attrs.everywhere, &parts.attrs.lints);
    let (vis, asyncness) = (&function.vis, &function.sig.asyncness);
    let output = function.sig.output.to_token_stream();
    let header = header(parts, &format_ident!("uncached"), &inputs(parts), &output);
    let (call, wait) = (call(parts, owner, body), asyncness.map(|_| quote!(.await)));
    quote!(#(#everywhere)* #(#lints)* #vis #asyncness #header { #call #wait })
}

/// `fn name<T>(inputs) -> output where ..`
pub(super) fn header(
    parts: &Parts<'_>,
    name: &Ident,
    inputs: &[TokenStream],
    output: &TokenStream,
) -> TokenStream {
    let (params, _, bounds) = parts.model.function.sig.generics.split_for_impl();
    quote!(fn #name #params (#(#inputs),*) #output #bounds)
}

/// The declarations of all arguments, patterns named.
fn inputs(parts: &Parts<'_>) -> Vec<TokenStream> {
    let receiver = parts
        .model
        .function
        .sig
        .inputs
        .iter()
        .find_map(|input| match input {
            FnArg::Receiver(receiver) => Some(immutable(receiver)),
            FnArg::Typed(_) => None,
        });
    let arguments = parts
        .model
        .signature
        .arguments
        .iter()
        .map(Argument::declaration);
    receiver.into_iter().chain(arguments).collect()
}

/// The receiver without the `mut` of `mut self`, which only the body makes use of.
fn immutable(receiver: &syn::Receiver) -> TokenStream {
    let plain = syn::Receiver {
        attrs: Vec::new(),
        mutability: None,
        ..receiver.clone()
    };
    plain.to_token_stream()
}

/// `owner::name::<T>(self, db, id)`: passes everything on.
fn call(parts: &Parts<'_>, owner: &TokenStream, name: &Ident) -> TokenStream {
    let signature = &parts.model.signature;
    let receiver = signature.receiver.iter().map(|receiver| &receiver.token);
    let arguments = receiver.chain(signature.arguments.iter().map(|argument| &argument.name));
    let turbofish = signature.turbofish(&parts.model.function);
    quote!(#owner::#name #turbofish (#(#arguments),*))
}

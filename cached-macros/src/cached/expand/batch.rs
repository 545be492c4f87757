//! A batch: its keys are made of one id, its body is given those that nothing was found for.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::parts::Parts;
use crate::cached::model::Batch;
use crate::signature::{Argument, Flow, types};

/// What is run for a batch: `companion` functions end in its values with their outcomes.
pub(super) struct Bulk<'p, 'm> {
    pub(super) parts: &'p Parts<'m>,
    pub(super) batch: &'m Batch,
}

impl<'p, 'm> Bulk<'p, 'm> {
    pub(super) fn of(parts: &'p Parts<'m>) -> Option<Self> {
        let batch = parts.model.batch.as_ref()?;
        Some(Self { parts, batch })
    }

    /// `P::Batch::look(..).run(&__shape, body)`, with its proofs and its shape.
    pub(super) fn run(&self, site: &TokenStream, body: &TokenStream) -> TokenStream {
        let Parts { private, model, .. } = self.parts;
        let (proofs, shape) = (self.parts.proofs(), self.parts.shape());
        let (call, cache) = (self.parts.call(site), self.parts.held_cache());
        let (id, ids) = (&self.batch.id, &self.batch.ids);
        let tags = match model.tags.is_empty() {
            true => quote!(.untagged()),
            false => self.parts.tags(),
        };
        let run = match model.signature.flow {
            Flow::Sync => quote!(.run(&__shape, #body)),
            Flow::Async | Flow::Boxed => quote!(.run_async(&__shape, #body).await),
        };
        quote! {
            #proofs #cache
            let __shape = #shape;
            #private::Batch::look(
                &__shape,
                &#ids[..],
                |#id| { #call __call },
                #[allow(unused_variables)]
                |__call, #id| __call #tags,
            )
            #run
        }
    }

    /// The body as a function of the ids that nothing was found for, in a companion.
    pub(super) fn calling(&self, owner: &TokenStream, name: &Ident) -> TokenStream {
        let model = self.parts.model;
        let signature = &model.signature;
        let receiver = signature.receiver.iter().map(|receiver| {
            let token = &receiver.token;
            quote!(#token)
        });
        let arguments = signature.arguments.iter().map(|argument| {
            let name = &argument.name;
            match (*name == self.batch.ids, &self.batch.by_ref) {
                (true, Some(_)) => quote!(&__missing),
                (true, None) => quote!(__missing),
                (false, _) => quote!(#name),
            }
        });
        let arguments = receiver.chain(arguments);
        let again = self.others().map(|argument| {
            let name = &argument.name;
            let again = self.again(argument, name);
            quote!(let #name = #again;)
        });
        let turbofish = signature.turbofish(&model.function);
        let call = quote!(#owner::#name #turbofish (#(#arguments),*));
        match signature.flow {
            Flow::Sync => quote!(move |__missing| { #(#again)* #call }),
            Flow::Async | Flow::Boxed => {
                quote!(move |__missing| { #(#again)* async move { #call.await } })
            }
        }
    }

    /// The same where the body stands inside of the function.
    pub(super) fn inside(&self) -> TokenStream {
        let Parts { private, model, .. } = self.parts;
        let (function, output) = (&model.function, &model.signature.output);
        let (body, ids, ty) = (&function.body, &self.batch.ids, &self.batch.ty);
        let again = self.others().flat_map(|argument| {
            let again = |name| {
                let again = self.again(argument, name);
                quote!(#[allow(unused_mut, unused_variables)] let mut #name = #again;)
            };
            argument.bindings.iter().map(again)
        });
        let ids = match &self.batch.by_ref {
            Some(held) => quote!(let #ids: &#held = &__missing;),
            None => quote!(#[allow(unused_mut)] let mut #ids = __missing;),
        };
        match model.signature.flow {
            Flow::Sync => quote!(move |__missing: ::std::vec::Vec<#ty>| -> #output {
                #(#again)* #ids
                #body
            }),
            Flow::Async | Flow::Boxed => quote!(move |__missing: ::std::vec::Vec<#ty>| {
                #(#again)*
                async move {
                    if false {
                        return #private::never::<#output>();
                    }
                    #ids
                    #[allow(unused_braces)]
                    #body
                }
            }),
        }
    }

    /// The arguments beside the ids.
    fn others(&self) -> impl Iterator<Item = &'m Argument> {
        let arguments = self.parts.model.signature.arguments.iter();
        arguments.filter(|argument| argument.name != self.batch.ids)
    }

    /// A clone for one run of the body, underlined at the type.
    fn again(&self, argument: &Argument, name: &Ident) -> TokenStream {
        let private = &self.parts.private;
        let ends = types::ends(&argument.ty);
        types::shown_over(quote!(#private::again), quote!(&#name), ends)
    }
}

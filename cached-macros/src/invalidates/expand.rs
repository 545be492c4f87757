//! The function with its mutation around the body.

pub(crate) mod events;

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{quote, quote_spanned};

use self::events::Events;
use super::check::{Mutator, Settings};
use crate::cached::expand::inline::async_block;
use crate::function::Function;
use crate::options::cache::Which;
use crate::signature::Flow;

/// The function as it is called from now on.
pub(crate) fn expand(mutator: &Mutator) -> Function {
    let mut function = mutator.function.clone();
    let nothing_to_do = mutator.early.is_empty() && mutator.late.is_empty();
    if !nothing_to_do {
        function.body = Some(Group::new(Delimiter::Brace, body(mutator)));
    }
    function
}

fn body(mutator: &Mutator) -> TokenStream {
    let private = mutator.runtime.private();
    let events = Events::of(mutator, &private);
    let mutation = mutation(&private, &mutator.settings);
    let early = events.early();
    let (kept, then) = events.late();
    let run = run(mutator, &private, then.as_ref());
    let refuse = refuse(mutator, &private);
    let armed = quote! {
        #kept
        let __mutation = #mutation #early;
        #refuse
        #run
    };
    match mutator.signature.flow {
        Flow::Sync | Flow::Async => armed,
        Flow::Boxed => quote!(::std::boxed::Box::pin(async move { #armed })),
    }
}

/// Returns before the body, where an invalidation could not be delivered.
fn refuse(mutator: &Mutator, private: &TokenStream) -> Option<TokenStream> {
    let span = mutator.settings.refusing?;
    let output = &mutator.signature.output;
    let ready = match mutator.signature.flow {
        Flow::Sync => quote!(__mutation.ready_blocking()),
        Flow::Async | Flow::Boxed => quote!(__mutation.ready().await),
    };
    Some(quote_spanned! {span=>
        if let ::core::result::Result::Err(__error) = #ready {
            return <#output as #private::Refuses>::refuse(__error);
        }
    })
}

/// `P::Mutation::new()` with what holds for all targets.
pub(crate) fn mutation(private: &TokenStream, settings: &Settings) -> TokenStream {
    let cache = match &settings.cache {
        Some(Which::Computed(cache)) => Some(quote!(.cache(&(#cache)))),
        // The targets name it themselves.
        Some(Which::Named(_)) | None => None,
    };
    let again = settings.again_after.map(|millis| {
        let millis = proc_macro2::Literal::u64_unsuffixed(millis);
        quote!(.again_after_ms(#millis))
    });
    let on_ok = settings.on_ok.then(|| quote!(.on_ok()));
    quote!(#private::Mutation::new() #cache #again #on_ok)
}

/// `__mutation.run(body)`, or `run_then(body, then)`.
fn run(mutator: &Mutator, private: &TokenStream, then: Option<&TokenStream>) -> TokenStream {
    let (body, output) = (&mutator.function.body, &mutator.function.sig.output);
    let then = then.map(|then| quote!(, #then));
    match mutator.signature.flow {
        Flow::Sync => {
            let method = if then.is_some() {
                quote!(run_then)
            } else {
                quote!(run)
            };
            let output = (!is_opaque(mutator)).then_some(output);
            quote!(__mutation.#method(move || #output #body #then))
        }
        Flow::Async | Flow::Boxed => {
            let then = then.unwrap_or_else(|| quote!(, |_, _| {}));
            // `impl Trait` cannot be named to ask whether it is `Send`; its future is what it was.
            let ending = match is_opaque(mutator) {
                true => quote!(#private::Awaits),
                false => {
                    let output = &mutator.signature.output;
                    quote!(#private::ending!(#output))
                }
            };
            let block = match (mutator.signature.flow, is_opaque(mutator)) {
                (Flow::Boxed, _) => quote!(async move {
                    let __body = move || #output #body;
                    __body().await
                }),
                (_, true) => quote!(async move #body),
                (_, false) => async_block(private, &mutator.signature.output, body),
            };
            quote!(#ending.run(__mutation, move || #block #then).await)
        }
    }
}

/// `impl Trait` cannot be written again inside of the function.
pub(crate) fn is_opaque(mutator: &Mutator) -> bool {
    let output = quote::ToTokens::to_token_stream(&mutator.signature.output);
    crate::signature::types::mentions(output, "impl")
}

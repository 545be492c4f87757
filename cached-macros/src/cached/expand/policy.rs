//! The options that are known while compiling, as a chain of `const` calls on the site.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use crate::cached::model::Model;
use crate::options::cache::Which;
use crate::options::duration::Duration;
use crate::options::l1::Kept;

/// `.ttl_ms(300000).lock().tags(&["user:<author>"])`
pub(super) fn chain(model: &Model, private: &TokenStream) -> TokenStream {
    let policy = &model.policy;
    let lock = policy.lock.as_ref().map(|lease| match lease.0 {
        Some(millis) => with("lock_ms", millis),
        None => quote!(.lock()),
    });
    let cache = policy.cache.as_ref().map(|cache| match cache {
        Which::Named(name) => quote!(.cache(#name)),
        Which::Computed(_) => quote!(.cache_expr()),
    });
    let calls = [
        lifetime(policy.ttl.as_ref(), "ttl_ms", "forever"),
        lifetime(policy.ttl_none.as_ref(), "ttl_none_ms", "ttl_none_forever"),
        lock,
        policy.wait.map(|millis| with("wait_ms", millis)),
        policy
            .version
            .map(|version| with("version", version.into())),
        policy
            .schema
            .as_ref()
            .map(|schema| quote!(.schema(#schema))),
        cache,
        policy.in_process.then(|| quote!(.in_process())),
        policy.l1.as_ref().map(near),
        tags(model),
        value(model, private),
    ];
    calls.into_iter().flatten().collect()
}

fn lifetime(duration: Option<&Duration>, millis: &str, forever: &str) -> Option<TokenStream> {
    match duration? {
        Duration::Millis(count) => Some(with(millis, *count)),
        Duration::Forever => {
            let forever = format_ident!("{forever}");
            Some(quote!(.#forever()))
        }
        Duration::Computed(_) => None,
    }
}

fn near(kept: &Kept) -> TokenStream {
    match kept {
        Kept::AtMost(millis) => with("l1_ms", *millis),
        Kept::Never => quote!(.no_l1()),
    }
}

fn tags(model: &Model) -> Option<TokenStream> {
    let tags = model.tags.iter().map(|tag| &tag.text);
    (!model.tags.is_empty()).then(|| quote!(.tags(&[#(#tags),*])))
}

/// The stored type, where it means the same outside of the function.
fn value(model: &Model, private: &TokenStream) -> Option<TokenStream> {
    let alone = !model.is_method && model.function.sig.generics.params.is_empty();
    let output = &model.signature.output;
    let in_process = model.policy.in_process.then(|| quote!(, in_process));
    let value_of = match model.batch {
        Some(_) => quote!(value_of_bulk),
        None => quote!(value_of),
    };
    alone.then(|| quote!(.value(#private::#value_of!(#output #in_process))))
}

fn with(name: &str, value: u64) -> TokenStream {
    let (name, value) = (format_ident!("{name}"), Literal::u64_unsuffixed(value));
    quote!(.#name(#value))
}

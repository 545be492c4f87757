//! `entry(..)`, `entry_by(..)`, `all()` and `invalidate_all()`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::Visibility;

use super::by::By;
use super::companion::header;
use super::names::Names;
use super::parts::Parts;
use crate::cached::model::Key;
use crate::function::plain;
use crate::signature::{Argument, types};

/// Writes the functions that lead to the entries of a cached function.
pub(super) struct Entries<'p, 'm> {
    pub(super) parts: &'p Parts<'m>,
    pub(super) names: Names<'p>,
    pub(super) vis: Visibility,
    /// What a `cache = expression` needs to be evaluated.
    cache: CacheNeeds<'m>,
}

/// The arguments that a `cache = expression` mentions.
struct CacheNeeds<'m> {
    receiver: Option<&'m Ident>,
    arguments: Vec<&'m Argument>,
}

impl<'p, 'm> Entries<'p, 'm> {
    pub(super) fn new(parts: &'p Parts<'m>, names: Names<'p>, vis: Visibility) -> Self {
        let signature = &parts.model.signature;
        let cache = parts
            .model
            .policy
            .computed_cache()
            .map(ToTokens::to_token_stream);
        let cache = cache.unwrap_or_default();
        let named = |argument: &&Argument| argument.is_named_in(&cache);
        let receiver = signature.receiver.as_ref().map(|receiver| &receiver.token);
        let cache = CacheNeeds {
            receiver: receiver.filter(|_| types::mentions(cache.clone(), "self")),
            arguments: signature.arguments.iter().filter(named).collect(),
        };
        Self {
            parts,
            names,
            vis,
            cache,
        }
    }

    pub(super) fn all(&self) -> TokenStream {
        let whole = self.whole();
        // The entries of a batch are those of the function of one id.
        if self.parts.model.batch.is_some() {
            return whole;
        }
        let (entry, entry_by) = (self.entry(), self.entry_by());
        quote!(#entry #entry_by #whole)
    }

    /// The entry of a call, by the arguments that its key and tags are made of.
    fn entry(&self) -> TokenStream {
        let receiver = self.receiver();
        let ttl = self.ttl(&self.arguments(), receiver.is_some());
        let tags = self.parts.tags();
        let value = self.value(&self.parts.key(), &quote!(#tags #ttl));
        let doc = self.doc("The entry of {} for these arguments.");
        let main = self.entry_fn(doc, "entry", receiver, &value);
        // `<Type>::method(id)` in `#[invalidates]` has no instance at hand: `entry_at` takes one
        // only if the key is made of it.
        let at = self.names.is_prefixed().then(|| {
            let needed = receiver.filter(|_| types::mentions(value.clone(), "self"));
            self.entry_fn(self.names.hidden(), "entry_at", needed, &value)
        });
        quote!(#main #at)
    }

    fn entry_fn(
        &self,
        attrs: Option<TokenStream>,
        what: &str,
        receiver: Option<&Ident>,
        value: &TokenStream,
    ) -> TokenStream {
        let (private, output) = (&self.parts.private, &self.parts.model.signature.output);
        let (everywhere, lints) = (&self.parts.attrs.everywhere, &self.parts.attrs.lints);
        let receiver = receiver.map(|token| quote!(&#token));
        let arguments = self.arguments().into_iter().map(Argument::declaration);
        let inputs: Vec<_> = receiver.into_iter().chain(arguments).collect();
        let (vis, name) = (&self.vis, self.names.of(what));
        let header = header(
            self.parts,
            &name,
            &inputs,
            &quote!(-> #private::Entry<#output>),
        );
        quote!(#(#everywhere)* #attrs #(#lints)* #vis #header { #value })
    }

    /// The arguments that an entry cannot be named without.
    fn arguments(&self) -> Vec<&'m Argument> {
        let model = self.parts.model;
        let in_key = |name: &str| match &model.key {
            Key::Template(template) => template.names(name),
            Key::Default(key) => key.parts.iter().any(|part| plain(part) == name),
        };
        let named = |name: &Ident| {
            let name = plain(name);
            in_key(&name) || model.tags.iter().any(|tag| tag.names(&name))
        };
        let used = |argument: &&Argument| {
            argument.bindings.iter().any(named) || self.cache.needs(argument)
        };
        model.signature.arguments.iter().filter(used).collect()
    }

    /// `P::Entry::new(site, shape, key)`
    fn value(&self, key: &TokenStream, more: &TokenStream) -> TokenStream {
        let (private, site) = (&self.parts.private, self.names.of("site"));
        let (shape, cache) = (self.parts.shape(), self.parts.cache());
        let (held, site) = self.parts.held_site(&quote!(Self::#site()));
        let on_type = self.parts.on_type();
        quote!(#held #private::Entry::new(#site, #shape, #key) #on_type #more #cache)
    }

    /// `.ttl(expression)`, if the expression needs no more than is at hand; else the entry has the
    /// cache's default.
    fn ttl(&self, at_hand: &[&Argument], has_self: bool) -> Option<TokenStream> {
        let model = self.parts.model;
        let ttl = model.policy.computed_ttl()?.to_token_stream();
        let missing = |argument: &Argument| {
            argument.is_named_in(&ttl) && !at_hand.iter().any(|there| there.name == argument.name)
        };
        let lacks_self = types::mentions(ttl.clone(), "self") && !has_self;
        let is_lacking = lacks_self || model.signature.arguments.iter().any(missing);
        self.parts.ttl().filter(|_| !is_lacking)
    }

    fn doc(&self, text: &str) -> Option<TokenStream> {
        self.names
            .documented(text, &self.parts.model.function.name())
    }

    fn receiver(&self) -> Option<&'m Ident> {
        self.parts
            .model
            .signature
            .receiver
            .as_ref()
            .map(|receiver| &receiver.token)
    }

    /// The entry by one value per placeholder; a default key has no placeholders.
    fn entry_by(&self) -> Option<TokenStream> {
        let Parts {
            model,
            private,
            attrs,
            ..
        } = self.parts;
        let Key::Template(key) = &model.key else {
            return None;
        };
        let by = By::of(key, &model.tags, &model.signature, private)?;
        let (tags, ttl) = (by.tags(&model.tags), self.ttl(&self.cache.arguments, false));
        let value = self.value(&by.writer(key), &quote!(#tags #ttl));
        let receiver = self.cache.receiver.map(|token| quote!(&#token));
        let cache = self
            .cache
            .arguments
            .iter()
            .map(|argument| argument.declaration());
        let inputs = receiver
            .into_iter()
            .chain(cache)
            .chain(by.inputs.iter().cloned());
        let (everywhere, lints) = (&attrs.everywhere, &attrs.lints);
        let (vis, name) = (&self.vis, self.names.of("entry_by"));
        let doc = self.doc("The entry of {} by one value per placeholder of its key and tags.");
        let params = by.params(key, &model.function, !self.cache.arguments.is_empty());
        let (params, _, bounds) = params.split_for_impl();
        let output = &model.signature.output;
        Some(quote! {
            #(#everywhere)* #doc #(#lints)*
            #vis fn #name #params (#(#inputs),*) -> #private::Entry<#output> #bounds { #value }
        })
    }

    /// Every entry of the function.
    fn whole(&self) -> TokenStream {
        if !self.names.is_prefixed() && self.parts.model.policy.computed_cache().is_none() {
            let (private, vis) = (&self.parts.private, &self.vis);
            return quote!(#private::every_entry!(#vis, Self););
        }
        let Parts { private, attrs, .. } = self.parts;
        let (everywhere, vis, cache) = (&attrs.everywhere, &self.vis, self.parts.cache());
        let (site, all) = (self.names.of("site"), self.names.of("all"));
        let invalidate_all = self.names.of("invalidate_all");
        let (inputs, passed) = (self.cache.inputs(), self.cache.passed());
        let all_doc = self.doc("Every entry of {}.");
        let doc = self.doc("Drops every entry of {}.");
        let all_of = self.all_of(&all);
        let (params, _, bounds) = match self.cache.arguments.is_empty() {
            true => (None, (), None),
            false => {
                let (params, _, bounds) = self.parts.model.function.sig.generics.split_for_impl();
                (Some(params), (), bounds)
            }
        };
        quote! {
            #(#everywhere)* #all_doc
            #vis fn #all #params (#(#inputs),*) -> #private::EntryAll #bounds {
                #private::EntryAll::new(Self::#site()) #cache
            }
            #(#everywhere)* #doc
            #vis async fn #invalidate_all #params (#(#inputs),*) -> #private::Delivery #bounds {
                Self::#all(#(#passed),*).invalidate().await
            }
            #all_of
        }
    }

    /// `self.method(..)` in `#[invalidates]` has an instance, whether `all` takes one or not.
    fn all_of(&self, all: &Ident) -> Option<TokenStream> {
        let reachable = self.names.is_prefixed() && self.cache.arguments.is_empty();
        let token = self.receiver().filter(|_| reachable)?;
        let (private, vis, passed) = (&self.parts.private, &self.vis, self.cache.receiver);
        let (everywhere, name) = (&self.parts.attrs.everywhere, self.names.of("all_of"));
        let hidden = self.names.hidden();
        Some(quote! {
            #(#everywhere)* #hidden
            #vis fn #name(&#token) -> #private::EntryAll { Self::#all(#passed) }
        })
    }
}

impl CacheNeeds<'_> {
    fn needs(&self, argument: &Argument) -> bool {
        self.arguments
            .iter()
            .any(|needed| needed.name == argument.name)
    }

    fn inputs(&self) -> Vec<TokenStream> {
        let receiver = self.receiver.map(|token| quote!(&#token));
        receiver
            .into_iter()
            .chain(self.arguments.iter().map(|a| a.declaration()))
            .collect()
    }

    fn passed(&self) -> Vec<&Ident> {
        let arguments = self.arguments.iter().map(|argument| &argument.name);
        self.receiver.into_iter().chain(arguments).collect()
    }
}

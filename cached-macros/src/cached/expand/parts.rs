//! The pieces that every layout is put together from.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Type};

use super::policy;
use crate::attrs::Sorted;
use crate::cached::model::{DefaultKey, Key, Model, Proof};
use crate::function::plain;
use crate::scope::Scope;
use crate::signature::{Argument, types};
use crate::template::Template;

/// Builds pieces for one function.
pub(crate) struct Parts<'m> {
    pub(crate) model: &'m Model,
    /// `::cached_core::__private`
    pub(crate) private: TokenStream,
    pub(crate) attrs: Sorted,
    scope: Scope<'m>,
    /// Whether patterns are already taken apart where the pieces go.
    unpacked: bool,
}

impl<'m> Parts<'m> {
    /// For generated functions, which name every argument whole.
    pub(crate) fn beside(model: &'m Model) -> Self {
        Self::new(
            model,
            Scope::of_companion(&model.keyed, model.is_method),
            false,
        )
    }

    /// The same, where `alias` stands for the runtime's door.
    pub(crate) fn beside_under(model: &'m Model, alias: &Ident) -> Self {
        Self {
            private: alias.to_token_stream(),
            ..Self::beside(model)
        }
    }

    /// For code inside of the function itself.
    pub(crate) fn inside(model: &'m Model) -> Self {
        Self::new(model, Scope::of_body(&model.keyed, model.is_method), true)
    }

    fn new(model: &'m Model, scope: Scope<'m>, unpacked: bool) -> Self {
        let attrs = Sorted::of(&model.function.attrs);
        Self {
            model,
            private: model.runtime.private(),
            scope,
            attrs,
            unpacked,
        }
    }

    /// `P::site!(reader "get_post", "post:<id>", .ttl_ms(300000))`
    pub(crate) fn site(&self) -> TokenStream {
        let private = &self.private;
        let name = self.model.function.name();
        let template = match &self.model.key {
            Key::Template(template) => template.text.to_token_stream(),
            Key::Default(key) => {
                let path = &key.path;
                let arguments = if key.parts.is_empty() {
                    ""
                } else {
                    ":<arguments>"
                };
                quote!(::core::concat!(::core::module_path!(), #path, #arguments))
            }
        };
        let policy = policy::chain(self.model, private);
        match policy.is_empty() {
            true => quote!(#private::site!(reader #name, #template)),
            false => quote!(#private::site!(reader #name, #template, #policy)),
        }
    }

    /// `|__k| { .. }`: writes the key.
    pub(crate) fn key(&self) -> TokenStream {
        match &self.model.key {
            Key::Template(template) => self.scope.writer(template),
            Key::Default(key) => self.default_key(key),
        }
    }

    fn default_key(&self, key: &DefaultKey) -> TokenStream {
        let DefaultKey {
            path,
            parts,
            types,
            consts,
        } = key;
        let private = &self.private;
        let self_type = (self.model.is_method && !self.model.policy.any_self)
            .then(|| quote!(__k.self_type(::core::any::type_name::<Self>());));
        let unpack = self.unpack(|argument| argument.bindings.iter().any(|b| parts.contains(b)));
        let parts = parts.iter().map(|part| {
            let write = quote!(#private::default_part!);
            let write = types::shown_over(write, quote!(__k, #part), self.ends_of(part));
            quote!(#write;)
        });
        let types = types
            .iter()
            .map(|ty| quote!(__k.literal(":").type_part::<#ty>();));
        let consts = consts
            .iter()
            .map(|value| quote!(__k.literal(":").part(&#value);));
        quote!(|__k| {
            __k.literal(::core::concat!(::core::module_path!(), #path)).rank(__site.rank());
            #self_type
            #(#unpack)* #(#parts)* #(#types)* #(#consts)*
        })
    }

    /// Where the type of the argument stands that binds `binding`.
    fn ends_of(&self, binding: &Ident) -> (Span, Span) {
        match self.model.signature.argument(&plain(binding)) {
            Some((argument, _)) => types::ends(&argument.ty),
            None => (binding.span(), binding.span()),
        }
    }

    fn unpack(&self, wanted: impl Fn(&Argument) -> bool) -> Vec<TokenStream> {
        let arguments = self.model.signature.arguments.iter();
        let wanted = arguments.filter(|argument| !self.unpacked && wanted(argument));
        wanted.filter_map(Argument::unpack).collect()
    }

    /// `.tag(|__k| { .. })` for each tag.
    pub(crate) fn tags(&self) -> TokenStream {
        let tag = |tag: &Template| {
            let write = self.scope.writer(tag);
            quote!(.tag(#write))
        };
        self.model.tags.iter().map(tag).collect()
    }

    /// `P::shape!(Ret)`, underlined at the return type.
    pub(crate) fn shape(&self) -> TokenStream {
        let (private, output) = (&self.private, &self.model.signature.output);
        let policy = &self.model.policy;
        let in_process = policy.in_process.then(|| quote!(, in_process));
        let unshared = (!policy.share_err).then(|| quote!(.no_share_err()));
        let weigh = policy.weigh.iter();
        let with = quote!(#unshared #(.weigh(#weigh))*);
        match self.model.batch {
            Some(_) => quote!(#private::bulk!(#output #in_process, [#with])),
            None => quote!(#private::shape!(#output #in_process) #with),
        }
    }

    /// `__call` with all that is known at call time. The key is written where the call stands,
    /// because moving one costs more than writing it.
    pub(crate) fn call(&self, site: &TokenStream) -> TokenStream {
        let (private, key) = (&self.private, self.key());
        let (on_type, ttl) = (self.on_type(), self.ttl());
        let cache = self
            .model
            .policy
            .computed_cache()
            .map(|_| quote!(.cache(__cache)));
        let (held, site) = self.held_site(site);
        quote! {
            #held
            let mut __call = #private::Call::start(#site) #on_type #ttl #cache;
            __call.key(#key);
        }
    }

    /// `let __site = site;` where the key is made of the site too, and how to name it then.
    pub(crate) fn held_site(&self, site: &TokenStream) -> (Option<TokenStream>, TokenStream) {
        match &self.model.key {
            Key::Template(_) => (None, site.clone()),
            Key::Default(_) => (Some(quote!(let __site = #site;)), quote!(__site)),
        }
    }

    /// `.ttl(P::Ttl::from(expression))`
    pub(crate) fn ttl(&self) -> Option<TokenStream> {
        let (private, expr) = (&self.private, self.model.policy.computed_ttl()?);
        let from = quote!(#private::Ttl::from);
        let ttl = types::called_over(from, self.computed(expr), types::ends(expr));
        Some(quote!(.ttl(#ttl)))
    }

    /// `.on_type(..)`, where calls on different types could meet.
    pub(crate) fn on_type(&self) -> Option<TokenStream> {
        let on_type = || quote!(.on_type(::core::any::type_name::<Self>()));
        self.checks_self().then(on_type)
    }

    /// A method's site serves one type, unless the key tells types apart or `skip(Self)` is given.
    fn checks_self(&self) -> bool {
        let keyed = match &self.model.key {
            Key::Template(template) => template.names("Self"),
            Key::Default(_) => true,
        };
        self.model.is_method && !keyed && !self.model.policy.any_self
    }

    /// `.cache(&(self.cache))`
    pub(crate) fn cache(&self) -> Option<TokenStream> {
        let cache = self.computed(self.model.policy.computed_cache()?);
        Some(quote!(.cache(&(#cache))))
    }

    /// `let __cache = &(self.cache);`: a call borrows its cache, an entry does not.
    pub(crate) fn held_cache(&self) -> Option<TokenStream> {
        let cache = self.computed(self.model.policy.computed_cache()?);
        Some(quote!(let __cache = &(#cache);))
    }

    /// A user's expression, with the patterns taken apart that it mentions.
    fn computed(&self, expr: &Expr) -> TokenStream {
        let unpack = self.unpack(|argument| argument.is_named_in(&expr.to_token_stream()));
        match unpack.is_empty() {
            true => expr.to_token_stream(),
            false => quote!({ #(#unpack)* #expr }),
        }
    }

    /// What the compiler has to prove before anything runs.
    pub(crate) fn proofs(&self) -> TokenStream {
        let private = &self.private;
        let proof = |proof: &Proof| match proof {
            Proof::Handle(ty) => {
                let (span, _) = types::ends(ty);
                let ty = referent(ty);
                quote_spanned!(span=> #private::assert_handle::<#ty>();)
            }
            Proof::SelfHandle(span) => quote_spanned!(*span=> #private::assert_handle::<Self>();),
            Proof::CopySelf(span) => quote_spanned!(*span=> #private::assert_copy_self::<Self>();),
        };
        let proofs: TokenStream = self.model.proofs.iter().map(proof).collect();
        let storable = self.storable();
        quote!(#proofs #storable)
    }

    /// `P::assert_storable!(Ret);`: the one place that asks for the bounds of the value.
    fn storable(&self) -> TokenStream {
        let (private, output) = (&self.private, &self.model.signature.output);
        let in_process = self.model.policy.in_process.then(|| quote!(, in_process));
        let assert = match self.model.batch {
            Some(_) => quote!(#private::assert_bulk!),
            None => quote!(#private::assert_storable!),
        };
        let assert = types::shown_over(assert, quote!(#output #in_process), types::ends(output));
        quote!(#assert;)
    }

    /// `P::assert_absent(&__shape);` where `ttl_none` is given.
    pub(crate) fn absence(&self) -> Option<TokenStream> {
        let (private, asked) = (&self.private, self.model.policy.ttl_none.is_some());
        let ends = types::ends(&self.model.signature.output);
        let assert = quote!(#private::assert_absent);
        let assert = types::shown_over(assert, quote!(__shape.kind()), ends);
        asked.then(|| quote!(#assert;))
    }
}

/// `&Db` is a handle if `Db` is one: asking for `Db` gives the clearer message.
fn referent(ty: &Type) -> &Type {
    match types::strip(ty) {
        Type::Reference(reference) => referent(&reference.elem),
        ty => ty,
    }
}

//! The getter as tokens.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::returns::Returns;
use super::{Property, Sharing};
use crate::options::duration::Duration;

impl Property {
    /// The method with its new return type and its body in a closure.
    pub(super) fn expand(&self) -> TokenStream {
        let mut getter = self.function.clone();
        let output = self.output();
        getter.sig.output = syn::parse_quote!(-> #output);
        let (guard, read) = (self.refuse_alias(), self.read());
        getter.body = Some(Group::new(Delimiter::Brace, quote!(#guard #read)));
        getter.into_token_stream()
    }

    fn output(&self) -> TokenStream {
        let lifetime = &self.lifetime;
        self.returns
            .with(&self.runtime.private(), &self.returned, |kept| {
                match self.sharing {
                    Sharing::Reference => quote!(&#lifetime #kept),
                    Sharing::Arc { .. } => quote!(::std::sync::Arc<#kept>),
                }
            })
    }

    /// A constant that cannot be computed if the return type is a `Result` by another name.
    fn refuse_alias(&self) -> Option<TokenStream> {
        if self.returns != Returns::ValueUnlessResult {
            return None;
        }
        let (private, returned) = (self.runtime.private(), &self.returned);
        let text = format!(
            "`{}` returns a `Result` by another name: write `#[cached_property(result)]`, so that \
             an `Err` is not kept",
            self.function.name(),
        );
        Some(quote_spanned!(returned.span()=> const {
            use #private::NotResult as _;
            ::core::assert!(!#private::IsResult::<#returned>::YES, #text)
        };))
    }

    fn ttl(&self) -> Option<TokenStream> {
        let private = self.runtime.private();
        match &self.sharing {
            Sharing::Reference => None,
            Sharing::Arc {
                ttl: Duration::Millis(ms),
            } => Some(quote!(#private::Ttl::from_millis(#ms),)),
            Sharing::Arc {
                ttl: Duration::Forever,
            } => Some(quote!(#private::Ttl::FOREVER,)),
            Sharing::Arc {
                ttl: Duration::Computed(ttl),
            } => Some(quote!(#ttl,)),
        }
    }

    /// The body in a closure of a fixed type, so that `?` and a wrong tail are judged by it.
    fn body(&self) -> TokenStream {
        let (private, returned) = (self.runtime.private(), &self.returned);
        // Without its braces: next to a statement they would be called superfluous.
        let body = self.function.body.as_ref().map(Group::stream);
        match self.function.sig.asyncness {
            None => quote!(|| -> #returned { #body }),
            Some(_) => quote!(|| async move {
                if false {
                    return #private::never::<#returned>();
                }
                #body
            }),
        }
    }

    fn read(&self) -> TokenStream {
        let Self {
            function,
            receiver,
            field,
            returned,
            ..
        } = self;
        let private = self.runtime.private();
        let is_result = self.returns.is_result(&private, returned);
        let body = self.body();
        let place = field.borrowed(receiver, function.sig.ident.span());
        let (name, wait) = match (&self.sharing, function.sig.asyncness) {
            (Sharing::Reference, None) => (quote!(read_property), None),
            (Sharing::Reference, Some(_)) => (quote!(read_property_async), Some(quote!(.await))),
            (Sharing::Arc { .. }, None) => (quote!(read_shared), None),
            (Sharing::Arc { .. }, Some(_)) => (quote!(read_shared_async), Some(quote!(.await))),
        };
        // The compiler infers the type of the future.
        let future = wait.as_ref().map(|_| quote!(, _));
        let ttl = self.ttl();
        let call = quote_spanned!(returned.span()=>
            #private::#name::<#is_result, #returned #future>
        );
        quote!(#call(#place, #ttl #body) #wait)
    }
}

//! What a mutation is told: before the body, and after it where the result is needed.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;

use super::is_opaque;
use crate::function::plain;
use crate::invalidates::check::{Event, Mutator, Settings, mentions_result};
use crate::invalidates::target::{Call, Entries};
use crate::options::cache::Which;
use crate::scope::{Scope, Source, ident, reach, writer, writing};
use crate::signature::{Signature, types};
use crate::template::{Piece, Placeholder, Template};

/// Writes the targets of one mutator.
pub(crate) struct Events<'m> {
    mutator: &'m Mutator,
    private: &'m TokenStream,
    scope: Scope<'m>,
}

impl<'m> Events<'m> {
    pub(crate) fn of(mutator: &'m Mutator, private: &'m TokenStream) -> Self {
        let scope = Scope::of_body(&mutator.signature, mutator.is_method).with_result();
        Self {
            mutator,
            private,
            scope,
        }
    }

    /// `.key(site, |__k| { .. }).entry(&get_post::entry(id))`
    pub(crate) fn early(&self) -> TokenStream {
        let event = |event: &Event| match event {
            Event::Key(template) => {
                let (site, write) = (self.site(template, false), self.scope.writer(template));
                quote!(.key(#site, #write))
            }
            Event::Tag(template) => {
                let (site, write) = (self.site(template, true), self.scope.writer(template));
                quote!(.tag(#site, #write))
            }
            Event::Function(call) => {
                let passed: Vec<_> = call.arguments().iter().map(|a| self.passed(a)).collect();
                self.function(call, &passed)
            }
        };
        self.mutator.early.iter().map(event).collect()
    }

    fn function(&self, call: &Call, passed: &[TokenStream]) -> TokenStream {
        let name = self.mutator.function.name();
        function(self.private, &name, call, &call.entries(passed))
    }

    fn site(&self, template: &Template, is_tag: bool) -> TokenStream {
        site(
            self.private,
            &self.mutator.function.name(),
            &self.mutator.settings,
            template,
            is_tag,
        )
    }

    /// An argument of the function form: the body may still want what it names.
    fn passed(&self, argument: &Expr) -> TokenStream {
        passed(argument, Some(&self.mutator.signature))
    }

    /// What must be kept for the targets that need the result, and the closure that adds them.
    pub(crate) fn late(&self) -> (TokenStream, Option<TokenStream>) {
        let on_ok = self.mutator.settings.on_ok;
        if self.mutator.late.is_empty() && !on_ok {
            return (TokenStream::new(), None);
        }
        let mut kept = Kept::default();
        let added: TokenStream = self
            .mutator
            .late
            .iter()
            .map(|event| self.added(event, &mut kept))
            .collect();
        let private = self.private;
        let output = match is_opaque(self.mutator) {
            true => quote!(_),
            false => self.mutator.signature.output.to_token_stream(),
        };
        let cancel = on_ok.then(|| quote!(else { __late.cancel(); }));
        let then = quote!(|__returned: &#output, __late: &mut #private::Late| {
            #[allow(unused_variables)]
            if let ::core::option::Option::Some(result) = #private::ok_of!(__returned) { #added }
            #cancel
        });
        (kept.lets, Some(then))
    }

    fn added(&self, event: &Event, kept: &mut Kept) -> TokenStream {
        match event {
            Event::Key(template) => {
                let (site, write) = (self.site(template, false), self.late_writer(template, kept));
                quote!(__late.key(#site, #write);)
            }
            Event::Tag(template) => {
                let (site, write) = (self.site(template, true), self.late_writer(template, kept));
                quote!(__late.tag(#site, #write);)
            }
            Event::Function(call) => {
                let passed: Vec<_> = call
                    .arguments()
                    .iter()
                    .map(|argument| match mentions_result(argument) {
                        true => passed(argument, None),
                        false => kept.keep(&self.passed(argument)).to_token_stream(),
                    })
                    .collect();
                let added = self.function(call, &passed);
                quote!(__late #added;)
            }
        }
    }

    /// Placeholders of the result are read after the body, all others before it.
    fn late_writer(&self, template: &Template, kept: &mut Kept) -> TokenStream {
        let calls: TokenStream = template
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => quote!(.literal(#text)),
                Piece::Hole(placeholder) => self.late_part(placeholder, template, kept),
            })
            .collect();
        writer(&calls)
    }

    fn late_part(
        &self,
        placeholder: &Placeholder,
        template: &Template,
        kept: &mut Kept,
    ) -> TokenStream {
        let span = template.span;
        let root = ident(&placeholder.root, span);
        let value = match self.scope.resolve(&placeholder.root, span) {
            Some(Source::Type(ty)) => return quote_spanned!(span=> .type_part::<#ty>()),
            Some(Source::Result) | None => {
                // `result` is the caller's word; the variable has the macro's hygiene.
                reach(
                    &Ident::new("result", Span::call_site()),
                    &placeholder.path,
                    span,
                )
            }
            Some(_) => {
                let value = reach(&root, &placeholder.path, span);
                let part = kept.keep(&quote_spanned!(span=> ::core::clone::Clone::clone(#value)));
                quote!(&#part)
            }
        };
        writing(placeholder.modifier, &value)
    }
}

/// Values that the body may consume, kept for after it.
#[derive(Default)]
struct Kept {
    lets: TokenStream,
    count: usize,
}

impl Kept {
    fn keep(&mut self, value: &TokenStream) -> Ident {
        let name = format_ident!("__kept{}", self.count);
        self.count += 1;
        self.lets.extend(quote!(let #name = #value;));
        name
    }
}

/// `.entry(site, &..)` or `.all(site, &..)`
pub(crate) fn function(
    private: &TokenStream,
    name: &str,
    call: &Call,
    entries: &TokenStream,
) -> TokenStream {
    let target = call.text();
    let site = quote!(#private::site!(mutator #name, #target, .as_call()));
    match call.which {
        Entries::Of(_) => quote!(.entry(#site, &#entries)),
        Entries::All => quote!(.all(#site, &#entries)),
    }
}

/// `P::site!(mutator "update_post", "post:<id>")`
pub(crate) fn site(
    private: &TokenStream,
    name: &str,
    settings: &Settings,
    template: &Template,
    is_tag: bool,
) -> TokenStream {
    let text = &template.text;
    let cache = match &settings.cache {
        Some(Which::Named(cache)) => Some(quote!(.cache(#cache))),
        Some(Which::Computed(_)) => Some(quote!(.cache_expr())),
        None => None,
    };
    let tag = is_tag.then(|| quote!(.as_tag()));
    let policy = (tag.is_some() || cache.is_some()).then(|| quote!(, #tag #cache));
    quote!(#private::site!(mutator #name, #text #policy))
}

/// A variable or a field is cloned, so that it is still there for the body.
pub(crate) fn passed(argument: &Expr, signature: Option<&Signature>) -> TokenStream {
    if !is_place(argument) {
        return argument.to_token_stream();
    }
    let bound = match argument {
        Expr::Path(path) => path.path.get_ident().map(plain),
        _ => None,
    };
    let of = bound.and_then(|name| signature?.argument(&name));
    match of.map(|(argument, _)| &argument.ty) {
        Some(ty) if types::is_mut_ref(ty) => quote!(&*#argument),
        Some(ty) if types::is_ref(ty) => argument.to_token_stream(),
        _ => cloned(argument),
    }
}

/// `Clone::clone(&argument)`, underlined at the argument.
fn cloned(argument: &Expr) -> TokenStream {
    let clone = quote!(::core::clone::Clone::clone);
    types::shown_over(clone, quote!(&#argument), types::ends(argument))
}

fn is_place(argument: &Expr) -> bool {
    match argument {
        Expr::Path(path) => path.qself.is_none() && path.path.get_ident().is_some(),
        Expr::Field(field) => is_place(&field.base),
        Expr::Paren(inner) => is_place(&inner.expr),
        _ => false,
    }
}

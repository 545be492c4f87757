//! The names that a template may use, and the code that writes them into a key.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::diagnostics::{Faults, did_you_mean};
use crate::function::plain;
use crate::signature::{Argument, Signature, types};
use crate::template::{Modifier, Piece, Placeholder, Template};

/// What templates of one function can see.
pub(crate) struct Scope<'a> {
    signature: &'a Signature,
    /// Whether the function is a method, so that `Self` is a type of the user.
    has_self_type: bool,
    /// Whether `result` names the value that the function returned.
    has_result: bool,
    /// Whether patterns are already taken apart where the code goes.
    unpacked: bool,
}

/// What a placeholder starts from.
pub(crate) enum Source<'a> {
    Argument(&'a Argument, &'a Ident),
    Receiver(&'a Ident),
    /// A type parameter, or `Self`.
    Type(Ident),
    Const(&'a Ident),
    Result,
}

impl<'a> Scope<'a> {
    /// For code in a generated function, where an argument is named whole.
    pub(crate) fn of_companion(signature: &'a Signature, has_self_type: bool) -> Self {
        Self {
            signature,
            has_self_type,
            has_result: false,
            unpacked: false,
        }
    }

    /// For code in the function itself, where every binding is at hand.
    pub(crate) fn of_body(signature: &'a Signature, has_self_type: bool) -> Self {
        Self {
            signature,
            has_self_type,
            has_result: false,
            unpacked: true,
        }
    }

    /// The same, with `result` for what the function returned.
    pub(crate) fn with_result(self) -> Self {
        Self {
            has_result: true,
            ..self
        }
    }

    pub(crate) fn resolve(&self, root: &str, span: Span) -> Option<Source<'a>> {
        let signature = self.signature;
        if let Some((argument, binding)) = signature.argument(root) {
            return Some(Source::Argument(argument, binding));
        }
        let same = |ident: &&Ident| plain(ident) == root;
        match root {
            "self" => signature
                .receiver
                .as_ref()
                .map(|receiver| Source::Receiver(&receiver.token)),
            "Self" if self.has_self_type => Some(Source::Type(Ident::new("Self", span))),
            "result" if self.has_result => Some(Source::Result),
            _ => signature
                .types
                .iter()
                .find(same)
                .map(|ident| Source::Type(located(ident, span)))
                .or_else(|| signature.consts.iter().find(same).map(Source::Const)),
        }
    }

    /// Every name that could have been meant.
    pub(crate) fn names(&self) -> Vec<String> {
        let signature = self.signature;
        let bindings = signature
            .arguments
            .iter()
            .flat_map(|argument| &argument.bindings);
        let mut names: Vec<String> = bindings
            .chain(&signature.types)
            .chain(&signature.consts)
            .map(plain)
            .collect();
        let extra = [
            ("self", signature.receiver.is_some()),
            ("Self", self.has_self_type),
            ("result", self.has_result),
        ];
        names.extend(
            extra
                .iter()
                .filter(|(_, there)| *there)
                .map(|(name, _)| (*name).to_owned()),
        );
        names
    }

    /// What to write for a type parameter that is none of the method's own, as `S` of
    /// `impl<S> Service<S>`: an attribute on a method does not see the block around it.
    pub(crate) fn of_the_impl(&self, name: &str) -> Option<String> {
        let is_type = self.has_self_type && name.starts_with(char::is_uppercase);
        is_type.then(|| {
            format!(
                "if `{name}` is a parameter of the `impl` block, it is part of `Self`: `<Self>` in \
                 the key, or `skip(Self)` if it does not change the value"
            )
        })
    }

    /// Notes the placeholders of `template` that name nothing.
    pub(crate) fn check(&self, template: &Template, faults: &mut Faults) {
        for placeholder in template.placeholders() {
            match self.resolve(&placeholder.root, template.span) {
                None => self.unknown(placeholder, template, faults),
                Some(Source::Type(_)) => type_placeholder(placeholder, template, faults),
                Some(_) => {}
            }
        }
    }

    fn unknown(&self, placeholder: &Placeholder, template: &Template, faults: &mut Faults) {
        let names = self.names();
        let root = &placeholder.root;
        if root == "result" {
            return early(template, faults);
        }
        let known = || names.iter().map(String::as_str);
        let meant = did_you_mean(root, known(), |name| format!("`<{name}>`"));
        let write = match (self.of_the_impl(root), names.is_empty()) {
            (Some(write), _) => write,
            (None, true) => {
                "the function has no arguments: write the key without placeholders".to_owned()
            }
            (None, false) => {
                let list: Vec<String> = known().map(|name| format!("`<{name}>`")).collect();
                format!("what can be named here: {}", list.join(", "))
            }
        };
        faults.at(
            template.span,
            format!("`<{root}>` in {:?} names no argument{meant}", template.text),
            write,
        );
    }

    /// `|__k| __k.literal("post:").part(&id).end()`
    pub(crate) fn writer(&self, template: &Template) -> TokenStream {
        let unpack = self.unpacking(template);
        let calls = template
            .pieces
            .iter()
            .map(|piece| self.call(piece, template))
            .collect();
        let write = writer(&calls);
        match unpack.is_empty() {
            true => write,
            false => quote!(|__k| { #(#unpack)* __k #calls.end() }),
        }
    }

    /// The patterns that `template` needs taken apart.
    fn unpacking(&self, template: &Template) -> Vec<TokenStream> {
        let used = |argument: &&Argument| {
            argument
                .bindings
                .iter()
                .any(|binding| template.names(&plain(binding)))
        };
        match self.unpacked {
            true => Vec::new(),
            false => self
                .signature
                .arguments
                .iter()
                .filter(used)
                .filter_map(Argument::unpack)
                .collect(),
        }
    }

    fn call(&self, piece: &Piece, template: &Template) -> TokenStream {
        match piece {
            Piece::Literal(text) => quote!(.literal(#text)),
            Piece::Hole(placeholder) => match self.resolve(&placeholder.root, template.span) {
                Some(Source::Type(ty)) => quote_spanned!(ty.span()=> .type_part::<#ty>()),
                source => {
                    let value = self.value(placeholder, source.as_ref(), template.span);
                    writing(placeholder.modifier, &value)
                }
            },
        }
    }

    /// `&post.author.id`, underlined at the argument, or at the template where fields are named.
    fn value(
        &self,
        placeholder: &Placeholder,
        source: Option<&Source<'_>>,
        span: Span,
    ) -> TokenStream {
        let root = match source {
            Some(Source::Argument(argument, binding)) if placeholder.path.is_empty() => {
                let (first, last) = types::ends(&argument.ty);
                let binding = located(binding, last);
                return quote_spanned!(first=> &#binding);
            }
            Some(Source::Argument(_, binding)) => located(binding, span),
            Some(Source::Receiver(token)) => located(token, span),
            Some(Source::Const(ident)) => located(ident, span),
            Some(Source::Type(_) | Source::Result) | None => Ident::new(&placeholder.root, span),
        };
        reach(&root, &placeholder.path, span)
    }
}

/// `|__k| __k.literal("post:").end()`: a closure that makes `calls` on the key.
pub(crate) fn writer(calls: &TokenStream) -> TokenStream {
    quote!(|__k| __k #calls.end())
}

/// `&root.a.b`, every token at `span`.
pub(crate) fn reach(root: &Ident, path: &[String], span: Span) -> TokenStream {
    let fields = path.iter().map(|field| match field.parse::<u32>() {
        Ok(index) => {
            let index = syn::Index { index, span };
            quote_spanned!(span=> .#index)
        }
        Err(_) => {
            let field = ident(field, span);
            quote_spanned!(span=> .#field)
        }
    });
    quote_spanned!(span=> &#root #(#fields)*)
}

/// `.part(value)`, `.hash(value)` or `.secret(value)`.
pub(crate) fn writing(modifier: Modifier, value: &TokenStream) -> TokenStream {
    match modifier {
        Modifier::Plain => quote!(.part(#value)),
        Modifier::Hash => quote!(.hash(#value)),
        Modifier::Secret => quote!(.secret(#value)),
    }
}

/// An identifier, raw where it is a keyword.
pub(crate) fn ident(name: &str, span: Span) -> Ident {
    match syn::parse_str::<Ident>(name) {
        Ok(_) => Ident::new(name, span),
        Err(_) if matches!(name, "self" | "Self" | "super" | "crate") => Ident::new(name, span),
        Err(_) => Ident::new_raw(name, span),
    }
}

/// `ident` with its hygiene, shown at `span`.
fn located(ident: &Ident, span: Span) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(span.resolved_at(ident.span()));
    ident
}

/// A reader has no result when its key and tags are made.
fn early(template: &Template, faults: &mut Faults) {
    faults.at(
        template.span,
        format!(
            "`<result>` in {:?}: the key and the tags of a cached function are made before its body \
             runs, from its arguments",
            template.text
        ),
        "take what the template needs as an argument; `<result>` is for `#[invalidates]`",
    );
}

fn type_placeholder(placeholder: &Placeholder, template: &Template, faults: &mut Faults) {
    if placeholder.path.is_empty() && placeholder.modifier == Modifier::Plain {
        return;
    }
    let root = &placeholder.root;
    faults.at(
        template.span,
        format!(
            "`{root}` in {:?} is a type: it has neither fields nor modifiers",
            template.text
        ),
        format!("write `<{root}>`; its `KeyType` says how it is named"),
    );
}

//! `key!`, `invalidate!` and `invalidate_blocking!`: the attributes' templates inside of a body.
//!
//! No signature is at hand here, so a placeholder is whatever the name means where the macro
//! stands; the compiler says so if it means nothing.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Path, Token};

use crate::diagnostics::Faults;
use crate::invalidates::ast::Ast;
use crate::invalidates::check::Settings;
use crate::invalidates::expand::{events, mutation};
use crate::invalidates::target::Target;
use crate::options::crate_path::CratePath;
use crate::options::{Given, Opt};
use crate::paths::Runtime;
use crate::scope::{self, ident, reach, writing};
use crate::template::{Piece, Template};

/// `key!("post:<id>")`
pub(crate) fn key(tokens: TokenStream) -> TokenStream {
    written_key(tokens).unwrap_or_else(failed)
}

fn written_key(tokens: TokenStream) -> Result<TokenStream, Faults> {
    let mut faults = Faults::default();
    let (path, rest) = crate_path(tokens)?;
    let text: LitStr = syn::parse2(rest).map_err(|error| {
        syn::Error::new(
            error.span(),
            "expected one template\nhelp: write `key!(\"post:<id>\")`",
        )
    })?;
    let template = Template::parse(&text, &mut faults);
    let template = faults.unless_any(template)?;
    let private = Runtime::at(path).private();
    let write = template.as_ref().map(writer);
    Ok(quote!(#private::render_key(#write)))
}

/// `invalidate!("post:<id>", tag = "user:<author>")`; `verb` ends the chain.
pub(crate) fn invalidate(tokens: TokenStream, name: &str, verb: &str) -> TokenStream {
    written_invalidate(tokens, name, verb).unwrap_or_else(failed)
}

fn written_invalidate(tokens: TokenStream, name: &str, verb: &str) -> Result<TokenStream, Faults> {
    let mut faults = Faults::default();
    let (path, rest) = crate_path(tokens)?;
    let ast = Ast::parse(rest, &mut faults);
    check(&ast, name, &mut faults);
    let Ast {
        targets,
        cache,
        crate_path,
        ..
    } = faults.unless_any(ast)?;
    let private = Runtime::at(path.or(crate_path)).private();
    let settings = Settings {
        cache,
        again_after: None,
        on_ok: false,
        refusing: None,
    };
    let mutation = mutation(&private, &settings);
    let targets = targets
        .iter()
        .map(|target| told(target, name, &private, &settings));
    let verb = Ident::new(verb, Span::call_site());
    Ok(quote!(#mutation #(#targets)* .#verb()))
}

fn check(ast: &Ast, name: &str, faults: &mut Faults) {
    if !ast.given {
        faults.at(
            Span::call_site(),
            format!("`{name}` without a target does nothing"),
            format!("name what changed: `{name}(\"post:<id>\")`"),
        );
    }
    if let Some(span) = ast.on_span {
        faults.at(
            span,
            "`on` needs a body to wait for",
            "use `#[invalidates(.., on = ok)]`",
        );
    }
    if let Some(span) = ast.on_failure.flatten() {
        faults.at(
            span,
            "`on_failure = error` needs a body that it can keep from running",
            "use `#[invalidates(.., on_failure = error)]`, or look at the `Delivery` that this gives",
        );
    }
    for target in &ast.targets {
        if let Target::Field(field) = target {
            let write = "call `reset()` on the property itself";
            faults.over(field, "a field is reset by its owner", write);
        }
    }
}

fn told(target: &Target, name: &str, private: &TokenStream, settings: &Settings) -> TokenStream {
    match target {
        Target::Key(template) => {
            let (site, write) = (
                events::site(private, name, settings, template, false),
                writer(template),
            );
            quote!(.key(#site, #write))
        }
        Target::Tag(template) => {
            let (site, write) = (
                events::site(private, name, settings, template, true),
                writer(template),
            );
            quote!(.tag(#site, #write))
        }
        Target::Function(call) => {
            let arguments = call.arguments().iter();
            let passed: Vec<_> = arguments
                .map(|argument| events::passed(argument, None))
                .collect();
            events::function(private, name, call, &call.entries(&passed))
        }
        Target::Field(_) => TokenStream::new(),
    }
}

/// `|__k| { __k.literal("post:").part(&id); }` by the names that are in scope.
fn writer(template: &Template) -> TokenStream {
    let span = template.span;
    let calls = template.pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => quote!(.literal(#text)),
        Piece::Hole(placeholder) => {
            let value = reach(&ident(&placeholder.root, span), &placeholder.path, span);
            let call = writing(placeholder.modifier, &value);
            quote_spanned!(span=> #call)
        }
    });
    scope::writer(&calls.collect())
}

/// Splits `crate = path;` off the front.
fn crate_path(tokens: TokenStream) -> Result<(Option<Path>, TokenStream), Faults> {
    let mut faults = Faults::default();
    let split = |input: ParseStream<'_>| {
        if !(input.peek(Token![crate]) && input.peek2(Token![=])) {
            return Ok((None, input.parse()?));
        }
        let given = Given::parse(input)?;
        input.parse::<Option<Token![;]>>()?;
        input.parse::<Option<Token![,]>>()?;
        Ok((Some(given), input.parse()?))
    };
    let (given, rest) = split.parse2(tokens)?;
    let path = given.and_then(|given| CratePath::read(given, &mut faults));
    faults.unless_any((path, rest))
}

fn failed(faults: Faults) -> TokenStream {
    let faults = faults.into_tokens();
    quote!({ #faults ::core::unreachable!() })
}

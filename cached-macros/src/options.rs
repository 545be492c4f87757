//! What may stand between the parentheses of an attribute: `name`, `name = value`, `name(list)`.
//!
//! One file per option says its name, how it is written and how its value is read. The readers of
//! whole attributes ([`crate::cached::ast`], [`crate::invalidates::ast`]) are tables over them.

pub(crate) mod again_after;
pub(crate) mod batch;
pub(crate) mod cache;
pub(crate) mod companion;
pub(crate) mod crate_path;
pub(crate) mod duration;
pub(crate) mod in_process;
pub(crate) mod key;
pub(crate) mod l1;
pub(crate) mod later;
pub(crate) mod lock;
pub(crate) mod on;
pub(crate) mod on_failure;
pub(crate) mod schema;
pub(crate) mod share_err;
pub(crate) mod skip;
pub(crate) mod tags;
pub(crate) mod ttl;
pub(crate) mod ttl_none;
pub(crate) mod version;
pub(crate) mod wait;
pub(crate) mod weigh;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, ExprLit, Lit, LitStr, Token, token};

use crate::diagnostics::Faults;

/// One option as it was written.
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What follows the name of an option.
pub(crate) enum Value {
    Nothing,
    Is(Expr),
    List(TokenStream),
}

/// An option: one file each.
pub(crate) trait Opt {
    const NAME: &'static str;
    /// How it is written, for messages.
    const FORM: &'static str;
    type Value;

    /// Reads the value; what is wrong with it goes to `faults`.
    fn read(given: Given, faults: &mut Faults) -> Option<Self::Value>;

    /// The fault of an option written in another form.
    fn malformed<T>(given: &Given, faults: &mut Faults) -> Option<T> {
        faults.at(
            given.span,
            format!("`{}` is not written this way", Self::NAME),
            format!("write `{}`", Self::FORM),
        );
        None
    }

    /// Reads into `slot`; a second time is a fault.
    fn fill(slot: &mut Option<Self::Value>, given: Given, faults: &mut Faults) {
        if slot.is_some() {
            let wrong = format!("`{}` is given twice", Self::NAME);
            return faults.at(given.span, wrong, "keep one of the two");
        }
        *slot = Self::read(given, faults);
    }
}

impl Given {
    /// Parses one option; the name is looked at, not checked.
    pub(crate) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let value = if input.parse::<Option<Token![=]>>()?.is_some() {
            Value::Is(ungrouped(input.parse()?))
        } else if input.peek(token::Paren) {
            let list;
            syn::parenthesized!(list in input);
            Value::List(list.parse()?)
        } else {
            Value::Nothing
        };
        Ok(Self {
            name: name.unraw().to_string(),
            span: name.span(),
            value,
        })
    }

    /// The text of `name = "text"`.
    pub(crate) fn text(&self) -> Option<&LitStr> {
        match &self.value {
            Value::Is(Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            })) => Some(text),
            _ => None,
        }
    }
}

/// An expression without the invisible group that a `macro_rules` variable puts around it.
fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        value => value,
    }
}

/// Parses comma-separated items with `item`; a broken one is noted and skipped.
pub(crate) fn each(
    tokens: TokenStream,
    faults: &mut Faults,
    mut item: impl FnMut(ParseStream<'_>) -> syn::Result<()>,
) {
    let all = |input: ParseStream<'_>| -> syn::Result<Vec<syn::Error>> {
        let mut errors = Vec::new();
        while !input.is_empty() {
            if let Err(error) = item(input).and_then(|()| at_end_of_item(input)) {
                errors.push(error);
                skip_item(input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(errors)
    };
    match syn::parse::Parser::parse2(all, tokens) {
        Ok(errors) => errors.into_iter().for_each(|error| faults.syntax(error)),
        Err(error) => faults.syntax(error),
    }
}

fn at_end_of_item(input: ParseStream<'_>) -> syn::Result<()> {
    match input.is_empty() || input.peek(Token![,]) {
        true => Ok(()),
        false => Err(input.error("expected `,` before the next option")),
    }
}

fn skip_item(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// The string literals of a list such as `tags("a", "b")`.
pub(crate) fn texts(list: TokenStream) -> Option<Vec<LitStr>> {
    let parse = syn::punctuated::Punctuated::<LitStr, Token![,]>::parse_terminated;
    let texts = syn::parse::Parser::parse2(parse, list).ok()?;
    (!texts.is_empty()).then(|| texts.into_iter().collect())
}

/// Where a value stands, for messages.
pub(crate) fn span_of(value: &impl ToTokens) -> Span {
    syn::spanned::Spanned::span(value)
}

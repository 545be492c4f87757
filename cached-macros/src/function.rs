//! The annotated function: attributes, visibility and signature parsed, the body kept as tokens.
//!
//! The body is never parsed: it costs build time, loses what this parser does not know yet, and
//! nothing here needs to look into it.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Safety, Token, Visibility};

use crate::diagnostics::Faults;

/// A function with its body.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: syn::Signature,
    /// The braces and all between them; `None` for a declaration that ends in `;`.
    pub(crate) body: Option<Group>,
    /// Qualifiers that stand before the signature (`default`).
    defaultness: Option<Token![default]>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            defaultness: input.parse()?,
            sig: input.parse()?,
            body: parse_body(input)?,
        })
    }
}

fn parse_body(input: ParseStream<'_>) -> syn::Result<Option<Group>> {
    if input.parse::<Option<Token![;]>>()?.is_some() {
        return Ok(None);
    }
    match input.parse::<TokenTree>()? {
        TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => Ok(Some(body)),
        other => Err(syn::Error::new(
            other.span(),
            "expected the body of the function",
        )),
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            vis,
            sig,
            body,
            defaultness,
        } = self;
        tokens.extend(quote!(#(#attrs)* #vis #defaultness #sig));
        match body {
            Some(body) => body.to_tokens(tokens),
            None => tokens.extend(quote!(;)),
        }
    }
}

impl Function {
    /// Parses what an attribute named `attribute` was put on.
    pub(crate) fn parse_for(attribute: &str, item: TokenStream) -> Result<Self, Faults> {
        syn::parse2(item.clone()).map_err(|error| {
            let mut faults = Faults::default();
            if looks_like_function(item.clone()) {
                faults.syntax(error);
            } else {
                faults.over(
                    item,
                    format!("`#[{attribute}]` goes on a function"),
                    "put it on the `fn` itself, free or in an `impl` block",
                );
            }
            faults
        })
    }

    /// Rejects what no wrapper can stand in for: `const`, `unsafe`, `extern`, variadic functions,
    /// declarations without a body, and arguments under `#[cfg]`.
    pub(crate) fn check(&self, attribute: &str, faults: &mut Faults) {
        let mut no = |span: Span, what: &str, write: &str| {
            faults.at(
                span,
                format!("`#[{attribute}]` does not work on {what}"),
                write,
            );
        };
        if let Some(token) = &self.sig.constness {
            no(
                token.span,
                "a `const fn`",
                "remove `const`: the body runs at run time",
            );
        }
        if let Safety::Unsafe(token) = &self.sig.safety {
            no(
                token.span,
                "an `unsafe fn`",
                "put it on a safe function that calls this one",
            );
        }
        if let Some(abi) = &self.sig.abi {
            no(
                abi.extern_token.span,
                "an `extern` function",
                "put it on a Rust function inside",
            );
        }
        if let Some(variadic) = &self.sig.variadic {
            let write = "take a slice: `values: &[T]`";
            no(variadic.dots.spans[0], "a variadic function", write);
        }
        if self.body.is_none() {
            let write = "put the attribute on the method in each `impl`, or give it a default body";
            no(self.sig.ident.span(), "a declaration without a body", write);
        }
        for attr in self
            .argument_attrs()
            .filter(|attr| attr.path().is_ident("cfg"))
        {
            let write = "put `#[cfg]` on two whole functions instead";
            no(
                attr.pound_token.span,
                "a function with `#[cfg]` on an argument",
                write,
            );
        }
    }

    fn argument_attrs(&self) -> impl Iterator<Item = &Attribute> {
        self.sig.inputs.iter().flat_map(|input| match input {
            syn::FnArg::Receiver(receiver) => &receiver.attrs,
            syn::FnArg::Typed(typed) => &typed.attrs,
        })
    }

    /// The function's name as text, without `r#`.
    pub(crate) fn name(&self) -> String {
        crate::function::plain(&self.sig.ident)
    }
}

/// An identifier as text, without `r#`.
pub(crate) fn plain(ident: &proc_macro2::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

fn looks_like_function(item: TokenStream) -> bool {
    const OTHER: [&str; 9] = [
        "struct", "enum", "union", "trait", "impl", "mod", "static", "type", "use",
    ];
    for tree in item {
        match tree {
            TokenTree::Ident(word) if word == "fn" => return true,
            TokenTree::Ident(word) if OTHER.contains(&word.to_string().as_str()) => return false,
            _ => {}
        }
    }
    false
}

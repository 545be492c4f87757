//! One target of a mutator: a key, a tag, a cached function's entry, all its entries, or a field.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Expr, ExprCall, ExprMethodCall, ExprPath, LitStr, Path, PathArguments};

use crate::cached_property::field::FieldPath;
use crate::diagnostics::Faults;
use crate::template::Template;

pub(crate) enum Target {
    Key(Template),
    Tag(Template),
    Function(Call),
    Field(FieldPath),
}

/// `get_post(id)`, `self.get_post(id)`, `<Repo>::get_post(id)`, each possibly with `..`.
pub(crate) struct Call {
    pub(crate) callee: Callee,
    pub(crate) which: Entries,
}

pub(crate) enum Callee {
    /// A free function, reached by its companion.
    Free(Path),
    /// A function of a type, reached by the siblings beside it.
    Associated(ExprPath),
    /// A method of a value.
    Method { value: Box<Expr>, name: Ident },
}

pub(crate) enum Entries {
    /// The entry of these arguments.
    Of(Vec<Expr>),
    /// Every entry: `get_post(..)`.
    All,
}

impl Target {
    /// `"post:<id>"`; `"user:<id>:*"` is the tag `user:<id>`.
    pub(crate) fn template(text: &LitStr, faults: &mut Faults) -> Option<Self> {
        match text.value().strip_suffix(":*") {
            Some(tag) => Template::parse(&LitStr::new(tag, text.span()), faults).map(Self::Tag),
            None => Template::parse(text, faults).map(Self::Key),
        }
    }

    /// A call or a field.
    pub(crate) fn written(expr: Expr, faults: &mut Faults) -> Option<Self> {
        match expr {
            Expr::Call(call) => Call::plain(call, faults).map(Self::Function),
            Expr::MethodCall(call) => Call::method(call, faults).map(Self::Function),
            Expr::Field(field) if starts_with_self(&field.base) => {
                FieldPath::of(&Expr::Field(field)).map(Self::Field)
            }
            expr => {
                not_a_target(&expr, faults);
                None
            }
        }
    }
}

fn starts_with_self(expr: &Expr) -> bool {
    match expr {
        Expr::Field(field) => starts_with_self(&field.base),
        Expr::Path(path) => path.path.is_ident("self"),
        _ => false,
    }
}

fn not_a_target(expr: &Expr, faults: &mut Faults) {
    let text = expr.to_token_stream().to_string().replace(' ', "");
    let write = match expr {
        Expr::Path(_) => format!(
            "write the call whose entry is dropped, `{text}(id)`, or `{text}(..)` for all of them"
        ),
        _ => "a target is a template (`\"post:<id>\"`), `tag = \"user:<id>\"`, a call \
              (`get_post(id)`, `self.get_post(id)`) or a field (`self.word_count`)"
            .to_owned(),
    };
    faults.over(expr, format!("`{text}` is no target"), write);
}

impl Call {
    /// The function as it is listed: `posts::get_post(..)`, `self.get_post(..)`.
    pub(crate) fn text(&self) -> String {
        let callee = match &self.callee {
            Callee::Free(path) => path.to_token_stream(),
            Callee::Associated(path) => path.to_token_stream(),
            Callee::Method { value, name } => quote!(#value.#name),
        };
        format!("{}(..)", callee.to_string().replace(' ', ""))
    }

    fn plain(call: ExprCall, faults: &mut Faults) -> Option<Self> {
        let which = Entries::of(call.args, faults)?;
        let Expr::Path(path) = *call.func else {
            not_a_target(&call.func, faults);
            return None;
        };
        let first_is_self = path
            .path
            .segments
            .first()
            .is_some_and(|first| first.ident == "Self");
        if path.qself.is_some() || first_is_self {
            return Some(Self {
                callee: Callee::Associated(path),
                which,
            });
        }
        if let Some(owner) = type_before_function(&path.path) {
            faults.over(
                &path,
                format!("`{owner}` looks like a type, but a plain path is that of a free function"),
                format!(
                    "write `<{owner}>::{}(..)` for a function of a type",
                    last(&path.path)
                ),
            );
            return None;
        }
        Some(Self {
            callee: Callee::Free(path.path),
            which,
        })
    }

    fn method(call: ExprMethodCall, faults: &mut Faults) -> Option<Self> {
        let which = Entries::of(call.args, faults)?;
        Some(Self {
            callee: Callee::Method {
                value: call.receiver,
                name: call.method,
            },
            which,
        })
    }

    /// The expression that names the entries, with the arguments `passed`.
    pub(crate) fn entries(&self, passed: &[TokenStream]) -> TokenStream {
        let all = matches!(self.which, Entries::All);
        match &self.callee {
            Callee::Free(path) => {
                let companion = companion(path, if all { "all" } else { "entry" });
                quote!(#companion(#(#passed),*))
            }
            Callee::Associated(path) => {
                let suffix = if all { "_all" } else { "_entry_at" };
                let path = ExprPath {
                    path: suffixed(&path.path, suffix),
                    ..path.clone()
                };
                quote!(#path(#(#passed),*))
            }
            Callee::Method { value, name } => {
                let suffix = if all { "_all_of" } else { "_entry" };
                let name = format_ident!("{name}{suffix}", span = name.span());
                quote!(#value.#name(#(#passed),*))
            }
        }
    }

    pub(crate) fn arguments(&self) -> &[Expr] {
        match &self.which {
            Entries::Of(arguments) => arguments,
            Entries::All => &[],
        }
    }
}

impl Entries {
    fn of<P>(arguments: syn::punctuated::Punctuated<Expr, P>, faults: &mut Faults) -> Option<Self> {
        let is_rest = |expr: &Expr| matches!(expr, Expr::Range(range) if range.start.is_none() && range.end.is_none());
        match arguments.iter().find(|argument| is_rest(argument)) {
            Some(_) if arguments.len() == 1 => Some(Self::All),
            None => Some(Self::Of(arguments.into_iter().collect())),
            Some(rest) => {
                faults.over(
                    rest,
                    "`..` stands for every entry of the function, so it stands alone",
                    "give every argument of one entry, or `..` alone",
                );
                None
            }
        }
    }
}

/// `Repo` of `Repo::get_post`: modules are not written with a capital.
fn type_before_function(path: &Path) -> Option<String> {
    let owner = path.segments.iter().rev().nth(1)?.ident.to_string();
    owner.starts_with(char::is_uppercase).then_some(owner)
}

fn last(path: &Path) -> String {
    path.segments
        .last()
        .map(|segment| segment.ident.to_string())
        .unwrap_or_default()
}

/// `a::f::<T>` and `entry` make `<a::f>::entry::<T>`. As a type of its own the companion is missed
/// as one: before `::` rustc would look for a module or a crate of that name.
fn companion(path: &Path, what: &str) -> TokenStream {
    let mut companion = path.clone();
    let generics = companion
        .segments
        .last_mut()
        .map(|last| std::mem::replace(&mut last.arguments, PathArguments::None));
    let span = path_span(path);
    let name = Ident::new(what, span);
    quote_spanned!(span=> <#companion>::#name #generics)
}

/// `<T>::f::<U>` and `_entry` make `<T>::f_entry::<U>`.
fn suffixed(path: &Path, suffix: &str) -> Path {
    let mut path = path.clone();
    if let Some(last) = path.segments.last_mut() {
        last.ident = format_ident!("{}{suffix}", last.ident, span = last.ident.span());
    }
    path
}

fn path_span(path: &Path) -> proc_macro2::Span {
    path.segments
        .last()
        .map_or_else(proc_macro2::Span::call_site, |last| last.ident.span())
}

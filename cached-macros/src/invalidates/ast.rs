//! The targets and options of `#[invalidates]` as written.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, discouraged::Speculative};
use syn::{Expr, Ident, LitStr, Path, Token};

use super::target::Target;
use crate::diagnostics::{Faults, did_you_mean};
use crate::options::again_after::AgainAfter;
use crate::options::cache::{Cache, Which};
use crate::options::crate_path::CratePath;
use crate::options::on::On;
use crate::options::on_failure::{OnFailure, Refusing};
use crate::options::tags::{Tag, Tags};
use crate::options::{self, Given, Opt, later};
use crate::place::within::{self, Within};

/// Everything that an `#[invalidates]` or an `invalidate!` may hold.
#[derive(Default)]
pub(crate) struct Ast {
    pub(crate) targets: Vec<Target>,
    pub(crate) cache: Option<Which>,
    /// `on = ok`
    pub(crate) on_ok: Option<()>,
    pub(crate) on_span: Option<Span>,
    pub(crate) again_after: Option<u64>,
    pub(crate) on_failure: Option<Refusing>,
    pub(crate) crate_path: Option<Path>,
    pub(crate) within: Option<Within>,
    /// Whether anything was given, readable or not.
    pub(crate) given: bool,
}

const NAMES: [&str; 6] = [
    Tag::NAME,
    Cache::NAME,
    On::NAME,
    AgainAfter::NAME,
    OnFailure::NAME,
    CratePath::NAME,
];

enum Item {
    Template(LitStr),
    Option(Given),
    Call(Box<Expr>),
}

impl Ast {
    pub(crate) fn parse(tokens: TokenStream, faults: &mut Faults) -> Self {
        let mut ast = Self {
            given: !tokens.is_empty(),
            ..Self::default()
        };
        let mut items = Vec::new();
        options::each(tokens, faults, |input| {
            items.push(Item::parse(input)?);
            Ok(())
        });
        for item in items {
            match item {
                Item::Template(text) => ast.targets.extend(Target::template(&text, faults)),
                Item::Call(call) => ast.targets.extend(Target::written(*call, faults)),
                Item::Option(given) => ast.take(given, faults),
            }
        }
        ast
    }

    fn take(&mut self, given: Given, faults: &mut Faults) {
        match given.name.as_str() {
            Tag::NAME => self
                .targets
                .extend(Tag::read(given, faults).map(Target::Tag)),
            Cache::NAME => Cache::fill(&mut self.cache, given, faults),
            On::NAME => {
                self.on_span = Some(given.span);
                On::fill(&mut self.on_ok, given, faults);
            }
            AgainAfter::NAME => AgainAfter::fill(&mut self.again_after, given, faults),
            OnFailure::NAME => OnFailure::fill(&mut self.on_failure, given, faults),
            CratePath::NAME => CratePath::fill(&mut self.crate_path, given, faults),
            within::NAME => self.within = Within::read(&given),
            _ => unknown(&given, faults),
        }
    }
}

impl Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return input.parse().map(Self::Template);
        }
        let ahead = input.fork();
        let named = ahead.call(Ident::parse_any).is_ok();
        let assigned = named && ahead.peek(Token![=]) && !ahead.peek(Token![==]);
        let listed = input.peek(Ident) && is_list_option(&input.fork());
        if assigned || listed {
            return Given::parse(input).map(Self::Option);
        }
        let ahead = input.fork();
        let call = ahead.parse::<Expr>().map_err(|_| {
            input.error(
                "expected a target: a template (`\"post:<id>\"`), `tag = \"user:<id>\"`, a call \
                 (`get_post(id)`) or a field (`self.word_count`)",
            )
        })?;
        input.advance_to(&ahead);
        Ok(Self::Call(Box::new(call)))
    }
}

/// `tags(..)` is no call, but what readers write; `__within(..)` is no target.
fn is_list_option(ahead: ParseStream<'_>) -> bool {
    ahead
        .parse::<Ident>()
        .is_ok_and(|name| name == Tags::NAME || name == within::NAME)
}

fn unknown(given: &Given, faults: &mut Faults) {
    let name = given.name.as_str();
    match name {
        _ if later::refuse(given, faults) => {}
        Tags::NAME => faults.at(
            given.span,
            "`tags` belongs to `#[cached]`",
            "a mutator names each tag by `tag = \"user:<author>\"`",
        ),
        "key" | "keys" => faults.at(
            given.span,
            format!("`{name}` belongs to `#[cached]`"),
            "a mutator takes its templates without a name: `#[invalidates(\"post:<id>\")]`",
        ),
        _ => {
            let meant = did_you_mean(name, NAMES, |known| format!("`{known}`"));
            let list = NAMES.map(|name| format!("`{name}`")).join(", ");
            let write = format!("the options are {list}");
            faults.at(given.span, format!("unknown option `{name}`{meant}"), write);
        }
    }
}

//! The options of `#[cached_property(..)]`.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Lit, Path};

use super::Sharing;
use super::field::FieldPath;
use crate::diagnostics::{Faults, did_you_mean};
use crate::options::crate_path::CratePath;
use crate::options::duration::Duration;
use crate::options::ttl::Ttl;
use crate::options::{self, Given, Opt, Value};

/// What the attribute says.
#[derive(Default)]
pub(super) struct Options {
    pub(super) field: Option<FieldPath>,
    ttl: Option<Duration>,
    shared: Option<()>,
    /// Whether the return type is a `Result`, if that is not to be found out.
    pub(super) result: Option<bool>,
    pub(super) crate_path: Option<Path>,
}

const NAMES: [&str; 5] = [
    Field::NAME,
    Ttl::NAME,
    Shared::NAME,
    IsResult::NAME,
    CratePath::NAME,
];

impl Options {
    /// Notes every fault; what is returned then is only good for looking for more.
    pub(super) fn parse(tokens: TokenStream, faults: &mut Faults) -> Self {
        let mut given = Vec::new();
        options::each(tokens, faults, |input| {
            if !input.peek(Ident::peek_any) {
                return Err(input.error("expected an option such as `ttl = \"5m\"` or `shared`"));
            }
            given.push(Given::parse(input)?);
            Ok(())
        });
        let mut options = Self::default();
        for given in given {
            options.take(given, faults);
        }
        options
    }

    fn take(&mut self, given: Given, faults: &mut Faults) {
        match given.name.as_str() {
            Field::NAME => Field::fill(&mut self.field, given, faults),
            Ttl::NAME => Ttl::fill(&mut self.ttl, given, faults),
            Shared::NAME => Shared::fill(&mut self.shared, given, faults),
            IsResult::NAME => IsResult::fill(&mut self.result, given, faults),
            CratePath::NAME => CratePath::fill(&mut self.crate_path, given, faults),
            _ => unknown(&given, faults),
        }
    }

    pub(super) fn sharing(&mut self) -> Sharing {
        match self.ttl.take() {
            Some(ttl) => Sharing::Arc { ttl },
            None if self.shared.is_some() => Sharing::Arc {
                ttl: Duration::Forever,
            },
            None => Sharing::Reference,
        }
    }
}

fn unknown(given: &Given, faults: &mut Faults) {
    let name = &given.name;
    let near = did_you_mean(name, NAMES, |known| format!("`{known}`"));
    let write = match name.as_str() {
        "key" | "skip" | "tags" | "lock" | "cache" => {
            "a property belongs to its instance and has no key; to cache by arguments use \
             `#[cached]`"
                .to_owned()
        }
        _ => format!("the options are `{}`", NAMES.join("`, `")),
    };
    faults.at(
        given.span,
        format!("`#[cached_property]` has no option `{name}`{near}"),
        write,
    );
}

/// `field = name`: the field, if it is not named like the method.
struct Field;

impl Opt for Field {
    const NAME: &'static str = "field";
    const FORM: &'static str = "field = word_count";
    type Value = FieldPath;

    fn read(given: Given, faults: &mut Faults) -> Option<FieldPath> {
        let field = match &given.value {
            Value::Is(field) => FieldPath::of(field),
            Value::Nothing | Value::List(_) => None,
        };
        field.or_else(|| Self::malformed(&given, faults))
    }
}

/// `shared`: hand out `Arc`s.
struct Shared;

impl Opt for Shared {
    const NAME: &'static str = "shared";
    const FORM: &'static str = "shared";
    type Value = ();

    fn read(given: Given, faults: &mut Faults) -> Option<()> {
        match given.value {
            Value::Nothing => Some(()),
            Value::Is(_) | Value::List(_) => Self::malformed(&given, faults),
        }
    }
}

/// `result`: the return type is a `Result` by another name; `result = false`: it only looks so.
struct IsResult;

impl Opt for IsResult {
    const NAME: &'static str = "result";
    const FORM: &'static str = "result` or `result = false";
    type Value = bool;

    fn read(given: Given, faults: &mut Faults) -> Option<bool> {
        match &given.value {
            Value::Nothing => Some(true),
            Value::Is(Expr::Lit(ExprLit {
                lit: Lit::Bool(yes),
                ..
            })) => Some(yes.value),
            Value::Is(_) | Value::List(_) => Self::malformed(&given, faults),
        }
    }
}

//! The options of `#[cached]` as written, each readable on its own.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{Expr, LitStr, Path};

use crate::diagnostics::{Faults, did_you_mean};
use crate::options::batch::{Batch, Ids};
use crate::options::cache::{Cache, Which};
use crate::options::companion::{Companion, Wanted};
use crate::options::crate_path::CratePath;
use crate::options::duration::Duration;
use crate::options::in_process::InProcess;
use crate::options::key::Key;
use crate::options::l1::{L1, Near};
use crate::options::lock::{Lease, Lock};
use crate::options::schema::Schema;
use crate::options::share_err::ShareErr;
use crate::options::skip::Skip;
use crate::options::tags::{Tag, Tags};
use crate::options::ttl::Ttl;
use crate::options::ttl_none::TtlNone;
use crate::options::version::Version;
use crate::options::wait::Wait;
use crate::options::weigh::Weigh;
use crate::options::{self, Given, Opt, later};
use crate::place::within::{self, Within};
use crate::template::Template;

/// Every option of `#[cached]`.
#[derive(Default)]
pub(crate) struct Ast {
    pub(crate) key: Option<Template>,
    pub(crate) batch: Option<Ids>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) ttl_none: Option<Duration>,
    pub(crate) lock: Option<Lease>,
    pub(crate) wait: Option<u64>,
    pub(crate) skip: Option<Vec<Ident>>,
    pub(crate) tags: Option<Vec<Template>>,
    pub(crate) cache: Option<Which>,
    pub(crate) version: Option<u32>,
    pub(crate) schema: Option<String>,
    pub(crate) share_err: Option<bool>,
    pub(crate) in_process: Option<()>,
    pub(crate) l1: Option<Near>,
    pub(crate) weigh: Option<Expr>,
    pub(crate) companion: Option<Wanted>,
    pub(crate) crate_path: Option<Path>,
    /// What `#[cached_impl]` knows about the surroundings.
    pub(crate) within: Option<Within>,
    /// Whether `batch` was given, readable or not.
    pub(crate) batch_given: bool,
    /// Whether `key` was given, readable or not.
    pub(crate) key_given: bool,
}

const NAMES: [&str; 17] = [
    Key::NAME,
    Batch::NAME,
    Ttl::NAME,
    TtlNone::NAME,
    Lock::NAME,
    Wait::NAME,
    Skip::NAME,
    Tags::NAME,
    Cache::NAME,
    Version::NAME,
    Schema::NAME,
    ShareErr::NAME,
    InProcess::NAME,
    L1::NAME,
    Weigh::NAME,
    Companion::NAME,
    CratePath::NAME,
];

impl Ast {
    pub(crate) fn parse(tokens: TokenStream, faults: &mut Faults) -> Self {
        let mut given = Vec::new();
        options::each(tokens, faults, |input| {
            if input.peek(LitStr) {
                let text: LitStr = input.parse()?;
                let help = format!(
                    "a template needs its name\nhelp: write `key = {:?}`",
                    text.value()
                );
                return Err(syn::Error::new(text.span(), help));
            }
            if !input.peek(Ident::peek_any) {
                return Err(input.error("expected an option such as `key = \"post:<id>\"`"));
            }
            given.push(Given::parse(input)?);
            Ok(())
        });
        let mut ast = Self::default();
        for given in given {
            ast.take(given, faults);
        }
        ast
    }

    fn take(&mut self, given: Given, faults: &mut Faults) {
        match given.name.as_str() {
            Key::NAME => {
                self.key_given = true;
                Key::fill(&mut self.key, given, faults);
            }
            Batch::NAME => {
                self.batch_given = true;
                Batch::fill(&mut self.batch, given, faults);
            }
            Ttl::NAME => Ttl::fill(&mut self.ttl, given, faults),
            TtlNone::NAME => TtlNone::fill(&mut self.ttl_none, given, faults),
            Lock::NAME => Lock::fill(&mut self.lock, given, faults),
            Wait::NAME => Wait::fill(&mut self.wait, given, faults),
            Skip::NAME => Skip::fill(&mut self.skip, given, faults),
            Tags::NAME => Tags::fill(&mut self.tags, given, faults),
            Cache::NAME => Cache::fill(&mut self.cache, given, faults),
            Version::NAME => Version::fill(&mut self.version, given, faults),
            Schema::NAME => Schema::fill(&mut self.schema, given, faults),
            ShareErr::NAME => ShareErr::fill(&mut self.share_err, given, faults),
            InProcess::NAME => InProcess::fill(&mut self.in_process, given, faults),
            L1::NAME => L1::fill(&mut self.l1, given, faults),
            Weigh::NAME => Weigh::fill(&mut self.weigh, given, faults),
            Companion::NAME => Companion::fill(&mut self.companion, given, faults),
            CratePath::NAME => CratePath::fill(&mut self.crate_path, given, faults),
            within::NAME => self.within = Within::read(&given),
            _ => unknown(&given, faults),
        }
    }
}

fn unknown(given: &Given, faults: &mut Faults) {
    if later::refuse(given, faults) {
        return;
    }
    let name = &given.name;
    if name == Tag::NAME {
        return faults.at(
            given.span,
            "`tag` belongs to `#[invalidates]`",
            "readers declare theirs: `tags(\"user:<author>\")`",
        );
    }
    let meant = did_you_mean(name, NAMES, |known| format!("`{known}`"));
    let write = format!(
        "the options are {}",
        NAMES.map(|name| format!("`{name}`")).join(", ")
    );
    faults.at(given.span, format!("unknown option `{name}`{meant}"), write);
}

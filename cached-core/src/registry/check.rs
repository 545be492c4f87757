//! One line in a user's tests that finds the contradictions between readers and mutators.

use std::fmt;

use super::{Role, Site, sites};
use crate::key::template;
use crate::time::Ttl;

/// One thing [`check`] has to say.
#[derive(Debug, Clone)]
pub struct Finding {
    message: String,
    site: &'static Site,
}

impl Finding {
    /// The site it is about.
    #[must_use]
    pub fn site(&self) -> &'static Site {
        self.site
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line) = (self.site.file(), self.site.line());
        write!(f, "{file}:{line}: `{}`: {}", self.site.name(), self.message)
    }
}

/// What [`check`] found. `Debug` is the same text as `Display`, because that is what `unwrap`
/// prints.
#[derive(Clone, Default)]
pub struct Report {
    errors: Vec<Finding>,
    notes: Vec<Finding>,
}

impl Report {
    /// Contradictions.
    #[must_use]
    pub fn errors(&self) -> &[Finding] {
        &self.errors
    }

    /// Things that may be meant.
    #[must_use]
    pub fn notes(&self) -> &[Finding] {
        &self.notes
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.errors {
            writeln!(f, "error: {finding}")?;
        }
        for finding in &self.notes {
            writeln!(f, "note: {finding}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report {}

/// Compares every reader with every mutator of the binary.
///
/// Errors: a mutator target that no reader reads; two readers whose templates can render the same
/// key but store different types; a `"forever"` reader that nobody invalidates. Notes: a reader
/// with a finite TTL and no mutator; two readers that share their entries. What other binaries read
/// or invalidate is declared with [`external!`](crate::external), and so is what never changes.
///
/// One line in a test of the binary:
///
/// ```
/// cached_core::check().unwrap();
/// ```
///
/// # Errors
/// The report itself, when it holds errors.
pub fn check() -> Result<Report, Report> {
    judge(&sites())
}

pub(crate) fn judge(sites: &[&'static Site]) -> Result<Report, Report> {
    let mut report = Report::default();
    let of = |role: Role| {
        sites
            .iter()
            .copied()
            .filter(move |site| site.role() == role)
    };
    for target in of(Role::Mutator).chain(of(Role::TagMutator)) {
        report.errors.extend(unread(target, sites));
    }
    for (index, reader) in sites.iter().copied().enumerate() {
        if reader.role() == Role::Reader {
            for other in &sites[index + 1..] {
                report.judge_pair(reader, other);
            }
            report.judge_lifetime(reader, sites);
        }
    }
    if report.errors.is_empty() {
        Ok(report)
    } else {
        Err(report)
    }
}

impl Report {
    /// Two readers of one key: of different types, or without a need to.
    fn judge_pair(&mut self, reader: &'static Site, other: &'static Site) {
        if other.role() != Role::Reader || !share_keys(reader, other) {
            return;
        }
        let (place, key) = ((other.file(), other.line()), other.template());
        let theirs = format!("`{}` ({}:{}, `{key}`)", other.name(), place.0, place.1);
        let (list, message) = match (reader.value_id(), other.value_id()) {
            (Some(mine), Some(value)) if mine.id != value.id => {
                let message = format!(
                    "`{}` and {theirs} can be the same key but store `{}` and `{}`; give one of \
                     them another prefix",
                    reader.template(),
                    mine.name,
                    value.name
                );
                (&mut self.errors, message)
            }
            _ if is_one_template(reader.template(), key) => {
                let message = format!(
                    "`{}` shares its entries with {theirs}; if that is not meant, put something \
                     that tells them apart into one of the keys",
                    reader.template()
                );
                (&mut self.notes, message)
            }
            _ => return,
        };
        list.push(Finding {
            message,
            site: reader,
        });
    }

    fn judge_lifetime(&mut self, reader: &'static Site, sites: &[&'static Site]) {
        if sites.iter().any(|site| invalidates(site, reader)) {
            return;
        }
        let (list, message) = if reader.ttl() == Ttl::FOREVER {
            let message = format!(
                "`{}` lives forever and nobody invalidates it; add `#[invalidates(..)]` to its \
                 mutators, a finite `ttl`, or `cached_core::external!(\"{}\")`",
                reader.template(),
                reader.template()
            );
            (&mut self.errors, message)
        } else {
            let message = format!(
                "nobody invalidates `{}`: it is as old as its TTL ({})",
                reader.template(),
                reader.ttl()
            );
            (&mut self.notes, message)
        };
        list.push(Finding {
            message,
            site: reader,
        });
    }
}

/// Whether a mutator or a declaration reaches the reader's entries.
fn invalidates(site: &Site, reader: &Site) -> bool {
    match site.role() {
        Role::Mutator | Role::External => template::unify(site.template(), reader.template()),
        Role::TagMutator => reads_tag(reader, site.template()),
        Role::CallMutator => calls(site.template()) == reader.name(),
        Role::Reader => false,
    }
}

/// The name of the function in `posts::get_post(..)`. The compiler checked the path; which function
/// of that name it is cannot be told here, so all of them count as invalidated.
fn calls(target: &str) -> &str {
    let path = target.strip_suffix("(..)").unwrap_or(target);
    path.rsplit([':', '.', '>']).next().unwrap_or(path)
}

fn reads_tag(reader: &Site, tag: &str) -> bool {
    let mut tags = reader.tags_declared().iter();
    tags.any(|declared| template::unify(declared, tag))
}

/// Whether `cache = ..` was given.
fn names_cache(site: &Site) -> bool {
    site.policy.cache.is_some() || site.policy.cache_expr
}

fn unread(target: &'static Site, sites: &[&'static Site]) -> Option<Finding> {
    let reads = |site: &&Site| match (site.role(), target.role()) {
        (Role::Reader, Role::TagMutator) => reads_tag(site, target.template()),
        (Role::Reader | Role::External, _) => template::unify(site.template(), target.template()),
        _ => false,
    };
    let mut readers = sites.iter().filter(|site| reads(site)).peekable();
    let message = if readers.peek().is_none() {
        let template = target.template();
        let (what, correct) = match target.role() {
            Role::TagMutator => ("carries the tag", "it"),
            _ => ("reads", "the template"),
        };
        format!(
            "no function {what} `{template}`; correct {correct}, or declare the reader with \
             `cached_core::external!(\"{template}\")`"
        )
    } else if !names_cache(target) && readers.all(|site| site.policy.cache_expr) {
        format!(
            "`{}` is read only by functions whose cache is an expression, which a template \
             cannot reach; name the function instead, `#[invalidates(f(..))]`, or give `cache = `",
            target.template()
        )
    } else {
        return None;
    };
    Some(Finding {
        message,
        site: target,
    })
}

/// Whether two readers can meet under one key.
fn share_keys(one: &Site, other: &Site) -> bool {
    one.policy.version == other.policy.version
        && one.policy.cache == other.policy.cache
        && template::unify(one.template(), other.template())
        && !(has_default_key(one) && has_default_key(other))
}

/// Such keys are told apart by their [rank](Site::rank) where their text is the same.
fn has_default_key(reader: &Site) -> bool {
    let path = reader.template().strip_prefix(reader.module());
    path.is_some_and(|path| path.starts_with("::"))
}

/// Whether templates differ in the names of their placeholders at most, and not by the type that
/// `<Self>` names.
fn is_one_template(one: &str, other: &str) -> bool {
    let of_types = one.contains("<Self>") && other.contains("<Self>");
    let literals = one.split(['<', '>']).step_by(2);
    !of_types && literals.eq(other.split(['<', '>']).step_by(2))
}

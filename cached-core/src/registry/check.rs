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
/// with a finite TTL and no mutator. What other binaries read or invalidate is declared with
/// [`external!`](crate::external).
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
            report.errors.extend(clashes(reader, &sites[index + 1..]));
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
        format!(
            "no function reads `{}`; correct the template, or declare the reader with \
             `cached_core::external!(\"{}\")`",
            target.template(),
            target.template()
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

fn clashes(reader: &'static Site, others: &[&'static Site]) -> Vec<Finding> {
    let same_keys = |other: &&&'static Site| {
        other.role() == Role::Reader
            && other.policy.version == reader.policy.version
            && other.policy.cache == reader.policy.cache
            && template::unify(other.template(), reader.template())
    };
    let clash = |other: &&'static Site| {
        let (mine, theirs) = (reader.value_id()?, other.value_id()?);
        let message = || {
            format!(
                "`{}` and `{}` ({}:{}, `{}`) can be the same key but store `{}` and `{}`; \
                 give one of them another prefix",
                reader.template(),
                other.name(),
                other.file(),
                other.line(),
                other.template(),
                mine.name,
                theirs.name
            )
        };
        (mine.id != theirs.id).then(|| Finding {
            message: message(),
            site: reader,
        })
    };
    others.iter().filter(same_keys).filter_map(clash).collect()
}

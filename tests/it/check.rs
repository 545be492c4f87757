//! `check()` and `sites()`: what the binary links, and the contradictions in it.
//!
//! Other modules link sites too, contradictory ones among them; each test looks at its own.

use cached_core::testing::isolated_blocking;
use cached_core::{
    Finding, Report, Role, Ttl, cached, check, external, invalidate, invalidates, sites,
};

fn report() -> Report {
    check().expect_err("this binary holds contradictions on purpose")
}

fn about(findings: &[Finding], function: &str) -> Vec<String> {
    let mine = |finding: &&Finding| {
        finding.site().name() == function && finding.site().module() == module_path!()
    };
    findings
        .iter()
        .filter(mine)
        .map(ToString::to_string)
        .collect()
}

#[track_caller]
fn errs(function: &str, says: &[&str]) {
    let errors = about(report().errors(), function);
    let [error] = errors.as_slice() else {
        panic!("one error about {function}: {errors:?}")
    };
    assert!(error.starts_with(&format!("{}:", file!())), "{error}");
    for part in says {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
}

#[track_caller]
fn is_fine(function: &str) {
    let report = report();
    assert_eq!(about(report.errors(), function), Vec::<String>::new());
    assert_eq!(about(report.notes(), function), Vec::<String>::new());
}

#[cached(key = "check:read:<id>", ttl = "5m", tags("check:tag:<id>"))]
pub(crate) fn well_read(id: u64) -> u64 {
    id
}

#[invalidates("check:read:<number>", tag = "check:tag:<number>")]
pub(crate) async fn well_targeted(number: u64) {}

#[test]
fn what_fits_together_is_fine() {
    is_fine("well_read");
    is_fine("well_targeted");
}

#[invalidates("check:nobody:<id>")]
pub(crate) fn misses_its_key(id: u64) {}

#[invalidates(tag = "check:no-such-tag:<id>")]
pub(crate) fn misses_its_tag(id: u64) {}

#[test]
fn a_target_that_nobody_reads_is_an_error() {
    errs(
        "misses_its_key",
        &[
            "no function reads `check:nobody:<id>`",
            "external!(\"check:nobody:<id>\")",
        ],
    );
    errs(
        "misses_its_tag",
        &["no function carries the tag `check:no-such-tag:<id>`"],
    );
}

pub(crate) fn hook(id: u64) {
    cached_core::invalidate_blocking!("check:hook:<id>");
    drop(invalidate!("check:read:<id>"));
}

#[test]
fn the_targets_of_the_macros_are_checked_too() {
    hook(1);
    let errors = report()
        .errors()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    let mine: Vec<_> = errors
        .iter()
        .filter(|error| error.contains("check:hook:<id>"))
        .collect();
    assert_eq!(mine.len(), 1, "{mine:?}");
    assert!(mine[0].contains("`invalidate_blocking!`"), "{mine:?}");
}

#[cached(key = "check:forever:<id>", ttl = "forever")]
pub(crate) fn everlasting(id: u64) -> u64 {
    id
}

#[cached(key = "check:forever:dropped:<id>", ttl = "forever")]
pub(crate) fn dropped_in_time(id: u64) -> u64 {
    id
}

#[invalidates(dropped_in_time(id))]
pub(crate) fn drops_in_time(id: u64) {}

#[invalidates("check:forever:dropped:<id>")]
pub(crate) fn drops_by_template(id: u64) {}

#[cached(key = "check:forever:outside:<id>", ttl = "forever")]
pub(crate) fn dropped_outside(id: u64) -> u64 {
    id
}

external!("check:forever:outside:<key>");

#[test]
fn what_lives_forever_needs_somebody_who_ends_it() {
    errs("everlasting", &["lives forever and nobody invalidates it"]);
    is_fine("dropped_in_time");
    is_fine("dropped_outside");
}

#[cached(key = "check:finite:<id>", ttl = 90)]
pub(crate) fn finite(id: u64) -> u64 {
    id
}

#[test]
fn a_finite_reader_without_a_mutator_is_noted() {
    let report = report();
    assert_eq!(about(report.errors(), "finite"), Vec::<String>::new());
    let notes = about(report.notes(), "finite");
    assert!(
        notes.len() == 1 && notes[0].contains("as old as its TTL (90s)"),
        "{notes:?}"
    );
}

#[cached(key = "clash:post:<id>")]
pub(crate) fn clashes(id: u64) -> u64 {
    id
}

#[cached(key = "clash:<kind>:<id>")]
pub(crate) fn clashes_with(kind: &str, id: u64) -> Result<String, String> {
    Ok(format!("{kind}{id}"))
}

#[cached(key = "check:alike:<id>")]
pub(crate) fn alike(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cached(key = "check:alike:<name>")]
pub(crate) async fn alike_too(name: &str) -> u64 {
    name.len() as u64
}

#[invalidates("check:alike:<id>", "clash:post:<id>")]
pub(crate) fn reads_them(id: u64) {}

#[test]
fn one_key_with_two_types_is_an_error() {
    let errors = report()
        .errors()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    let clash = |error: &&String| {
        error.contains("`clash:post:<id>`") && error.contains("`clash:<kind>:<id>`")
    };
    let found: Vec<_> = errors.iter().filter(clash).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("`u64`") && found[0].contains("String`"),
        "{found:?}"
    );
    let same_value = |error: &&String| error.contains("`alike`") && error.contains("alike_too");
    assert_eq!(
        errors.iter().filter(same_value).count(),
        0,
        "a `Result` stores its `Ok`"
    );
}

trait Find {
    fn find(&self, id: u64) -> u64;
}

pub(crate) mod two_types {
    use cached_core::{KeyType, cached};

    use super::Find;

    #[derive(KeyType)]
    #[key_type = "check.file"]
    pub(crate) struct File;

    #[derive(KeyType)]
    #[key_type = "check.folder"]
    pub(crate) struct Folder;

    impl Find for File {
        #[cached(key = "check:find:<id>", skip(self))]
        fn find(&self, id: u64) -> u64 {
            id
        }
    }

    impl Find for Folder {
        #[cached(key = "check:find:<number>", skip(self))]
        fn find(&self, number: u64) -> u64 {
            number + 1
        }
    }

    impl File {
        #[cached(skip(self), ttl = 1)]
        pub(crate) fn size(&self, id: u64) -> u64 {
            id
        }

        #[cached(key = "check:name:<Self>:<id>", skip(self))]
        pub(crate) fn name(&self, id: u64) -> u64 {
            id
        }
    }

    impl Folder {
        #[cached(skip(self), ttl = 2)]
        pub(crate) fn size(&self, id: u64) -> String {
            id.to_string()
        }

        #[cached(key = "check:name:<Self>:<id>", skip(self))]
        pub(crate) fn name(&self, id: u64) -> String {
            id.to_string()
        }
    }
}

#[test]
fn two_functions_that_share_their_entries_are_noted() {
    use two_types::{File, Folder};
    isolated_blocking(|| assert_eq!((File.find(7), Folder.find(7)), (7, 7)));
    let report = report();
    let notes = report.notes().iter().map(ToString::to_string);
    let shared: Vec<_> = notes
        .filter(|note| note.contains("shares its entries"))
        .filter(|note| note.contains("`check:find:<id>`"))
        .collect();
    assert!(
        matches!(&shared[..], [note] if note.contains("`find` (tests/it/check.rs:")),
        "{shared:?}"
    );
}

#[test]
fn functions_whose_keys_name_their_type_share_nothing() {
    let report = report();
    for function in ["size", "name"] {
        let of = |finding: &&Finding| {
            finding.site().name() == function && finding.site().module().ends_with("two_types")
        };
        assert_eq!(
            report.errors().iter().find(of).map(ToString::to_string),
            None
        );
        let shared = |finding: &Finding| finding.to_string().contains("shares its entries");
        let mut notes = report.notes().iter().filter(of);
        assert!(!notes.any(shared), "{function}");
    }
}

pub(crate) struct Repo {
    cache: cached_core::Cache,
}

impl Repo {
    #[cached(key = "check:by-expression:<id>", cache = self.cache, skip(self))]
    pub(crate) fn load(&self, id: u64) -> u64 {
        id
    }
}

#[invalidates("check:by-expression:<id>")]
pub(crate) fn cannot_reach(id: u64) {}

#[invalidates("check:by-expression:<id>", cache = repo.cache)]
pub(crate) fn can_reach(repo: &Repo, id: u64) {}

#[test]
fn a_template_that_meets_only_caches_given_by_expressions_is_an_error() {
    errs("cannot_reach", &["`#[invalidates(f(..))]`", "`cache = `"]);
    is_fine("can_reach");
}

#[test]
fn sites_list_templates_ttls_and_places() {
    let all = sites();
    let mine = |name: &str| {
        let named =
            |site: &&&cached_core::Site| site.name() == name && site.module() == module_path!();
        all.iter().filter(named).copied().collect::<Vec<_>>()
    };
    let [reader] = mine("well_read")[..] else {
        panic!("one site per reader")
    };
    assert_eq!(
        (reader.role(), reader.template()),
        (Role::Reader, "check:read:<id>")
    );
    assert_eq!((reader.ttl(), reader.file()), (Ttl::from(300), file!()));
    assert!(reader.line() > 0 && reader.line() < line!());
    assert_eq!(
        reader.to_string(),
        format!(
            "well_read reads check:read:<id>, ttl 300s ({}:{})",
            file!(),
            reader.line()
        )
    );
    let roles: Vec<_> = mine("well_targeted")
        .iter()
        .map(|site| (site.role(), site.template()))
        .collect();
    assert_eq!(
        roles,
        [
            (Role::Mutator, "check:read:<number>"),
            (Role::TagMutator, "check:tag:<number>")
        ]
    );
    let [external] = all
        .iter()
        .filter(|site| site.role() == Role::External && site.module() == module_path!())
        .collect::<Vec<_>>()[..]
    else {
        panic!("one external declaration here")
    };
    assert_eq!(external.template(), "check:forever:outside:<key>");
    assert!(all.is_sorted_by_key(|site| (site.file(), site.line())));
}

#[test]
fn a_report_prints_every_finding() {
    let report = report();
    let printed = report.to_string();
    assert_eq!(
        printed
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count(),
        report.errors().len()
    );
    assert_eq!(
        printed
            .lines()
            .filter(|line| line.starts_with("note: "))
            .count(),
        report.notes().len()
    );
}

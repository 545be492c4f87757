//! Who caches and who invalidates what: every annotated function of the binary, as data.
//!
//! The attributes submit one [`Site`] per function and target through `inventory`; nothing has to
//! be called first. [`sites`] lists them, [`check`](check::check) looks for contradictions,
//! [`stats`](stats::stats) sums their counters.

mod check;
mod policy;
mod rank;
mod show;
mod site;
mod stats;

pub use check::{Finding, Report, check};
pub(crate) use policy::DEFAULT_VERSION;
pub(crate) use policy::Near;
pub(crate) use site::Notice;
pub use site::{Role, Site, ValueId};
pub use stats::{FunctionStats, Stats, stats};

/// A site as it is submitted; the newtype is what `inventory` collects.
#[derive(Debug)]
pub struct Registered(pub &'static Site);

inventory::collect!(Registered);

/// Every reader, mutator target and external declaration that the binary links, ordered by place.
#[must_use]
pub fn sites() -> Vec<&'static Site> {
    let mut sites: Vec<_> = inventory::iter::<Registered>
        .into_iter()
        .map(|registered| registered.0)
        .collect();
    sites.sort_by_key(|site| (site.file(), site.line(), site.template()));
    sites
}

/// The readers that a template target may have to reach beside the installed cache's plain
/// entries: those with a cache name or a version of their own.
pub(crate) fn detours(matching: impl Fn(&str) -> bool) -> Vec<&'static Site> {
    static READERS: std::sync::OnceLock<Vec<&'static Site>> = std::sync::OnceLock::new();
    let readers = READERS.get_or_init(|| {
        let mut readers = sites();
        readers.retain(|site| site.role() == Role::Reader && site.is_detour());
        readers
    });
    readers
        .iter()
        .copied()
        .filter(|site| matching(site.template()))
        .collect()
}

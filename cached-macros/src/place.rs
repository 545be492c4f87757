//! Where an attribute sits: free function, inherent impl, trait impl or trait.
//!
//! An attribute macro is handed its function and nothing around it, yet what it may emit depends
//! on the surroundings: siblings are welcome in an inherent impl, an error (E0407) in a trait
//! impl, and a free function gets a companion type instead. Neither a `self` receiver nor the
//! visibility tells the first two apart, so the source is looked up: the span of the attribute
//! names file, line and column, and [`scan`] finds the braces around that position.
//!
//! Not for anything that the function's own tokens can answer. Where the source cannot be read
//! (an editor's server, a function that a macro or a doc test wrote) the answer is `None` and the
//! receiver decides; `#[cached_impl]` and `companion = none` say it explicitly.

pub(crate) mod scan;
pub(crate) mod within;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use scan::{Position, Regions};

/// What directly surrounds a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A module or a block: the function is called by its path.
    Free,
    /// `impl Type`.
    Inherent,
    /// `impl Trait for Type`.
    TraitImpl,
    /// `trait Name`: a default method.
    Trait,
}

/// A place, and the names that tell two functions of one name in one module apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// What directly surrounds the function, if it could be found out.
    pub(crate) place: Option<Place>,
    /// Enclosing functions and the implemented trait, outermost first.
    pub(crate) names: Vec<String>,
}

/// The surroundings of the attribute being expanded.
pub(crate) fn of_call_site() -> Surroundings {
    look_up().unwrap_or_default()
}

fn look_up() -> Option<Surroundings> {
    if !proc_macro::is_available() {
        return None;
    }
    let span = proc_macro::Span::call_site().start();
    let at = Position {
        line: span.line(),
        column: span.column(),
    };
    regions_of(&span.local_file()?)?.around(at)
}

type Stamp = (PathBuf, u64, Option<SystemTime>);

/// The braces of a file, scanned once per state of the file.
fn regions_of(path: &Path) -> Option<Arc<Regions>> {
    static SCANNED: OnceLock<Mutex<HashMap<Stamp, Arc<Regions>>>> = OnceLock::new();
    let about = std::fs::metadata(path).ok()?;
    let stamp = (path.to_owned(), about.len(), about.modified().ok());
    let mut scanned = SCANNED
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(regions) = scanned.get(&stamp) {
        return Some(Arc::clone(regions));
    }
    let regions = Arc::new(scan::scan(&std::fs::read_to_string(path).ok()?));
    scanned.retain(|known, _| known.0 != stamp.0);
    scanned.insert(stamp, Arc::clone(&regions));
    Some(regions)
}

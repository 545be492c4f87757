//! Which cache a call uses: the one it names, a stand-in of the scope it runs in, a named one, or
//! the installed one. Caches that nobody installed are those that the deployment describes: the
//! unnamed one by `CACHE_URL`, all by a file; memory if it describes none.
//!
//! The answer is kept per thread and checked against a process-wide epoch that every installation
//! bumps, so that a hit shares no counter with other threads.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::config::Caches;
use super::{Config, Engine, context};
use crate::error::{Error, ErrorKind};
use crate::event::report;
use crate::registry::{Notice, Site};

#[derive(Default)]
struct Homes {
    /// `Some(None)`: what describes it is malformed, and that was reported.
    installed: Option<Option<Arc<Engine>>>,
    /// What the unnamed cache is to be made from, once that was asked for; likewise.
    described: Option<Option<Config>>,
    named: HashMap<String, Arc<Engine>>,
}

static EPOCH: AtomicU64 = AtomicU64::new(1);

/// The first installed cache, while no other took its place: the usual case, in two loads.
static FIRST: OnceLock<Arc<Engine>> = OnceLock::new();
static REPLACED: AtomicBool = AtomicBool::new(false);
static HOMES: Mutex<Option<Homes>> = Mutex::new(None);

fn homes<R>(act: impl FnOnce(&mut Homes) -> R) -> R {
    let mut homes: MutexGuard<'_, _> = HOMES.lock().unwrap_or_else(PoisonError::into_inner);
    act(homes.get_or_insert_default())
}

/// This thread's answers.
struct Known {
    epoch: u64,
    installed: Option<Arc<Engine>>,
    named: Vec<(&'static str, Arc<Engine>)>,
}

thread_local! {
    static KNOWN: RefCell<Known> = const {
        RefCell::new(Known { epoch: 0, installed: None, named: Vec::new() })
    };
}

/// The cache of a site that names none and says nothing of tiers, while it is the first that was
/// installed.
#[inline(always)]
pub(super) fn usual(site: &'static Site) -> Option<&'static Arc<Engine>> {
    if !site.policy.usual || REPLACED.load(Ordering::Acquire) {
        return None;
    }
    FIRST.get()
}

/// Looks at the cache of a site that is called outside of any scope, if this thread knows it.
pub(super) fn known<R>(
    site: &'static Site,
    look: impl FnOnce(&Arc<Engine>) -> Option<R>,
) -> Option<R> {
    let known = |known: &RefCell<Known>| {
        let known = known.borrow();
        if known.epoch != EPOCH.load(Ordering::Acquire) {
            return None;
        }
        look(match site.policy.cache {
            None => known.installed.as_ref()?,
            Some(name) => known.named(name)?,
        })
    };
    KNOWN.try_with(known).ok().flatten()
}

impl Known {
    fn named(&self, name: &'static str) -> Option<&Arc<Engine>> {
        let (_, engine) = self.named.iter().find(|(known, _)| *known == name)?;
        Some(engine)
    }
}

/// The cache of a site that is called outside of any scope; this thread knows it from now on.
fn learn(site: &'static Site) -> Option<Arc<Engine>> {
    if let Some(engine) = known(site, |engine| Some(Arc::clone(engine))) {
        return Some(engine);
    }
    // Read before the caches: one that is installed in between makes this outdated, not wrong.
    let epoch = EPOCH.load(Ordering::Acquire);
    let engine = match site.policy.cache {
        None => installed(),
        Some(name) => named(name),
    };
    // A named cache is no reason to make the unnamed one.
    let installed = match site.policy.cache {
        None => engine.clone(),
        Some(_) => homes(|homes| homes.installed.clone()).flatten(),
    };
    let learnt = site.policy.cache.zip(engine.clone());
    // What falls out of use is dropped here, after the cell is free again.
    let _forgotten = KNOWN.try_with(|known| {
        let mut known = known.try_borrow_mut().ok()?;
        let outdated = known.epoch != epoch;
        let named = if outdated {
            std::mem::take(&mut known.named)
        } else {
            Vec::new()
        };
        known.named.extend(learnt);
        known.epoch = epoch;
        Some((named, std::mem::replace(&mut known.installed, installed)))
    });
    engine
}

/// The installed cache; on first use what the deployment describes, else memory. `None` if that is
/// malformed.
pub(crate) fn installed() -> Option<Arc<Engine>> {
    if let Some(known) = homes(|homes| homes.installed.clone()) {
        return known;
    }
    // Outside of the lock, because a report may run a subscriber's code.
    let built = described().map(Engine::new);
    let (engine, first) = homes(|homes| match &homes.installed {
        Some(other) => (other.clone(), false),
        None => {
            let engine = built
                .as_ref()
                .and_then(|built| built.as_ref().ok().cloned());
            homes.put_first(engine.clone());
            (engine, true)
        }
    });
    if let (Some(Err(error)), true) = (&built, first) {
        report_uncached(error);
    }
    engine
}

/// What the unnamed cache is to be made from. The first call puts the named caches of the
/// deployment in place, where nobody installed others, or reports what is wrong.
fn described() -> Option<Config> {
    if let Some(known) = homes(|homes| homes.described.clone()) {
        return known;
    }
    let loaded = Caches::load().and_then(|caches| {
        let named = caches.named.iter().cloned().map(Engine::new);
        let named = named.collect::<Result<Vec<_>, _>>()?;
        Ok((caches, named))
    });
    let (config, first) = homes(|homes| match &homes.described {
        Some(other) => (other.clone(), false),
        None => {
            let config = loaded
                .as_ref()
                .ok()
                .map(|(caches, _)| caches.unnamed.clone());
            homes.described = Some(config.clone());
            homes.put_where_free(loaded.iter().flat_map(|(_, named)| named));
            (config, true)
        }
    });
    match &loaded {
        Ok((caches, _)) if first => caches.notes.iter().for_each(|note| report(note)),
        Err(error) if first => report_uncached(error),
        _ => {}
    }
    config
}

fn report_uncached(error: &Error) {
    report(&format!(
        "{error}; until then every cached function runs uncached"
    ));
}

/// What the unnamed cache is to be made from, or what is wrong with it.
pub(crate) fn from_env() -> Result<Config, Error> {
    let caches = Caches::load()?;
    caches.notes.iter().for_each(|note| report(note));
    Ok(caches.unnamed)
}

/// The cache of that name, installed or described.
fn named(name: &str) -> Option<Arc<Engine>> {
    let find = || homes(|homes| homes.named.get(name).cloned());
    let found = find();
    if found.is_some() {
        return found;
    }
    // Without the feature `config` nothing comes of it but the report of what is not read.
    described();
    find().or_else(|| {
        // What files call it, for those who look for it by that name.
        #[cfg(feature = "config")]
        if name == super::UNNAMED {
            return installed();
        }
        None
    })
}

/// Installs every cache that a deployment describes, or none.
#[cfg(feature = "config")]
pub(crate) fn install_all(caches: Caches) -> Result<(), Error> {
    let Caches {
        unnamed,
        named,
        notes,
    } = caches;
    let engines = named.into_iter().map(Engine::new);
    let engines = engines.collect::<Result<Vec<_>, _>>()?;
    let first = Engine::new(unnamed.clone())?;
    let refused = homes(|homes| {
        let taken_name = |engine: &&Arc<Engine>| {
            let name = engine.name();
            name.is_some_and(|name| homes.named.contains_key(name))
        };
        if homes.installed.is_some() {
            return Some(taken("in use by cached functions"));
        }
        if let Some(name) = engines
            .iter()
            .find(taken_name)
            .and_then(|engine| engine.name())
        {
            return Some(taken(&format!("named `{name}`")));
        }
        homes.described = Some(Some(unnamed));
        homes.put_where_free(&engines);
        homes.put_first(Some(Arc::clone(&first)));
        None
    });
    refused.map_or(Ok(()), Err)?;
    notes.iter().for_each(|note| report(note));
    Ok(())
}

/// Installs a cache under its name, or as the one that functions without a cache name use.
pub(crate) fn install(engine: Arc<Engine>) -> Result<(), Error> {
    // An engine that is refused is dropped after the lock, with the values in it.
    let refused = homes(|homes| {
        let which = match engine.name() {
            Some(name) if homes.named.contains_key(name) => format!("named `{name}`"),
            None if homes.installed.is_some() => "in use by cached functions".to_owned(),
            _ => {
                homes.put(Arc::clone(&engine));
                return None;
            }
        };
        Some(taken(&which))
    });
    refused.map_or(Ok(()), Err)
}

fn taken(which: &str) -> Error {
    let message = format!(
        "a cache {which} is there already; call `install` before the first cached function runs, \
         and once, or `replace` to put this one in its place"
    );
    Error::new(ErrorKind::AlreadyInstalled, message)
}

/// Installs a cache in place of the one before, which it returns.
pub(crate) fn replace(engine: Arc<Engine>) -> Option<Arc<Engine>> {
    homes(|homes| homes.put(engine))
}

impl Homes {
    /// The cache that first use makes; `None`: there is none, and that was reported. It is the
    /// installed one whatever its name, and goes by its name where that is free.
    fn put_first(&mut self, engine: Option<Arc<Engine>>) {
        EPOCH.fetch_add(1, Ordering::AcqRel);
        if let Some(engine) = &engine {
            note_first(engine);
            if let Some(name) = engine.name() {
                let free = self.named.entry(name.to_owned());
                free.or_insert_with(|| Arc::clone(engine));
            }
        }
        self.installed = Some(engine);
    }

    /// Caches of a deployment, which give way to those that the program installed.
    fn put_where_free<'e>(&mut self, engines: impl IntoIterator<Item = &'e Arc<Engine>>) {
        EPOCH.fetch_add(1, Ordering::AcqRel);
        for engine in engines {
            let name = engine.name().unwrap_or_default().to_owned();
            let free = self.named.entry(name);
            free.or_insert_with(|| Arc::clone(engine));
        }
    }

    fn put(&mut self, engine: Arc<Engine>) -> Option<Arc<Engine>> {
        EPOCH.fetch_add(1, Ordering::AcqRel);
        match engine.name() {
            Some(name) => self.named.insert(name.to_owned(), engine),
            None => {
                note_first(&engine);
                self.installed.replace(Some(engine)).flatten()
            }
        }
    }
}

/// Lets hits find the first cache in two loads; not one that has more to say or is far away.
fn note_first(engine: &Arc<Engine>) {
    if !engine.is_plain() || FIRST.set(Arc::clone(engine)).is_err() {
        REPLACED.store(true, Ordering::Release);
    }
}

/// The cache installed under a name.
pub(crate) fn by_name(name: &str) -> Result<Arc<Engine>, Error> {
    named(name).ok_or_else(|| {
        homes(|homes| {
            if cfg!(feature = "config") && matches!(homes.described, Some(None)) {
                return undescribed(name);
            }
            let mut known: Vec<_> = homes.named.keys().map(String::as_str).collect();
            known.sort_unstable();
            unknown(name, &known)
        })
    })
}

/// Nobody knows what is missing, before that can be read.
fn undescribed(name: &str) -> Error {
    let message = format!(
        "no cache named `{name}` is installed, and what describes the caches (`cached.toml`, \
         `CACHE_URL`, `CACHED_..`) is malformed, as was reported; correct that first"
    );
    Error::new(ErrorKind::UnknownCache, message)
}

fn unknown(name: &str, known: &[&str]) -> Error {
    let known = match known {
        [] => "none is".to_owned(),
        known => format!("installed are `{}`", known.join("`, `")),
    };
    let message = format!(
        "no cache named `{name}` is installed ({known}); build it with `.name(\"{name}\")` and \
         pass it to `cached_core::install`"
    );
    Error::new(ErrorKind::UnknownCache, message)
}

/// The cache of a site's call, wherever the call is made. Reports a name nobody installed.
pub(crate) fn resolve(site: &'static Site) -> Option<Arc<Engine>> {
    if let Some(stand_in) = context::current().and_then(|frame| frame.stand_in.clone()) {
        return Some(stand_in);
    }
    insist_on_scope(site.name());
    let engine = learn(site);
    if let (None, Some(name)) = (&engine, site.policy.cache) {
        site.notice(Notice::UnknownCache, || match by_name(name) {
            Err(error) => format!("{error}; until then it runs uncached"),
            Ok(_) => format!("the cache `{name}` was installed after the first call"),
        });
    }
    engine
}

/// An item of a test binary that wants every call to run in a scope of its own.
#[cfg(feature = "testing")]
#[derive(Debug)]
pub struct Isolate;

#[cfg(feature = "testing")]
inventory::collect!(Isolate);

/// Whether the binary asks for isolation.
#[inline]
pub(crate) fn isolate() -> bool {
    #[cfg(feature = "testing")]
    {
        static ISOLATE: std::sync::LazyLock<bool> =
            std::sync::LazyLock::new(|| inventory::iter::<Isolate>.into_iter().next().is_some());
        *ISOLATE
    }
    #[cfg(not(feature = "testing"))]
    false
}

/// Only test binaries that ask for it can panic here.
#[inline]
fn insist_on_scope(function: &str) {
    assert!(
        !isolate(),
        "`{function}` was called outside of a test scope, which `testing::isolate_all!()` forbids; \
         spawn the task with `cached_core::testing::spawn`, or wrap the call in \
         `cached_core::testing::isolated(..)`"
    );
}

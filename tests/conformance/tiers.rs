//! Memory in front of what is examined, by the two ways of knowing that it is old.

#![cfg_attr(not(feature = "servers"), allow(dead_code))] // most is for what servers keep

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cached_core::backend::Backend;
use cached_core::testing::{self, conformance::Subject};
use cached_core::{Builder, Cache, Error};

use super::Opened;
use crate::relay::{Duty, Relay};

/// How long is kept what nobody tells the changes of.
const AGE: Duration = Duration::from_millis(200);

/// What a row has in front of its backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum L1 {
    Off,
    /// The backend tells of changes.
    Watched,
    /// It does not: what is kept has a stated age.
    Aged,
}

impl L1 {
    pub(crate) fn set(self, builder: Builder) -> Builder {
        match self {
            Self::Off => builder,
            Self::Watched => builder.l1_watched(),
            Self::Aged => builder.l1(AGE),
        }
    }

    /// As the option of a URL has it.
    pub(crate) fn said(self) -> String {
        match self {
            Self::Off => String::new(),
            Self::Watched => "; l1=true".to_owned(),
            Self::Aged => format!("; l1={}ms", AGE.as_millis()),
        }
    }
}

/// Caches on handles of their own, as those of several processes.
fn tiered<B: Backend>(
    open: impl Fn() -> B + Send + Sync + 'static,
    set: impl Fn(Builder) -> Builder + Send + Sync + 'static,
) -> Subject {
    let open = Arc::new(open);
    let again = Arc::clone(&open);
    Subject::of(move || again()).with_caches(move |prefix| {
        let builder = Cache::on(open()).prefix(prefix);
        set(builder.timeout(Duration::from_secs(5)))
    })
}

/// A server tells in its own time. Here each change is acknowledged once every handle was told of
/// it, so that memory in front of it is as good as none.
pub(crate) fn watched<B: Backend>(open: impl Fn() -> B + Send + Sync + 'static) -> Subject {
    let everybody = Everybody::default();
    let patient = move || Patient::before(open(), &everybody);
    tiered(patient, |builder| L1::Watched.set(builder))
}

/// What another process did is seen once the age is over.
pub(crate) fn aged<B: Backend>(open: impl Fn() -> B + Send + Sync + 'static) -> Subject {
    tiered(open, |builder| L1::Aged.set(builder)).with_l1_age(AGE)
}

/// Tells of every change before it is acknowledged.
pub(crate) fn in_process() -> Opened {
    let store = testing::in_process();
    let subject = tiered(move || store.clone(), |builder| L1::Watched.set(builder));
    Opened::here("in-process", subject, L1::Watched)
}

/// `None`: the handle is gone.
type Checks = Vec<Box<dyn Fn() -> Option<Checking> + Send + Sync>>;
type Checking = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The connections of all handles.
#[derive(Clone, Default)]
struct Everybody(Arc<Mutex<Checks>>);

impl Everybody {
    /// The answer to a later question shows it: it comes over the same connection.
    async fn are_told(&self) -> Result<(), Error> {
        let mut checking: Vec<Checking> = Vec::new();
        {
            let mut checks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            checks.retain(|check| check().map(|one| checking.push(one)).is_some());
        }
        for one in checking {
            one.await?;
        }
        Ok(())
    }
}

/// Acknowledges no change before everybody was told of it.
struct Patient(Everybody);

impl Patient {
    fn before<B: Backend>(inner: B, everybody: &Everybody) -> Relay<B, Self> {
        let inner = Arc::new(inner);
        let own = Arc::downgrade(&inner);
        let check = move || -> Option<Checking> {
            let own = own.upgrade()?;
            Some(Box::pin(async move { own.check().await }))
        };
        let mut checks = everybody.0.lock().unwrap_or_else(PoisonError::into_inner);
        checks.push(Box::new(check));
        Relay::new(inner, Self(everybody.clone()))
    }
}

impl Duty for Patient {
    async fn after(&self, operation: &'static str) -> Result<(), Error> {
        match operation {
            "read" | "read_watched" | "scan" | "now" | "check" => Ok(()),
            _ => self.0.are_told().await,
        }
    }
}

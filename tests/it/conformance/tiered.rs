//! Caches that keep what they read in memory in front of a shared backend.

use cached_core::testing::conformance::Subject;
use cached_core::testing::{self, ManualClock, conformance_tests};
use cached_core::{Builder, Cache};

/// A backend that tells of every change before it is acknowledged: memory in front of it is as good
/// as none.
mod told {
    use super::*;

    fn subject() -> Subject {
        let clock = ManualClock::new();
        let store = testing::in_process_at(clock.clone());
        let (moved, timed) = (clock.clone(), store.clone());
        let caches = move |prefix: &str| {
            let builder = Cache::on(timed.clone()).clock(clock.clone());
            build(builder.prefix(prefix).l1_watched())
        };
        Subject::of_caches(caches).with_clock(move |by| moved.advance(by))
    }

    conformance_tests!(subject(); caches batches races locks);
}

/// A backend that tells of nothing: every handle is the same process, whose own changes it sees.
#[cfg(feature = "servers")]
mod aged {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;
    use crate::databases::Directory;

    fn subject() -> Subject {
        let directory = Directory::new();
        let caches = Mutex::new(HashMap::<String, Cache>::new());
        Subject::of_caches(move |prefix: &str| {
            let mut caches = caches.lock().expect("no test panics under this lock");
            let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
            let open = || build(Cache::at(&url).expect("a URL").prefix(prefix).l1(60));
            caches.entry(prefix.to_owned()).or_insert_with(open).clone()
        })
    }

    conformance_tests!(subject(); caches batches races locks);
}

/// A server that tells in its own time. Each handle's changes are acknowledged once the others were
/// told of them, which the answer to a later question shows: it comes over the same connection.
#[cfg(feature = "servers")]
mod redis {
    use std::sync::{Arc, Mutex, PoisonError};

    use cached_core::Error;
    use cached_core::backend::{self, Backend};

    use super::*;
    use crate::redis::fleet::{Fleet, Watched as WatchedServers};
    use crate::redis::server::Server;
    use crate::relay::{Duty, Relay};

    fn subject() -> Subject {
        let server = Server::start();
        let (url, everybody) = (server.url(), Everybody::default());
        Subject::of_caches(move |prefix: &str| {
            let _alive = &server;
            open(&url, prefix, &everybody)
        })
    }

    fn open(url: &str, prefix: &str, everybody: &Everybody) -> Cache {
        let redis = backend::redis(url).expect("the URL is well-formed");
        let patient = Patient::before(redis, everybody);
        build(Cache::on(patient).prefix(prefix).l1_watched())
    }

    conformance_tests!(subject(); caches batches races locks);

    async fn run_all_at(url: String) {
        let everybody = Everybody::default();
        let subject = Subject::of_caches(move |prefix: &str| open(&url, prefix, &everybody));
        testing::conformance::run_all(&subject).await;
    }

    #[tokio::test]
    async fn all_of_it_holds_in_a_cluster() {
        let fleet = Fleet::start(3, false);
        run_all_at(fleet.url()).await;
    }

    #[tokio::test]
    async fn all_of_it_holds_under_sentinels() {
        let watched = WatchedServers::start(1, 3);
        run_all_at(watched.url()).await;
    }

    /// `None`: the handle is gone.
    type Checks = Vec<Box<dyn Fn() -> Option<Checking> + Send + Sync>>;
    type Checking = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    /// The connections of all handles.
    #[derive(Clone, Default)]
    struct Everybody(Arc<Mutex<Checks>>);

    impl Everybody {
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
}

fn build(builder: Builder) -> Cache {
    let builder = builder.timeout(std::time::Duration::from_secs(5));
    builder.build().expect("the prefix is legal")
}

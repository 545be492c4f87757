//! A function with a bound of its own: a second cache on the same server, with a first tier of its
//! own. What either of them keeps follows what is done to the other.

use crate::support::said;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cached_core::testing::with_cache;
use cached_core::{Cache, cached, invalidates};

use crate::redis::server::Server;

const URL: &str = "CACHED_TEST_BOUNDS_URL";

static VERSION: AtomicU64 = AtomicU64::new(0);

fn now() -> u64 {
    VERSION.load(Ordering::SeqCst)
}

#[cached(
    key = "bounds:<id>",
    cache = "small",
    ttl = 60,
    tags("bounds-tag:<id>")
)]
async fn large(id: u64) -> u64 {
    let _ = id;
    now()
}

#[invalidates("bounds:<id>")]
async fn by_template(id: u64) {
    let _ = id;
    VERSION.fetch_add(1, Ordering::SeqCst);
}

#[invalidates(tag = "bounds-tag:<id>")]
async fn by_tag(id: u64) {
    let _ = id;
    VERSION.fetch_add(1, Ordering::SeqCst);
}

#[invalidates(large(id))]
async fn by_function(id: u64) {
    let _ = id;
    VERSION.fetch_add(1, Ordering::SeqCst);
}

#[invalidates(large(..))]
async fn all_of_it() {
    VERSION.fetch_add(1, Ordering::SeqCst);
}

#[invalidates("bounds:<id>", cache = "small")]
async fn in_the_small_one(id: u64) {
    let _ = id;
    VERSION.fetch_add(1, Ordering::SeqCst);
}

/// The two caches of this process, as its configuration has them, and one of another process.
struct Scene {
    usual: Cache,
    there: Cache,
}

impl Scene {
    fn open(url: &str) -> Self {
        Self {
            usual: Cache::current().expect("the configuration is valid"),
            there: super::super::patient(url),
        }
    }

    /// How often the server was asked for keys.
    async fn asked(&self) -> u64 {
        let connection = self.usual.redis().await;
        let mut connection = connection.expect("it is a Redis");
        let info: redis::RedisResult<String> = redis::cmd("INFO")
            .arg("commandstats")
            .query_async(&mut connection)
            .await;
        let info = info.expect("it answers");
        let calls = info.split_once("cmdstat_mget:calls=").map(|(_, rest)| rest);
        let digits = calls.and_then(|rest| rest.split_once(',')).map(|(n, _)| n);
        digits.and_then(|n| n.parse().ok()).unwrap_or(0)
    }

    /// What the cache that is not the function's finds under its key.
    async fn beside(&self, id: u64) -> Option<u64> {
        let key = format!("bounds:{id}");
        self.usual.get(key).await.expect("it answers")
    }

    /// Reads until both have the value in memory.
    async fn is_near_in_both(&self) {
        for _ in 0..100 {
            large(1).await;
            let asked = self.asked().await;
            let both = (large(1).await, self.beside(1).await);
            if both == (now(), Some(now())) && self.asked().await == asked {
                return;
            }
        }
        panic!("the server is asked again and again");
    }

    /// Neither has an old value, now or, where somebody has to be told, within a message.
    async fn both_see_it(&self, change: &str, at_once: bool) {
        let began = Instant::now();
        loop {
            let beside = self.beside(1).await.is_none_or(|value| value == now());
            let own = large(1).await == now();
            if beside && own {
                return;
            }
            let late = at_once || began.elapsed() > Duration::from_secs(10);
            assert!(!late, "{change}: near it is old still: {beside}, {own}");
            tokio::task::yield_now().await;
        }
    }
}

/// In a process of its own, whose caches a file describes.
#[tokio::test]
async fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let scene = Scene::open(&url);
    for elsewhere in [false, true] {
        for change in 0..7 {
            scene.is_near_in_both().await;
            let changing = async {
                match change {
                    0 => by_template(1).await,
                    1 => by_tag(1).await,
                    2 => by_function(1).await,
                    3 => all_of_it().await,
                    4 => in_the_small_one(1).await,
                    _ => {
                        VERSION.fetch_add(1, Ordering::SeqCst);
                        match change {
                            5 => drop(scene.usual.invalidate("bounds:1").await),
                            _ => drop(scene.usual.clear().await),
                        }
                    }
                }
            };
            match elsewhere {
                true => with_cache(&scene.there, changing).await,
                false => changing.await,
            }
            // Templates and tags reach both caches themselves; what names one of them is told to
            // the other by the server.
            let at_once = change < 2 && !elsewhere;
            let what = format!("change {change}, elsewhere: {elsewhere}");
            scene.both_see_it(&what, at_once).await;
        }
    }
    is_bounded(&scene).await;
}

/// Each keeps as many entries as its own bound lets it.
async fn is_bounded(scene: &Scene) {
    for _ in 0..4 {
        for id in 0..200 {
            large(id).await;
            scene.beside(id).await;
        }
    }
    let before = scene.asked().await;
    for id in 0..200 {
        assert_eq!(scene.beside(id).await, Some(now()));
    }
    let between = scene.asked().await;
    assert!(between - before < 20, "the usual one has them in memory");
    for id in 0..200 {
        large(id).await;
    }
    let after = scene.asked().await;
    assert!(after - between > 150, "the small one has 20 of them");
}

#[test]
fn a_function_has_a_bound_of_its_own_by_a_cache_of_its_own() {
    let server = Server::start();
    said(format_args!("{}", server.described()));
    let file = configuration(&server);
    let mut command = Command::new(std::env::current_exe().expect("the path of this test binary"));
    command
        .args(["--exact", "redis::tiers::bounds::child", "--nocapture"])
        .env("CACHED_CONFIG", &file)
        .env_remove("CACHE_URL")
        .env(URL, server.url());
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it starts");
    let out = String::from_utf8_lossy(&stdout);
    let err = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{out}\n{err}");
    assert!(out.contains("1 passed"), "{out}");
}

fn configuration(server: &Server) -> PathBuf {
    let url = server.url();
    let file = server.directory().join("cached.toml");
    let text = format!(
        "[defaults]\nl1 = true\ntimeout = \"2s\"\n\
         [caches.default]\nurl = \"{url}\"\n\
         [caches.small]\nurl = \"{url}\"\ncapacity = 20\n"
    );
    std::fs::write(&file, text).expect("the directory is the server's");
    file
}

//! What holds where nothing is said, and the options that change it: keys, caches, versions.

use cached_core::testing::{Recorder, isolated, isolated_blocking, with_cache_blocking};
use cached_core::{Cache, Outcome, cached, invalidates};

use crate::support::{Tally, memory};

#[cached]
async fn nothing_said(id: u64, name: &str, tags: &[&str]) -> String {
    format!("{id}{name}{}", tags.concat())
}

#[tokio::test]
async fn a_default_key_holds_module_function_and_every_argument() {
    isolated(async {
        let module = module_path!();
        assert_eq!(
            nothing_said::entry(1, "a b", &["x", "y"]).key(),
            format!("{module}::nothing_said:1:a%20b:[x,y]")
        );
        assert_eq!(nothing_said(1, "a", &[]).await, "1a");
        assert_eq!(nothing_said(1, "b", &[]).await, "1b");
        assert_eq!(nothing_said(1, "b", &["c"]).await, "1bc");
        assert_eq!(
            nothing_said::traced(1, "a", &[]).await,
            ("1a".into(), Outcome::Hit)
        );
        assert_eq!(
            nothing_said::entry(1, "a", &[]).get().await,
            Some("1a".into())
        );
        nothing_said::entry(1, "a", &[]).invalidate().await;
        assert!(!nothing_said::entry(1, "a", &[]).contains().await);
        nothing_said::invalidate_all().await;
        assert!(!nothing_said::entry(1, "b", &[]).contains().await);
    })
    .await;
}

#[test]
fn arguments_of_a_default_key_do_not_run_into_each_other() {
    #[cached]
    fn join(one: &str, two: &str) -> String {
        format!("{one}|{two}")
    }
    isolated_blocking(|| {
        let pairs = [
            ("a", "bc"),
            ("ab", "c"),
            ("abc", ""),
            ("a:b", "c"),
            ("a", "b:c"),
        ];
        for (one, two) in pairs.iter().chain(&pairs) {
            assert_eq!(join(one, two), format!("{one}|{two}"));
        }
    });
}

#[test]
fn skipped_arguments_are_in_no_default_key() {
    static RUNS: Tally = Tally::new();
    #[cached(skip(log, _unused))]
    fn find(id: u64, log: &dyn Fn(u64), (_unused, _): (u64, f64)) -> u64 {
        log(id);
        RUNS.add();
        id
    }
    isolated_blocking(|| {
        assert_eq!(
            (find(1, &|_| (), (1, 0.0)), find(1, &|_| (), (2, 1.0))),
            (1, 1)
        );
        assert_eq!(RUNS.count(), 1);
        assert_eq!(
            find::entry(7).key(),
            format!(
                "{}::skipped_arguments_are_in_no_default_key::find:7",
                module_path!()
            )
        );
    });
}

#[test]
fn patterns_are_taken_apart_in_a_default_key() {
    struct Wrapped<T>(T);
    #[cached]
    fn find(Wrapped(id): Wrapped<u64>, (x, y): (i8, Option<bool>)) -> i64 {
        id as i64 + i64::from(x) + i64::from(y.is_some())
    }
    isolated_blocking(|| {
        assert_eq!(find(Wrapped(1), (2, None)), 3);
        assert_eq!(find(Wrapped(1), (2, Some(true))), 4);
        assert!(
            find::entry(Wrapped(1), (-2, None))
                .key()
                .ends_with("::find:1:-2:!")
        );
    });
}

#[test]
fn the_parts_of_a_default_key_differ_in_number_too() {
    mod one {
        #[cached_core::cached]
        pub(super) fn f(list: &[&str]) -> usize {
            list.len()
        }
    }
    isolated_blocking(|| {
        let lists: [&[&str]; 5] = [&[], &[""], &["", ""], &["a,b"], &["a", "b"]];
        for list in lists.iter().chain(&lists) {
            assert_eq!(one::f(list), list.len());
        }
    });
}

#[cached(key = "d:version:<id>")]
fn first(id: u64) -> u64 {
    id
}

#[cached(key = "d:version:<id>", version = 2)]
fn second(id: u64) -> u64 {
    id + 100
}

#[invalidates("d:version:<id>")]
fn change(id: u64) {}

#[test]
fn a_new_version_leaves_the_old_values_behind() {
    isolated_blocking(|| {
        assert_eq!((first(1), second(1), first(1), second(1)), (1, 101, 1, 101));
        assert_eq!(
            (first::traced(1).1, second::traced(1).1),
            (Outcome::Hit, Outcome::Hit)
        );
        assert_eq!(first::entry(1).key(), second::entry(1).key());
        second::entry(1).blocking().invalidate();
        assert_eq!(first::traced(1).1, Outcome::Hit);
        second(1);
        change(1);
        assert_eq!(
            (first::traced(1).1, second::traced(1).1),
            (Outcome::Stored, Outcome::Stored)
        );
        let cache = Cache::current().expect("a stand-in is there");
        let read = |cache: &Cache| cache.blocking().get::<u64>("d:version:1").expect("valid");
        assert_eq!(
            (read(&cache), read(&cache.with_version(2))),
            (Some(1), Some(101))
        );
        assert_eq!(read(&cache.with_version(3)), None);
    });
}

/// An object that brings its cache along.
struct Repo {
    cache: Cache,
    id: u64,
}

impl Repo {
    fn new(id: u64) -> Self {
        Self {
            cache: memory(),
            id,
        }
    }

    #[cached(key = "d:repo:<id>", cache = self.cache, skip(self))]
    async fn load(&self, id: u64) -> u64 {
        self.id * 100 + id
    }

    #[cached(key = "d:repo:sync:<id>", cache = &self.cache, skip(self), tags("d:repo"))]
    fn load_at_once(&self, id: u64) -> u64 {
        self.id * 100 + id
    }

    #[invalidates(self.load(id), self.load_at_once(id))]
    async fn change(&self, id: u64) {}

    #[invalidates("d:repo:<id>", tag = "d:repo", cache = self.cache)]
    fn change_by_template(&self, id: u64) {}

    #[invalidates(self.load(..))]
    fn change_all(&self) {}
}

#[tokio::test]
async fn a_cache_given_by_an_expression_is_used_for_everything() {
    let (one, two) = (Repo::new(1), Repo::new(2));
    isolated(async {
        assert_eq!((one.load(1).await, two.load(1).await), (101, 201));
        assert_eq!((one.load_at_once(1), two.load_at_once(1)), (101, 201));
        assert_eq!((one.cache.len(), two.cache.len()), (2, 2));
        assert!(Cache::current().is_ok_and(|cache| cache.is_empty()));
        assert_eq!(one.load_traced(1).await, (101, Outcome::Hit));
        assert_eq!(one.load_entry(1).get().await, Some(101));
        assert_eq!(two.load_entry_by(1).get().await, Some(201));
        one.change(1).await;
        assert!(!one.load_entry(1).contains().await && !one.load_at_once_entry(1).contains().await);
        assert!(two.load_entry(1).contains().await, "another cache");
        two.change_by_template(1);
        assert!(!two.load_entry(1).contains().await && !two.load_at_once_entry(1).contains().await);
        _ = (one.load(1).await, one.load(2).await);
        one.change_all();
        assert!(!one.load_entry(1).contains().await && !one.load_entry(2).contains().await);
        two.load(3).await;
        two.load_invalidate_all().await;
        assert!(!two.load_entry(3).contains().await);
    })
    .await;
}

#[test]
fn a_cache_may_be_an_argument() {
    #[cached(key = "d:argument:<id>", cache = cache, skip(cache))]
    fn read(cache: &Cache, id: u64) -> u64 {
        let _ = cache;
        id
    }
    let (one, two) = (memory(), memory());
    assert_eq!((read(&one, 1), read::traced(&one, 1).1), (1, Outcome::Hit));
    assert_eq!(read::traced(&two, 1).1, Outcome::Stored);
    assert_eq!(read::entry(&one, 1).blocking().get(), Some(1));
    read::all(&one).blocking().invalidate();
    assert!(!read::entry(&one, 1).blocking().contains());
    assert!(read::entry(&two, 1).blocking().contains());
}

#[cached(key = "d:named:<id>", cache = "surface-sessions")]
fn named(id: u64) -> u64 {
    id
}

#[invalidates("d:named:<id>")]
fn change_named(id: u64) {}

#[invalidates("d:named:<id>", cache = "surface-sessions")]
fn change_in_named(id: u64) {}

#[test]
fn a_named_cache_is_found_by_its_name() {
    let sessions = Cache::memory()
        .name("surface-sessions")
        .build()
        .expect("valid");
    let recorder = Recorder::of(&sessions);
    cached_core::install(sessions.clone()).expect("nobody else has that name");
    assert_eq!(
        (named::traced(1), named::traced(1)),
        ((1, Outcome::Stored), (1, Outcome::Hit))
    );
    assert_eq!(
        recorder.log(),
        ["led d:named:1", "stored d:named:1", "hit d:named:1"]
    );
    assert!(sessions.blocking().contains("d:named:1").expect("valid"));
    for change in [change_named, change_in_named] {
        named(1);
        change(1);
        assert!(
            !named::entry(1).blocking().contains(),
            "templates reach named caches"
        );
    }
    // In a test scope it is the stand-in that answers.
    isolated_blocking(|| assert_eq!(named::traced(1).1, Outcome::Stored));
    assert!(!sessions.blocking().contains("d:named:1").expect("valid"));
}

#[test]
fn options_without_effect_in_memory_are_accepted() {
    #[cached(key = "d:lock:<id>", lock, wait = "2s", share_err = true)]
    fn locked(id: u64) -> u64 {
        id
    }
    #[cached(
        key = "d:lock:ttl:<id>",
        lock = "30s",
        ttl = "5m",
        tags("d:lock", "d:lock:<id>")
    )]
    fn leased(id: u64) -> Result<u64, String> {
        Ok(id)
    }
    with_cache_blocking(&memory(), || {
        assert_eq!((locked(1), locked::traced(1).1), (1, Outcome::Hit));
        assert_eq!((leased(1), leased::traced(1).1), (Ok(1), Outcome::Hit));
    });
}

#[cached(key = "d:counted:<id>", cache = "surface-counted")]
fn counted(id: u64) -> u64 {
    id
}

#[test]
fn the_first_call_of_each_thread_counts_as_what_it_is() {
    let cache = Cache::memory()
        .name("surface-counted")
        .build()
        .expect("valid");
    let recorder = Recorder::of(&cache);
    cached_core::install(cache).expect("nobody else has that name");
    counted(1);
    for _ in 0..3 {
        let call = std::thread::spawn(|| counted::traced(1));
        assert_eq!(call.join().expect("it does not panic"), (1, Outcome::Hit));
    }
    let stats = cached_core::stats();
    let row = stats.function("counted").expect("it is linked");
    assert_eq!((row.hits(), row.misses(), row.stored()), (3, 1, 1));
    assert_eq!(recorder.log()[2..], ["hit d:counted:1"; 3]);
}

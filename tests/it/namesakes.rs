//! Functions of one name, whose keys are left to the macro, never meet; and functions that are
//! named as what their companions hold.

use cached_core::testing::{isolated, isolated_blocking};
use cached_core::{KeyPart, Outcome, cached, cached_impl};

macro_rules! namesake {
    ($outer:ident, $value:literal) => {
        fn $outer() -> (u64, Outcome) {
            #[cached]
            fn inner(id: u64) -> u64 {
                id + $value
            }
            inner::traced(0)
        }
    };
}

namesake!(one, 1);
namesake!(two, 2);

#[test]
fn in_functions_that_a_macro_wrote() {
    isolated_blocking(|| {
        assert_eq!((one().0, two().0), (1, 2));
        assert_eq!((one(), two()), ((1, Outcome::Hit), (2, Outcome::Hit)));
    });
}

#[cached]
fn without_namesake(id: u64) -> u64 {
    id
}

#[test]
fn on_a_shared_backend_they_run_uncached_because_another_release_may_order_them_otherwise() {
    let cache = cached_core::testing::remote_like().build().expect("valid");
    cached_core::testing::with_cache_blocking(&cache, || {
        for _ in 0..2 {
            assert_eq!(one(), (1, Outcome::Uncached));
            assert_eq!(two(), (2, Outcome::Uncached));
        }
        assert_eq!(without_namesake::traced(1).1, Outcome::Stored);
        assert_eq!(without_namesake::traced(1).1, Outcome::Hit);
    });
}

#[test]
fn in_two_blocks() {
    let first = || {
        #[cached]
        fn inner(id: u64) -> u64 {
            id + 1
        }
        (inner(0), inner::entry(0).key().to_owned())
    };
    let second = || {
        #[cached]
        fn inner(id: u64) -> u64 {
            id + 2
        }
        (inner(0), inner::entry(0).key().to_owned())
    };
    isolated_blocking(|| {
        assert_eq!((first().0, second().0, first().0), (1, 2, 1));
        let path = concat!(module_path!(), "::in_two_blocks::inner");
        assert_eq!(
            (first().1, second().1),
            (format!("{path}:0"), format!("{path}~1:0"))
        );
    });
}

#[derive(Clone, KeyPart)]
struct Repo(u64);

trait Get<T> {
    fn get(&self, id: u64) -> u64;
}

impl Get<u8> for Repo {
    #[cached]
    fn get(&self, id: u64) -> u64 {
        self.0 + id + 1
    }
}

#[cached_impl]
impl Get<u16> for Repo {
    #[cached]
    fn get(&self, id: u64) -> u64 {
        self.0 + id + 2
    }
}

macro_rules! get {
    ($ty:ty, $value:literal) => {
        impl Get<$ty> for Repo {
            #[cached]
            fn get(&self, id: u64) -> u64 {
                self.0 + id + $value
            }
        }
    };
}

get!(u32, 3);
get!(u64, 4);

#[test]
fn in_impls_of_a_generic_trait() {
    isolated_blocking(|| {
        let repo = Repo(10);
        let all = || {
            (
                Get::<u8>::get(&repo, 0),
                Get::<u16>::get(&repo, 0),
                Get::<u32>::get(&repo, 0),
                Get::<u64>::get(&repo, 0),
            )
        };
        assert_eq!((all(), all()), ((11, 12, 13, 14), (11, 12, 13, 14)));
        assert_eq!(repo.get_entry(0).blocking().get(), Some(12));
    });
}

trait Name {
    fn name(&self) -> u64;
}

mod other {
    pub(super) trait Name {
        fn name(&self) -> u64;
    }
}

impl Name for Repo {
    #[cached]
    fn name(&self) -> u64 {
        1
    }
}

impl other::Name for Repo {
    #[cached]
    fn name(&self) -> u64 {
        2
    }
}

impl Repo {
    #[cached]
    fn name(&self) -> u64 {
        3
    }
}

#[cached]
fn name(_of: &Repo) -> u64 {
    4
}

#[test]
fn in_two_traits_of_one_name() {
    isolated_blocking(|| {
        let repo = Repo(0);
        let all = || {
            (
                Name::name(&repo),
                other::Name::name(&repo),
                repo.name(),
                name(&repo),
            )
        };
        assert_eq!((all(), all()), ((1, 2, 3, 4), (1, 2, 3, 4)));
    });
}

/// Functions named as what a companion holds.
mod companions {
    use cached_core::cached;

    #[cached(key = "f:namesake:all")]
    pub(super) async fn all() -> u64 {
        1
    }

    #[cached(key = "f:namesake:entry:<id>")]
    pub(super) fn entry(id: u64) -> u64 {
        if id == 0 { 0 } else { entry(id - 1) + 1 }
    }

    #[cached(key = "f:namesake:traced:<id>")]
    pub(super) async fn traced(id: u64) -> u64 {
        id
    }

    #[cached(key = "f:namesake:uncached:<id>")]
    pub(super) fn uncached(id: u64) -> u64 {
        id
    }

    #[cached(key = "f:namesake:site:<id>")]
    pub(super) fn site(id: u64) -> u64 {
        id
    }
}

#[tokio::test]
async fn a_function_may_be_named_as_a_function_of_its_companion() {
    isolated(async {
        assert_eq!((companions::all().await, companions::entry(2)), (1, 2));
        assert_eq!(
            (
                companions::traced(3).await,
                companions::uncached(4),
                companions::site(5)
            ),
            (3, 4, 5)
        );
        assert_eq!(companions::all::traced().await.1, Outcome::Hit);
        assert_eq!(companions::entry::traced(1), (1, Outcome::Hit));
        assert_eq!(companions::traced::traced(3).await.1, Outcome::Hit);
        assert_eq!(companions::uncached::uncached(6), 6);
        assert_eq!(companions::entry::entry(2).key(), "f:namesake:entry:2");
        companions::all::invalidate_all().await;
        assert!(!companions::all::entry().contains().await);
    })
    .await;
}

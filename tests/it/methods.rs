//! `#[cached]` in inherent impls: methods, associated functions, and what stands beside them.

use std::sync::Arc;

use cached_core::testing::{isolated, isolated_blocking};
use cached_core::{Delivery, Handle, KeyPart, KeyType, Outcome, cached, cached_impl};

use crate::support::Tally;

/// Reaches data; no two of them differ.
#[derive(Clone, Default, Handle)]
struct Repo {
    runs: Arc<Tally>,
}

impl Repo {
    #[cached(key = "me:post:<id>")]
    async fn post(&self, id: u64) -> u64 {
        self.runs.add();
        id * 10
    }

    #[cached(key = "me:count:<of>")]
    fn count(&self, of: &str) -> usize {
        self.runs.add();
        of.len()
    }

    // No receiver, no `Self`: only the source tells that it is not a free function.
    #[cached(key = "me:assoc:<id>")]
    fn associated(id: u64) -> u64 {
        id + 1
    }

    #[cached(key = "me:assoc:async:<id>")]
    async fn associated_async(id: u64) -> Result<u64, String> {
        if id == 0 { Err("zero".into()) } else { Ok(id) }
    }

    #[cached(key = "me:arc:<id>")]
    async fn shared(self: Arc<Self>, id: u64) -> u64 {
        self.runs.add();
        id
    }

    #[cached(key = "me:whole:<id>")]
    fn consuming(mut self, id: u64) -> u64 {
        let runs = std::mem::take(&mut self.runs);
        runs.add();
        id
    }

    /// Calls a cached sibling.
    #[cached(key = "me:sum:<upto>")]
    async fn sum(&self, upto: u64) -> u64 {
        self.runs.add();
        let mut sum = 0;
        for id in 0..upto {
            sum += self.post(id).await;
        }
        sum
    }

    #[cached]
    fn without_key(&self, id: u64, name: &str) -> String {
        self.runs.add();
        format!("{name}{id}")
    }
}

#[tokio::test]
async fn methods_run_once_per_key() {
    isolated(async {
        let repo = Repo::default();
        assert_eq!(
            (repo.post(1).await, repo.post(1).await, repo.post(2).await),
            (10, 10, 20)
        );
        assert_eq!((repo.count("abc"), repo.count("abc")), (3, 3));
        assert_eq!(repo.runs.count(), 3);
        assert_eq!((Repo::associated(1), Repo::associated(1)), (2, 2));
        assert_eq!(Repo::associated_traced(1), (2, Outcome::Hit));
        assert_eq!(Repo::associated_async(0).await, Err("zero".into()));
        assert_eq!(Repo::associated_async_traced(0).await.1, Outcome::NotStored);
    })
    .await;
}

#[tokio::test]
async fn every_receiver_works() {
    isolated(async {
        let repo = Arc::new(Repo::default());
        assert_eq!(Arc::clone(&repo).shared(1).await, 1);
        assert_eq!(Arc::clone(&repo).shared(1).await, 1);
        assert_eq!(repo.runs.count(), 1);
        assert_eq!(Repo::clone(&repo).consuming(1), 1);
        assert_eq!(Repo::clone(&repo).consuming(1), 1);
        assert_eq!(repo.runs.count(), 2);
    })
    .await;
}

#[tokio::test]
async fn methods_call_each_other() {
    isolated(async {
        let repo = Repo::default();
        assert_eq!(repo.sum(3).await, 30);
        assert_eq!(repo.runs.count(), 4);
        assert_eq!(repo.sum(4).await, 60);
        assert_eq!(repo.runs.count(), 6, "three posts were there");
    })
    .await;
}

#[tokio::test]
async fn the_siblings_of_a_method_lead_to_its_entries() {
    isolated(async {
        let repo = Repo::default();
        repo.post(1).await;
        assert_eq!(repo.post_entry(1).key(), "me:post:1");
        assert_eq!(repo.post_entry(1).get().await, Some(10));
        assert_eq!(Repo::post_entry_by("1").get().await, Some(10));
        assert_eq!(repo.post_traced(1).await, (10, Outcome::Hit));
        assert_eq!(repo.post_uncached(1).await, 10);
        assert_eq!(repo.runs.count(), 2);
        repo.post(2).await;
        Repo::post_invalidate_all().await;
        assert_eq!(repo.post_traced(2).await.1, Outcome::Stored);
        Repo::post_all().blocking().invalidate();
        assert_eq!(repo.post_traced(2).await.1, Outcome::Stored);
        assert_eq!(Repo::associated_entry(5).key(), "me:assoc:5");
    })
    .await;
}

#[test]
fn a_method_without_a_key_is_keyed_by_everything() {
    isolated_blocking(|| {
        let repo = Repo::default();
        assert_eq!(repo.without_key(1, "a"), "a1");
        assert_eq!(repo.without_key(1, "b"), "b1");
        assert_eq!(repo.without_key(1, "a"), "a1");
        assert_eq!(repo.runs.count(), 2);
        let key = repo.without_key_entry(1, "a").key().to_owned();
        assert!(
            key.starts_with(concat!(module_path!(), "::without_key:")),
            "{key}"
        );
        assert!(key.ends_with(":1:a"), "{key}");
    });
}

/// An instance that is data: its fields are in the key.
#[derive(Clone, Copy)]
struct Tenant {
    id: u64,
    rate: u64,
}

impl Tenant {
    #[cached(key = "me:tenant:<self.id>:<month>")]
    fn bill(&self, month: u64) -> u64 {
        self.rate * month
    }

    #[cached(key = "me:tenant:<self.id>:name")]
    async fn name(self) -> String {
        format!("tenant {}", self.id)
    }
}

#[derive(KeyPart)]
struct Celsius(i64);

impl Celsius {
    #[cached(key = "me:celsius:<self>")]
    fn fahrenheit(&self) -> i64 {
        self.0 * 9 / 5 + 32
    }

    #[cached]
    fn kelvin(&self) -> i64 {
        self.0 + 273
    }
}

#[tokio::test]
async fn self_and_its_fields_can_be_in_the_key() {
    isolated(async {
        let (one, two) = (Tenant { id: 1, rate: 5 }, Tenant { id: 2, rate: 7 });
        assert_eq!((one.bill(2), two.bill(2)), (10, 14));
        assert_eq!(
            Tenant { id: 1, rate: 0 }.bill(2),
            10,
            "the rate is not in the key"
        );
        assert_eq!(one.bill_entry(2).key(), "me:tenant:1:2");
        assert_eq!(Tenant::bill_entry_by(2, 2).get().await, Some(14));
        assert_eq!(
            (one.name().await, two.name().await),
            ("tenant 1".into(), "tenant 2".into())
        );
        assert_eq!(
            (Celsius(100).fahrenheit(), Celsius(0).fahrenheit()),
            (212, 32)
        );
        assert_eq!((Celsius(1).kelvin(), Celsius(2).kelvin()), (274, 275));
        assert_eq!(Celsius::fahrenheit_entry_by(-5).key(), "me:celsius:-5");
    })
    .await;
}

struct Shelf<T>(Vec<T>);

#[derive(KeyType)]
#[key_type = "test.book"]
struct Book;

#[derive(KeyType)]
#[key_type = "test.film"]
struct Film;

impl<T> Handle for Shelf<T> {}

impl<T> KeyType for Shelf<T>
where
    T: KeyType,
{
    const NAME: &'static str = T::NAME;
}

impl<T: KeyType> Shelf<T> {
    #[cached(key = "me:shelf:<Self>:<at>")]
    fn width(&self, at: usize) -> usize {
        self.0.len() + at
    }

    #[cached(key = "me:shelf:unchecked:<at>")]
    fn unkeyed(&self, at: usize) -> usize {
        self.0.len() + at
    }

    #[cached(key = "me:shelf:shared:<at>", skip(Self, self))]
    fn shared(&self, at: usize) -> usize {
        at
    }

    #[cached]
    fn without_key(&self, at: usize) -> usize {
        self.0.len() + at
    }
}

#[test]
fn methods_of_a_generic_type_tell_its_instances_apart() {
    isolated_blocking(|| {
        let (books, films) = (Shelf(vec![Book]), Shelf(vec![Film, Film]));
        assert_eq!((books.width(1), films.width(1)), (2, 3));
        assert_eq!(books.width_entry(1).key(), "me:shelf:test.book:1");
        assert_eq!((books.without_key(1), films.without_key(1)), (2, 3));
        assert_eq!(books.without_key_traced(1).1, Outcome::Hit);
        assert_eq!(
            (books.shared(1), films.shared_traced(1)),
            (1, (1, Outcome::Hit))
        );
    });
}

#[test]
fn a_key_that_cannot_tell_two_types_apart_serves_the_first_only() {
    isolated_blocking(|| {
        let (books, films) = (Shelf(vec![Book]), Shelf(vec![Film, Film]));
        assert_eq!((books.unkeyed(1), films.unkeyed(1)), (2, 3));
        assert_eq!(books.unkeyed_traced(1), (2, Outcome::Hit));
        assert_eq!(films.unkeyed_traced(1), (3, Outcome::Uncached));
    });
}

#[test]
fn entries_of_a_key_that_cannot_tell_two_types_apart_are_those_of_the_first() {
    isolated_blocking(|| {
        let (books, films) = (Shelf(vec![Book]), Shelf(vec![Film, Film]));
        books.unkeyed(1);
        let entry = || films.unkeyed_entry(1).blocking();
        assert_eq!(entry().get(), None, "2 is the books'");
        assert_eq!(entry().key(), "");
        assert!(!entry().put(7) && !entry().contains());
        assert_eq!(entry().refresh(|| 8), 8);
        assert_eq!(entry().invalidate(), Delivery::Nothing);
        assert_eq!(books.unkeyed_traced(1), (2, Outcome::Hit));
    });
}

#[cached_impl]
impl Book {
    #[cached(key = "me:book:<page>", skip(self))]
    fn page(&self, page: u64) -> u64 {
        page
    }
}

#[test]
fn cached_impl_is_welcome_on_an_inherent_impl() {
    isolated_blocking(|| {
        assert_eq!((Book.page(3), Book.page_traced(3).1), (3, Outcome::Hit));
    });
}

macro_rules! repository {
    ($name:ident, $key:literal) => {
        #[derive(Handle)]
        struct $name;

        impl $name {
            #[cached(key = $key)]
            async fn find(&self, id: u64) -> u64 {
                id
            }
        }
    };
}

repository!(Users, "me:users:<id>");
repository!(Posts, "me:posts:<id>");

#[tokio::test]
async fn macros_write_cached_methods() {
    isolated(async {
        assert_eq!((Users.find(1).await, Posts.find(1).await), (1, 1));
        assert_eq!(Users.find_entry(1).key(), "me:users:1");
        assert_eq!(Posts.find_traced(1).await.1, Outcome::Hit);
    })
    .await;
}

//! `#[cached]` on generic functions: type and const parameters are parts of the key.

use std::fmt::Debug;

use cached_core::testing::{isolated, isolated_blocking};
use cached_core::{Handle, KeyPart, KeyType, Outcome, cached, invalidates};

use crate::support::Tally;

#[derive(KeyType)]
#[key_type = "test.invoice"]
struct Invoice;

#[derive(KeyType)]
#[key_type = "test.order"]
struct Order;

trait Kind {
    const LABEL: &'static str;
}

impl Kind for Invoice {
    const LABEL: &'static str = "invoice";
}

impl Kind for Order {
    const LABEL: &'static str = "order";
}

static LABEL_RUNS: Tally = Tally::new();

#[cached(key = "g:<T>:<id>")]
async fn label<T: Kind + KeyType>(id: u64) -> String {
    LABEL_RUNS.add();
    format!("{} {id}", T::LABEL)
}

#[tokio::test]
async fn a_type_parameter_is_a_part_of_the_key() {
    isolated(async {
        for _ in 0..2 {
            assert_eq!(label::<Invoice>(1).await, "invoice 1");
            assert_eq!(label::<Order>(1).await, "order 1");
        }
        assert_eq!(LABEL_RUNS.count(), 2);
        assert_eq!(label::entry::<Order>(1).key(), "g:test.order:1");
        assert_eq!(
            label::entry_by::<Order>(1).get().await,
            Some("order 1".into())
        );
        label::entry::<Order>(1).invalidate().await;
        assert_eq!(label::traced::<Order>(1).await.1, Outcome::Stored);
        assert_eq!(label::traced::<Invoice>(1).await.1, Outcome::Hit);
        label::invalidate_all().await;
        assert_eq!(label::traced::<Invoice>(1).await.1, Outcome::Stored);
    })
    .await;
}

#[invalidates(label::<T>(id))]
fn relabel<T: Kind + KeyType>(id: u64) {}

#[tokio::test]
async fn the_function_form_takes_type_parameters() {
    isolated(async {
        _ = (label::<Invoice>(7).await, label::<Order>(7).await);
        relabel::<Order>(7);
        assert!(label::entry::<Invoice>(7).contains().await);
        assert!(!label::entry::<Order>(7).contains().await);
    })
    .await;
}

#[test]
fn a_const_parameter_is_a_part_of_the_key() {
    #[cached(key = "g:const:<N>:<FLAG>:<from>")]
    fn take<const N: usize, const FLAG: bool>(from: &[u64]) -> Vec<u64> {
        from.iter()
            .copied()
            .take(if FLAG { N } else { 0 })
            .collect()
    }
    isolated_blocking(|| {
        let from = [1, 2, 3];
        assert_eq!(
            (take::<1, true>(&from), take::<2, true>(&from)),
            (vec![1], vec![1, 2])
        );
        assert_eq!(take::<2, false>(&from), Vec::<u64>::new());
        assert_eq!(
            take::entry::<2, false>(&from).key(),
            "g:const:2:false:[1,2,3]"
        );
    });
}

#[test]
fn parameters_can_be_skipped() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "g:skipped:<part>", skip(T, N))]
    fn show<T: Debug + KeyPart, const N: usize>(part: T) -> String {
        RUNS.add();
        format!("{part:?}")
    }
    isolated_blocking(|| {
        assert_eq!(
            (show::<_, 1>(7u8), show::<_, 2>(7u64)),
            ("7".into(), "7".into())
        );
        assert_eq!(RUNS.count(), 1);
    });
}

#[test]
fn without_a_key_parameters_are_in_it_by_themselves() {
    #[cached]
    fn size<T: Kind + KeyType, const N: usize>(text: &str) -> String {
        format!("{}{N}{text}", T::LABEL)
    }
    isolated_blocking(|| {
        let all = || {
            (
                size::<Invoice, 1>("a"),
                size::<Order, 1>("a"),
                size::<Order, 2>("a"),
            )
        };
        let expected = ("invoice1a".into(), "order1a".into(), "order2a".into());
        assert_eq!(all(), expected);
        assert_eq!(all(), expected);
        let key = size::entry::<Order, 2>("a").key().to_owned();
        assert!(key.ends_with(":a:test.order:2"), "{key}");
    });
}

#[tokio::test]
async fn a_generic_argument_is_written_by_its_own_form() {
    #[cached(key = "g:argument:<T>:<part>")]
    async fn twice<T>(part: T) -> Vec<T>
    where
        T: KeyPart
            + KeyType
            + Clone
            + Send
            + Sync
            + 'static
            + serde::Serialize
            + serde::de::DeserializeOwned,
    {
        vec![part.clone(), part]
    }
    isolated(async {
        assert_eq!(twice(1u8).await, [1u8, 1]);
        assert_eq!(twice(1u64).await, [1u64, 1]);
        assert_eq!(twice(String::from("a b")).await, ["a b", "a b"]);
        assert_eq!(twice::traced(1u8).await, (vec![1u8, 1], Outcome::Hit));
        assert_eq!(
            twice::entry(String::from("a b")).key(),
            "g:argument:String:a%20b"
        );
    })
    .await;
}

#[tokio::test]
async fn a_parameter_bound_to_be_a_handle_needs_no_mention() {
    trait Source: Handle + Sync {
        fn read(&self, id: u64) -> u64;
    }
    #[derive(Handle)]
    struct Disk;
    impl Source for Disk {
        fn read(&self, id: u64) -> u64 {
            id + 1
        }
    }
    #[cached(key = "g:handle:<id>", skip(S))]
    async fn read<S: Source>(source: &S, id: u64) -> u64 {
        source.read(id)
    }
    #[cached(key = "g:handle:bound:<id>")]
    async fn bound<S: Handle + Sync>(_source: &S, id: u64) -> u64 {
        id
    }
    isolated(async {
        assert_eq!((read(&Disk, 1).await, read(&Disk, 1).await), (2, 2));
        assert_eq!(
            (bound(&Disk, 1).await, bound::traced(&Disk, 1).await.1),
            (1, Outcome::Hit)
        );
    })
    .await;
}

#[test]
fn lifetimes_types_and_consts_stand_together() {
    #[cached(key = "g:all:<T>:<N>:<text>:<parts>")]
    fn all<'a, T: KeyType, const N: usize>(text: &'a str, parts: &'a [&'a str; N]) -> String {
        format!("{}{text}{}", T::NAME, parts.concat())
    }
    isolated_blocking(|| {
        assert_eq!(all::<Order, 2>("x", &["a", "b"]), "test.orderxab");
        assert_eq!(all::traced::<Order, 2>("x", &["a", "b"]).1, Outcome::Hit);
        assert_eq!(all::uncached::<Invoice, 1>("x", &["c"]), "test.invoicexc");
        assert_eq!(
            all::entry::<Order, 2>("x", &["a", "b"]).key(),
            "g:all:test.order:2:x:[a,b]"
        );
    });
}

#[tokio::test]
async fn generic_recursion_works() {
    #[cached(key = "g:recursive:<T>:<depth>")]
    async fn deep<T: Kind + KeyType>(depth: u64) -> String {
        if depth == 0 {
            return T::LABEL.to_owned();
        }
        Box::pin(deep::<T>(depth - 1)).await + "."
    }
    isolated(async {
        assert_eq!(
            (deep::<Order>(3).await, deep::<Invoice>(2).await),
            ("order...".into(), "invoice..".into())
        );
        assert_eq!(deep::traced::<Order>(2).await.1, Outcome::Hit);
    })
    .await;
}

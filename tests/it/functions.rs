//! `#[cached]` on free functions, in every form that a free function takes.

use std::fmt::Display;

use cached_core::testing::{isolated, isolated_blocking};
use cached_core::{Outcome, cached};

use crate::support::Tally;

#[test]
fn a_sync_function_runs_once_per_key() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:sync:<id>")]
    fn square(id: u64) -> u64 {
        RUNS.add();
        id * id
    }
    isolated_blocking(|| {
        assert_eq!([square(3), square(3), square(4)], [9, 9, 16]);
        assert_eq!(RUNS.count(), 2);
    });
}

#[tokio::test]
async fn an_async_function_runs_once_per_key() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:async:<id>")]
    async fn square(id: u64) -> u64 {
        tokio::task::yield_now().await;
        RUNS.add();
        id * id
    }
    isolated(async {
        assert_eq!(
            [square(3).await, square(3).await, square(4).await],
            [9, 9, 16]
        );
        assert_eq!(RUNS.count(), 2);
    })
    .await;
}

#[test]
fn a_function_without_arguments_has_one_entry() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:nothing")]
    fn answer() -> u64 {
        RUNS.add()
    }
    isolated_blocking(|| {
        assert_eq!([answer(), answer()], [1, 1]);
        assert_eq!(answer::entry().key(), "f:nothing");
    });
}

#[test]
fn text_and_slices_are_borrowed_arguments() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:text:<name>:<ids>")]
    fn join(name: &str, ids: &[u64]) -> String {
        RUNS.add();
        format!("{name}{ids:?}")
    }
    isolated_blocking(|| {
        let owned = (String::from("a"), vec![1, 2]);
        assert_eq!(join(&owned.0, &owned.1), "a[1, 2]");
        assert_eq!(join("a", &[1, 2]), "a[1, 2]");
        assert_eq!(join("a", &[1]), "a[1]");
        assert_eq!(RUNS.count(), 2);
    });
}

#[tokio::test]
async fn lifetimes_are_kept() {
    #[cached(key = "f:lifetimes:<one>:<two>", skip(unused))]
    async fn longer<'a, 'b: 'a>(one: &'a str, two: &'b str, unused: &'a [&'b str]) -> String {
        let chosen: &'a str = if one.len() > two.len() { one } else { two };
        chosen.repeat(unused.len())
    }
    isolated(async {
        let (one, two) = (String::from("abc"), String::from("de"));
        assert_eq!(longer(&one, &two, &[&two]).await, "abc");
        assert_eq!(
            longer::traced(&one, &two, &[]).await,
            ("abc".into(), Outcome::Hit)
        );
    })
    .await;
}

#[test]
fn an_impl_trait_argument_can_be_in_the_key_or_skipped() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:impl:<name>", skip(shown))]
    fn show(name: impl AsRef<str> + cached_core::KeyPart, shown: impl Display) -> String {
        RUNS.add();
        format!("{}={shown}", name.as_ref())
    }
    isolated_blocking(|| {
        assert_eq!(show("a", 1), "a=1");
        assert_eq!(show(String::from("a"), "not looked at"), "a=1");
        assert_eq!(RUNS.count(), 1);
        assert_eq!(show::uncached("a", 2.5), "a=2.5");
    });
}

struct Wrapped<T>(T);

impl cached_core::Handle for Wrapped<u64> {}

struct Point {
    x: u64,
    y: u64,
}

#[tokio::test]
async fn patterns_bind_what_the_key_names() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:pattern:<id>:<x>:<second>", skip(y))]
    async fn sum(
        Wrapped(id): Wrapped<u64>,
        Point { x, y }: Point,
        (_, mut second): (u64, u64),
        #[allow(unused_mut)] mut plain: Wrapped<u64>,
    ) -> u64 {
        RUNS.add();
        second += 0;
        plain.0 += 0;
        id + x + y + second + plain.0
    }
    isolated(async {
        let call = |id, x| sum(Wrapped(id), Point { x, y: 3 }, (9, 4), Wrapped(0));
        assert_eq!(
            [call(1, 2).await, call(1, 2).await, call(2, 2).await],
            [10, 10, 11]
        );
        assert_eq!(RUNS.count(), 2);
        let entry = sum::entry(Wrapped(1), Point { x: 2, y: 0 }, (0, 4));
        assert_eq!(entry.key(), "f:pattern:1:2:4");
        assert_eq!(sum::entry_by(1, 2, 4).get().await, Some(10));
    })
    .await;
}

#[tokio::test]
async fn a_where_clause_is_kept() {
    #[cached(key = "f:where:<part>", skip(T))]
    async fn show<T>(part: T) -> String
    where
        T: cached_core::KeyPart + Display,
        for<'a> &'a T: Display,
    {
        format!("{part}")
    }
    isolated(async { assert_eq!(show(7u8).await, "7") }).await;
}

#[test]
fn functions_inside_of_functions_do_not_meet() {
    fn one() -> u64 {
        #[cached]
        fn inner(id: u64) -> u64 {
            id + 1
        }
        inner(1)
    }
    fn two() -> u64 {
        #[cached]
        fn inner(id: u64) -> u64 {
            id + 2
        }
        inner(1)
    }
    isolated_blocking(|| assert_eq!((one(), two(), one()), (2, 3, 2)));
}

#[tokio::test]
async fn arguments_that_the_body_consumes_can_be_in_the_key() {
    #[cached(key = "f:consumed:<name>:<ids>", skip(gift))]
    async fn consume(name: String, ids: Vec<u64>, gift: Box<dyn FnOnce() -> u64 + Send>) -> u64 {
        let (name, ids) = (name.into_boxed_str(), ids.into_iter().sum::<u64>());
        name.len() as u64 + ids + gift()
    }
    #[cached(key = "f:consumed:sync:<name>")]
    fn consume_at_once(name: String) -> Box<str> {
        name.into_boxed_str()
    }
    isolated(async {
        assert_eq!(consume("ab".into(), vec![1, 2], Box::new(|| 10)).await, 15);
        assert_eq!(consume("ab".into(), vec![1, 2], Box::new(|| 20)).await, 15);
        assert_eq!(&*consume_at_once("ab".into()), "ab");
        assert_eq!(consume_at_once::traced("ab".into()).1, Outcome::Hit);
    })
    .await;
}

#[tokio::test]
async fn bodies_end_by_question_mark_and_return() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:ends:<text>")]
    async fn parse(text: &str) -> Result<u64, std::num::ParseIntError> {
        RUNS.add();
        if text == "zero" {
            return Ok(0);
        }
        Ok(text.parse::<u64>()? + 1)
    }
    #[cached(key = "f:ends:sync:<text>")]
    fn first(text: &str) -> Option<char> {
        RUNS.add();
        if text == "zero" {
            return Some('0');
        }
        let first = text.chars().next()?;
        Some(first)
    }
    isolated(async {
        for _ in 0..2 {
            assert_eq!(parse("zero").await, Ok(0));
            assert_eq!(parse("6").await, Ok(7));
            assert_eq!((first("zero"), first("abc")), (Some('0'), Some('a')));
        }
        assert_eq!(RUNS.count(), 4);
        assert!(parse("x").await.is_err() && parse("x").await.is_err());
        assert_eq!((first(""), first("")), (None, None));
        assert_eq!(
            RUNS.count(),
            8,
            "what ends early with nothing is not stored"
        );
    })
    .await;
}

macro_rules! reader {
    ($name:ident, $key:literal, $add:expr) => {
        #[cached(key = $key)]
        fn $name(id: u64) -> u64 {
            id + $add
        }
    };
}

reader!(plus_one, "f:macro:one:<id>", 1);
reader!(plus_two, "f:macro:two:<id>", 2);

macro_rules! async_readers {
    ($($name:ident: $ty:ty = $value:expr;)*) => {
        $(
            #[cached]
            async fn $name(id: $ty) -> Vec<$ty> {
                vec![id; $value]
            }
        )*
    };
}

async_readers! { two_bytes: u8 = 2; three_words: u64 = 3; }

#[tokio::test]
async fn macros_write_cached_functions() {
    isolated(async {
        assert_eq!((plus_one(1), plus_two(1), plus_one(1)), (2, 3, 2));
        assert_eq!(plus_one::entry(1).key(), "f:macro:one:1");
        assert_eq!(
            (two_bytes(7).await, three_words(7).await),
            (vec![7; 2], vec![7; 3])
        );
        assert_eq!(three_words::traced(7).await.1, Outcome::Hit);
    })
    .await;
}

#[test]
fn a_name_may_be_a_raw_one() {
    #[cached(key = "f:raw:<type>")]
    fn r#match(r#type: u64) -> u64 {
        r#type + 1
    }
    isolated_blocking(|| {
        assert_eq!((r#match(1), r#match(1)), (2, 2));
        assert_eq!(r#match::entry(1).key(), "f:raw:1");
    });
}

mod outer {
    pub(super) mod inner {
        use cached_core::cached;

        #[cached(key = "f:vis:crate:<id>")]
        pub(crate) fn for_the_crate(id: u64) -> u64 {
            id
        }

        #[cached(key = "f:vis:super:<id>")]
        pub(super) async fn for_the_parent(id: u64) -> u64 {
            id + 1
        }

        #[cached(key = "f:vis:in:<id>")]
        pub(in crate::functions) fn for_a_module(id: u64) -> u64 {
            id + 2
        }
    }

    pub(super) async fn parent(id: u64) -> (u64, bool) {
        let value = inner::for_the_parent(id).await;
        (value, inner::for_the_parent::entry(id).contains().await)
    }
}

#[tokio::test]
async fn a_companion_is_as_visible_as_its_function() {
    isolated(async {
        assert_eq!(outer::inner::for_the_crate(1), 1);
        assert!(
            crate::functions::outer::inner::for_the_crate::entry(1)
                .contains()
                .await
        );
        assert_eq!(outer::inner::for_a_module(1), 3);
        assert!(outer::inner::for_a_module::entry(1).blocking().contains());
        assert_eq!(outer::parent(1).await, (2, true));
    })
    .await;
}

/// What is written on one line has to compile under `-D warnings`, too.
#[deny(warnings)]
#[rustfmt::skip]
mod one_line {
    use std::future::ready;

    use cached_core::{cached, invalidates};

    trait Load { async fn load(&self, id: u64) -> u64; async fn store(&self, id: u64) -> u64; }
    struct Files;

    impl Load for Files {
        #[cached(key = "f:line:load:<id>", skip(self))]
        async fn load(&self, id: u64) -> u64 { ready(id).await }

        #[invalidates(read(id))]
        async fn store(&self, id: u64) -> u64 { ready(id).await }
    }

    #[cached(key = "f:line:<id>")]
    async fn read(id: u64) -> u64 { ready(id).await }

    #[cached(key = "f:line:none:<id>", companion = none)]
    async fn read_inline(id: u64) -> u64 { ready(id).await }

    #[invalidates("f:line:<result>")]
    async fn write(id: u64) -> u64 { ready(id).await }

    pub(super) async fn all(id: u64) -> Vec<u64> {
        let methods = [Files.load(id).await, Files.store(id).await];
        [methods.as_slice(), &[read(id).await, read_inline(id).await, write(id).await]].concat()
    }
}

#[tokio::test]
async fn a_body_of_one_line_warns_of_nothing() {
    isolated(async { assert_eq!(one_line::all(1).await, [1; 5]) }).await;
}

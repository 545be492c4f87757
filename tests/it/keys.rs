//! How keys are rendered, told by `entry(..).key()`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use cached_core::testing::isolated_blocking;
use cached_core::{Cache, Error, Key, KeyPart, KeyWriter, Outcome, cached, key};
use serde::Serialize;

/// The key of a function with one argument of this type.
macro_rules! rendered {
    ($ty:ty: $($value:expr => $form:literal),* $(,)?) => {{
        #[cached(key = "k:<part>")]
        #[allow(clippy::boxed_local)]
        fn one(part: $ty) -> u64 {
            let _ = part;
            0
        }
        $(assert_eq!(one::entry($value).key(), concat!("k:", $form));)*
    }};
}

#[test]
fn numbers_are_decimal() {
    rendered!(u8: 0 => "0", 255 => "255");
    rendered!(i8: -128 => "-128");
    rendered!(u64: u64::MAX => "18446744073709551615");
    rendered!(i64: i64::MIN => "-9223372036854775808");
    rendered!(u128: u128::MAX => "340282366920938463463374607431768211455");
    rendered!(i128: -1 => "-1");
    rendered!(usize: 7 => "7");
    rendered!(isize: -7 => "-7");
    rendered!(NonZero<u32>: NonZero::<u32>::MIN => "1");
}

#[test]
fn text_keeps_what_is_unreserved_and_encodes_the_rest() {
    rendered!(&str: "aZ09_.~-" => "aZ09_.~-", "a b:c" => "a%20b%3Ac", "" => "", "ä" => "%C3%A4");
    rendered!(String: "100%".into() => "100%25");
    rendered!(char: 'x' => "x", ':' => "%3A");
    rendered!(bool: true => "true", false => "false");
    rendered!(Cow<'_, str>: Cow::Borrowed("a/b") => "a%2Fb");
    rendered!(Duration: Duration::from_millis(1500) => "1.5s", Duration::from_secs(90) => "90s");
    rendered!(IpAddr: IpAddr::V4(Ipv4Addr::LOCALHOST) => "127.0.0.1", IpAddr::V6(Ipv6Addr::LOCALHOST) => "%3A%3A1");
}

#[test]
fn what_may_be_missing_differs_from_what_is_empty() {
    rendered!(Option<&str>: None => "!", Some("") => "+", Some("a") => "+a", Some("!") => "+%21");
    rendered!(Option<Option<u8>>: None => "!", Some(None) => "+!", Some(Some(1)) => "++1");
    rendered!(&Option<u64>: &Some(1) => "+1");
}

#[test]
fn several_parts_stand_in_brackets() {
    rendered!((): () => "()");
    rendered!((u8,): (1,) => "(1)");
    rendered!((u8, &str): (1, "a,b") => "(1,a%2Cb)");
    rendered!(&[u64]: &[] => "[]", &[1] => "[1]", &[1, 2] => "[1,2]");
    rendered!(Vec<String>: vec![String::new()] => "[,]", vec![] => "[]");
    rendered!([u8; 2]: [1, 2] => "[1,2]");
    rendered!(Vec<(u8, Option<bool>)>: vec![(1, None), (2, Some(true))] => "[(1,!),(2,+true)]");
}

#[test]
fn pointers_stand_for_what_they_point_to() {
    rendered!(&&u64: &&7 => "7");
    rendered!(Box<str>: "a".into() => "a");
    rendered!(Arc<String>: Arc::new("a".into()) => "a");
    rendered!(Rc<[u8]>: Rc::from([1, 2]) => "[1,2]");
    rendered!(Arc<Option<Box<u8>>>: Arc::new(Some(Box::new(1))) => "+1");
}

#[test]
fn numbers_and_text_that_print_alike_are_alike() {
    rendered!(u8: 7 => "7");
    rendered!(i64: 7 => "7");
    rendered!(&str: "7" => "7");
}

#[derive(KeyPart, Clone)]
struct UserId(u64);

#[derive(KeyPart, Clone)]
struct Named {
    name: String,
}

#[derive(KeyPart)]
struct Page {
    user: UserId,
    number: u32,
    after: Option<String>,
}

#[derive(KeyPart)]
struct Pair<T>(T, T);

#[derive(KeyPart)]
struct Borrowed<'a, const N: usize>(&'a [u8; N]);

#[derive(KeyPart)]
struct Unit;

#[derive(KeyPart, Clone, Copy)]
enum Sort {
    Newest,
    #[allow(non_camel_case_types)]
    r#match,
}

#[test]
fn derived_forms_are_those_of_the_fields() {
    rendered!(UserId: UserId(7) => "7");
    rendered!(Named: Named { name: "a b".into() } => "a%20b");
    rendered!(Page: Page { user: UserId(7), number: 2, after: None } => "(7,2,!)");
    rendered!(Pair<u8>: Pair(1, 2) => "(1,2)");
    rendered!(Borrowed<'_, 2>: Borrowed(&[1, 2]) => "[1,2]");
    rendered!(Unit: Unit => "()");
    rendered!(Sort: Sort::Newest => "Newest", Sort::r#match => "match");
    rendered!(Vec<UserId>: vec![UserId(1), UserId(2)] => "[1,2]");
}

struct Version(u8, u8);

impl KeyPart for Version {
    fn write_key(&self, key: &mut KeyWriter) {
        self.0.write_key(key);
        key.text(".");
        self.1.write_key(key);
    }
}

#[test]
fn a_form_can_be_written_by_hand() {
    rendered!(Version: Version(1, 9) => "1.9");
}

struct Author {
    id: UserId,
}

struct Post {
    author: Author,
    slug: String,
}

#[test]
fn placeholders_reach_into_fields() {
    #[cached(
        key = "k:{id}:<post.author.id>:{post.slug}:<pair.0>/<pair.1.0>",
        skip(T)
    )]
    fn reach<T>(id: u64, post: &Post, pair: (u8, (char, T))) -> u64 {
        let _ = (id, post, pair);
        0
    }
    let post = Post {
        author: Author { id: UserId(3) },
        slug: "a-b".into(),
    };
    assert_eq!(
        reach::entry(1, &post, (2, ('c', 0.5))).key(),
        "k:1:3:a-b:2/c"
    );
    assert_eq!(reach::entry_by(1, 3, "a-b", 2, 'c').key(), "k:1:3:a-b:2/c");
}

#[test]
fn a_name_may_stand_twice() {
    #[cached(key = "k:twice:<id>:<id>")]
    fn twice(id: u64) -> u64 {
        id
    }
    assert_eq!(twice::entry(1).key(), "k:twice:1:1");
    assert_eq!(twice::entry_by(1).key(), "k:twice:1:1");
}

#[derive(Serialize)]
struct Filter {
    min: f64,
    tags: HashMap<String, u8>,
}

#[cached(key = "k:hash:<query:hash>")]
fn search(query: &Filter) -> u64 {
    query.tags.len() as u64
}

#[test]
fn a_hash_stands_for_any_serialisable_value() {
    let tags = |range: &mut dyn Iterator<Item = u8>| range.map(|n| (n.to_string(), n)).collect();
    let (up, down) = (tags(&mut (0..50)), tags(&mut (0..50).rev()));
    let key = |min, tags| search::entry(&Filter { min, tags }).key().to_owned();
    let first = key(0.5, up);
    assert_eq!(first.len(), "k:hash:".len() + 32, "{first}");
    assert_eq!(first, key(0.5, down), "the order of a map means nothing");
    assert_ne!(first, key(0.25, tags(&mut (0..50))));
    let sorted: BTreeMap<String, u8> = (0..50).map(|n: u8| (n.to_string(), n)).collect();
    #[derive(Serialize)]
    struct Alike {
        tags: BTreeMap<String, u8>,
        min: f64,
    }
    assert_eq!(
        search::entry_by(Alike {
            tags: sorted,
            min: 0.5
        })
        .key(),
        first
    );
}

#[test]
fn a_secret_is_not_seen_in_the_key() {
    #[cached(key = "k:secret:<token:secret>")]
    fn session(token: &str) -> usize {
        token.len()
    }
    let (one, two) = (session::entry("hunter2"), session::entry("hunter3"));
    assert_eq!(one.key().len(), "k:secret:".len() + 32);
    assert!(!one.key().contains("hunter2"));
    assert_ne!(one.key(), two.key());
    assert_eq!(one.key(), session::entry_by("hunter2".to_owned()).key());
}

#[test]
fn long_keys_are_cut_and_still_differ() {
    #[cached(key = "k:long:<text>:<id>")]
    fn long(text: &str, id: u64) -> u64 {
        id + text.len() as u64
    }
    isolated_blocking(|| {
        let text = "x".repeat(500);
        let (one, two) = (long::entry(&text, 1), long::entry(&text, 2));
        assert_eq!((one.key().len(), two.key().len()), (200, 200));
        assert_ne!(one.key(), two.key());
        assert_eq!(
            (long(&text, 1), long(&text, 2), long(&text, 1)),
            (501, 502, 501)
        );
    });
}

#[test]
fn the_macro_renders_by_the_rules_of_the_attribute() {
    let (post, id) = (
        Post {
            author: Author { id: UserId(3) },
            slug: "ü".into(),
        },
        7,
    );
    let text = |key: Result<Key, Error>| key.expect("every part has a form").text().to_owned();
    assert_eq!(
        text(key!("k:<id>:<post.author.id>:{post.slug}")),
        "k:7:3:%C3%BC"
    );
    #[cached(key = "k:macro:<id>")]
    fn read(id: u64) -> u64 {
        id
    }
    assert_eq!(text(key!("k:macro:<id>")), read::entry(7).key());
}

#[test]
fn a_low_level_key_meets_a_template_by_its_text() {
    #[cached(key = "k:low:<name>")]
    fn read(name: &str) -> usize {
        name.len()
    }
    isolated_blocking(|| {
        let cache = Cache::current().expect("a stand-in is there");
        read("a b");
        assert_eq!(
            cache.blocking().get::<usize>("k:low:a%20b").expect("valid"),
            Some(3)
        );
        cache
            .blocking()
            .set("k:low:x", &9_usize, 60)
            .expect("valid");
        assert_eq!(read::traced("x"), (9, Outcome::Hit));
        let name = "x";
        let key = key!("k:low:<name>").expect("text has a form");
        assert_eq!(cache.blocking().get::<usize>(key).expect("valid"), Some(9));
    });
}

mod users {
    #[cached_core::cached]
    pub(super) fn get(id: u64) -> String {
        format!("user {id}")
    }

    #[cached_core::cached(key = "k:users:<id>")]
    pub(super) fn keyed(id: u64) -> String {
        format!("user {id}")
    }
}

mod posts {
    #[cached_core::cached]
    pub(super) fn get(id: u64) -> String {
        format!("post {id}")
    }

    #[cached_core::cached(key = "k:posts:<id>")]
    pub(super) fn keyed(id: u64) -> String {
        format!("post {id}")
    }
}

#[test]
fn two_functions_of_one_name_in_two_modules_never_meet() {
    isolated_blocking(|| {
        for _ in 0..2 {
            assert_eq!(
                (users::get(1), posts::get(1)),
                ("user 1".into(), "post 1".into())
            );
            assert_eq!(
                (users::keyed(1), posts::keyed(1)),
                ("user 1".into(), "post 1".into())
            );
        }
        assert_eq!(users::get::traced(1).1, Outcome::Hit);
        assert_eq!(
            users::get::entry(1).key(),
            concat!(module_path!(), "::users::get:1")
        );
        posts::get::entry(1).blocking().invalidate();
        assert_eq!(users::get::traced(1).1, Outcome::Hit);
        assert_eq!(posts::get::traced(1).1, Outcome::Stored);
    });
}

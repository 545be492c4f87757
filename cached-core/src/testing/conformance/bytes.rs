//! Bytes that are not what they should be: a miss with a counter, never a panic or a wrong value.

use super::stage::{Function, LONG, cell, fresh, function, name_of};
use super::subject::{Handle, Subject};
use crate::cache::Cache;
use crate::cell::Cell;
use crate::event::Outcome;

/// A cache with the backend under it, and the name of its key `k` there.
struct Bench<'s> {
    subject: &'s Subject,
    cache: Cache,
    backend: Handle,
    name: String,
}

impl<'s> Bench<'s> {
    fn of(subject: &'s Subject) -> Self {
        let (cache, backend) = (subject.cache(&fresh()), subject.backend());
        let name = name_of(&cache, "k");
        Self {
            subject,
            cache,
            backend,
            name,
        }
    }

    /// What a cached function stores under `key`.
    async fn stored(&self, function: Function, key: &str, value: &str) -> Vec<u8> {
        let (_, outcome) = function.returns(&self.cache, key, value).await;
        assert_eq!(outcome, Outcome::Stored, "nothing was there");
        let found = self.backend.read(&name_of(&self.cache, key)).await;
        found
            .map(Cell::into_bytes)
            .expect("a stored value is in the backend")
    }

    /// Puts these bytes under the key, and calls the function: its body has to run, and the value
    /// it returns to be there for the next call.
    async fn heals(&self, function: Function, bytes: &[u8], what: &str) {
        let cell = Cell::from_bytes(bytes.to_vec());
        self.backend.write(&self.name, &cell, LONG).await;
        self.subject.seen().await;
        let read = self.cache.get::<String>("k").await;
        assert_eq!(read.ok(), Some(None), "{what}: no value can be read there");
        let counted = function.unreadable();
        let (value, outcome) = function.returns(&self.cache, "k", "right").await;
        assert_eq!(value, "right", "{what}: only the body knows the value");
        assert_eq!(
            outcome,
            Outcome::Stored,
            "{what}: what says nothing gives way"
        );
        assert_eq!(
            function.unreadable(),
            counted + 1,
            "{what}: it is counted once, as unreadable"
        );
        let again = function.returns(&self.cache, "k", "wrong").await;
        assert_eq!(again, ("right".to_owned(), Outcome::Hit), "{what}: healed");
    }
}

/// Bytes that never were a cell.
pub async fn garbage_is_a_miss(subject: &Subject) {
    let (bench, function) = (Bench::of(subject), function!("garbage"));
    let noise: Vec<u8> = (0..999u32).map(|at| (at * 97 % 251) as u8).collect();
    let magic = [&Cell::MAGIC[..], &[b'v'; 300]].concat();
    let all: [&[u8]; 7] = [
        b"",
        b"\0",
        b"hello",
        b"-ERR unknown command",
        &[0xFF; 4096],
        &noise,
        &magic,
    ];
    for garbage in all {
        let what = format!("{} bytes of garbage", garbage.len());
        bench.heals(function, garbage, &what).await;
    }
}

/// A cell that was cut off, anywhere.
pub async fn truncated_cells_are_a_miss(subject: &Subject) {
    let (bench, function) = (Bench::of(subject), function!("truncated"));
    let whole = bench.stored(function, "k", "stored").await;
    for length in [1, 3, 4, 19, 20, 21, 95, 96, 99, whole.len() - 1] {
        let what = format!("the first {length} of {} bytes", whole.len());
        bench.heals(function, &whole[..length], &what).await;
    }
    let longer = [&whole[..], b"more"].concat();
    bench.heals(function, &longer, "four bytes too many").await;
}

/// A cell of which one bit has turned, anywhere.
pub async fn a_turned_bit_is_a_miss(subject: &Subject) {
    let (bench, function) = (Bench::of(subject), function!("turned"));
    let whole = bench.stored(function, "k", "stored").await;
    // The kind is what tells a lease from a value: turned, it may say that somebody computes.
    for at in (0..whole.len())
        .step_by(3)
        .filter(|at| *at != Cell::KIND_AT)
    {
        let mut turned = whole.clone();
        turned[at] ^= 1 << (at % 8);
        bench
            .heals(function, &turned, &format!("a bit of byte {at} turned"))
            .await;
    }
}

/// The intact cell of another key, as a mixed-up reply brings it.
pub async fn a_swapped_cell_is_a_miss(subject: &Subject) {
    let (bench, function) = (Bench::of(subject), function!("swapped"));
    let other = bench.stored(function, "other", "other").await;
    bench.heals(function, &other, "another key's cell").await;
    let elsewhere = Bench::of(subject);
    let other = elsewhere.stored(function, "k", "elsewhere").await;
    // The same key of another cache is the same key to its hash; its stamps tell it apart.
    let cell = Cell::from_bytes(other);
    bench.backend.write(&bench.name, &cell, LONG).await;
    let (value, _) = function.returns(&bench.cache, "k", "right").await;
    assert_eq!(value, "right", "another cache's cell depends on its stamps");
}

/// The cell of something else: a stamp, a value of another type.
pub async fn a_foreign_cell_is_a_miss(subject: &Subject) {
    let (bench, function) = (Bench::of(subject), function!("foreign"));
    let (token, _) = cell("");
    let stamp = Cell::stamp(token).into_bytes();
    bench.heals(function, &stamp, "a stamp").await;
    bench
        .heals(function, cell("x").1.as_bytes(), "an unknown kind")
        .await;
    let number = bench.cache.set("k", &7u64, 60).await;
    assert!(number.is_ok(), "nothing stands in its way: {number:?}");
    let number = bench.backend.read(&bench.name).await;
    let number = number.map(Cell::into_bytes).unwrap_or_default();
    bench.heals(function, &number, "a number").await;
}

/// A lease that says that somebody computes, and whose holder nobody knows: the value is right, and
/// nobody waits without `lock`.
pub async fn a_strange_lease_holds_nobody_up(subject: &Subject) {
    let (bench, function) = (Bench::of(subject), function!("strange"));
    let (lease, _) = function
        .call(&bench.cache, "k", &[], || async {
            let lease = bench.backend.read(&bench.name).await;
            lease.map(Cell::into_bytes).unwrap_or_default()
        })
        .await;
    bench
        .backend
        .write(&bench.name, &Cell::from_bytes(lease), LONG)
        .await;
    let found = function.returns(&bench.cache, "k", "right").await;
    assert_eq!(
        found,
        ("right".to_owned(), Outcome::NotStored),
        "the body runs; the place is another's"
    );
}

/// Bytes in the place of the stamp of a tag: what depends on it is a miss, then it heals.
pub async fn a_damaged_stamp_is_a_miss(subject: &Subject) {
    let (bench, function) = (Bench::of(subject), function!("stamped"));
    let stamp = match bench.cache.engine.remote() {
        Some(remote) => remote.tag_name("t"),
        None => unreachable!("only caches on a backend are asked"),
    };
    for garbage in [&b""[..], b"hello", &[0; 64]] {
        let read = async |value: &'static str| {
            let body = || async { value.to_owned() };
            function.call(&bench.cache, "k", &["t"], body).await
        };
        read("before").await;
        let cell = Cell::from_bytes(garbage.to_vec());
        bench.backend.write(&stamp, &cell, LONG).await;
        let (value, _) = read("right").await;
        assert_eq!(value, "right", "the stamp of its tag is not what it was");
        let (value, _) = read("next").await;
        let (again, outcome) = read("never").await;
        assert_eq!(
            (again, outcome),
            (value, Outcome::Hit),
            "a new stamp stands there"
        );
        bench.backend.invalidate(&[&bench.name]).await;
    }
}

/// Any text can be a key, and no two texts are the same one.
pub async fn any_text_is_a_key_of_its_own(subject: &Subject) {
    let cache = subject.cache(&fresh());
    let long = "k".repeat(5_000);
    let longer = "k".repeat(5_001);
    let texts = [
        " ",
        "a",
        "A",
        "a ",
        " a",
        "a\n",
        "a\r\nFLUSHALL\r\n",
        "a\0",
        "a\0b",
        "*",
        "?",
        "a*",
        "{a}",
        "%61",
        "a%00",
        "a:b",
        "a::b",
        ":",
        "#",
        "'; DROP TABLE cache; --",
        "\\",
        "\"",
        "größe",
        "gro\u{308}ße",
        "\u{202e}abc",
        "🦀",
        "\u{a0}",
        "\u{1b}[31m",
        "../../etc/passwd",
        &long,
        &longer,
    ];
    for text in texts {
        let set = cache.set(text, &text.to_owned(), 60).await;
        assert!(set.is_ok(), "{text:?} is a key like any other: {set:?}");
    }
    for text in texts {
        let found = cache.get::<String>(text).await.ok().flatten();
        assert_eq!(found.as_deref(), Some(text), "{text:?} has its own value");
    }
    for (at, text) in texts.into_iter().enumerate() {
        let deleted = cache.delete(text).await;
        assert_eq!(deleted.ok(), Some(true), "{text:?} was there");
        if let Some(next) = texts.get(at + 1) {
            let found = cache.get::<String>(*next).await.ok().flatten();
            assert_eq!(
                found.as_deref(),
                Some(*next),
                "{text:?} was deleted, {next:?} was not"
            );
        }
    }
}

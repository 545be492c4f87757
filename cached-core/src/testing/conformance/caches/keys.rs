//! What can be a key.

use super::{done, got, set};
use crate::error::{Error, ErrorKind};
use crate::testing::conformance::subject::Subject;

/// Texts that backends, encodings or careless readers take for each other.
const ALIKE: &[&str] = &[
    "k", "K", " k", "k ", "k\t", "k\n", "k\r\n", "k\0", "k\u{7f}", "k%20", "k 1", "k+1", "k:1",
    "k/1", "k*", "k?", "k[1]", "{k}", "k'; --", "k\\", "\u{e9}", "e\u{301}", "größe", "鍵", "🗝",
    " ",
];

/// Any text is a key: with spaces, control characters and letters of every language, and longer
/// than servers take.
pub async fn any_text_can_be_a_key(subject: &Subject) {
    let (here, there) = subject.caches();
    let long = "k".repeat(250);
    let mut keys: Vec<String> = ALIKE.iter().map(|&key| key.to_owned()).collect();
    keys.extend(["", "1", "2"].map(|end| format!("{long}{end}")));
    keys.extend(["1", "2"].map(|end| format!("{}{end}", "größe ".repeat(500))));
    for (number, key) in keys.iter().enumerate() {
        assert!(done(here.add(key, &number, 60).await), "{key:?} is new");
    }
    let found = done(there.get_many::<usize>(&keys).await);
    assert!(
        found.iter().copied().eq((0..keys.len()).map(Some)),
        "every key has its own value: {found:?}"
    );
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(done(there.get::<usize>(key).await), Some(number), "{key:?}");
        assert!(done(there.delete(key).await), "{key:?} was there until now");
    }
}

/// Keys and values of any language go by every operation.
pub async fn any_language_goes(subject: &Subject) {
    let (here, there) = subject.caches();
    let words = [
        "ascii",
        "ñandú",
        "größe",
        "τέλος",
        "ключ",
        "מפתח",
        "鍵",
        "🗝\u{fe0f}",
    ];
    for word in words {
        set(&here, word, word, 60).await;
        assert_eq!(got(&there, word).await.as_deref(), Some(word));
        assert!(done(there.touch(word, 600).await), "it is there");
        assert!(done(there.delete(word).await), "it is there");
        let stored = done(here.add(word, &word.to_owned(), 60).await);
        assert!(stored, "it was deleted");
    }
    let owned = words.map(str::to_owned);
    let entries = owned.iter().map(|word| (format!("{word}:2"), word));
    done(here.set_many(entries, 60).await);
    let keys = owned
        .iter()
        .flat_map(|word| [word.clone(), format!("{word}:2")]);
    let found = done(there.get_many::<String>(keys).await);
    let expected = owned.iter().flat_map(|word| [Some(word), Some(word)]);
    assert!(found.iter().map(Option::as_ref).eq(expected), "{found:?}");
    assert_eq!(done(there.delete_many(&words).await), words.len());
}

/// The empty text is no key: every operation says so, and computes nothing.
pub async fn an_empty_key_is_refused(subject: &Subject) {
    let (here, _) = subject.caches();
    let value = "value".to_owned();
    let compute = || async { unreachable!("there is no key to compute for") };
    let refused: [Result<(), Error>; 15] = [
        here.get::<String>("").await.map(drop),
        here.get_or("", value.clone()).await.map(drop),
        here.get_or_set::<String, _, _>("", 60, compute)
            .await
            .map(drop),
        here.set("", &value, 60).await,
        here.add("", &value, 60).await.map(drop),
        here.touch("", 60).await.map(drop),
        here.delete("").await.map(drop),
        here.invalidate("").await.map(drop),
        here.invalidate_tag("").await.map(drop),
        here.expire("").await.map(drop),
        here.contains("").await.map(drop),
        here.incr("", 1).await.map(drop),
        here.get_many::<String>(["k", ""]).await.map(drop),
        here.set_many([("k", &value), ("", &value)], 60).await,
        here.delete_many(["k", ""]).await.map(drop),
    ];
    for (place, refusal) in refused.into_iter().enumerate() {
        let kind = refusal.map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::Key), "operation {place} of the list");
    }
}

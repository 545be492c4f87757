//! Bytes, keys and numbers of keys as large and as strange as they may be.

use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};
use crate::testing::conformance::stage::{LONG, cell, cell_of, fresh_key};
use crate::testing::conformance::subject::Subject;

/// Bytes come back as they were written, whatever they are.
pub async fn bytes_come_back_as_they_are(subject: &Subject) {
    let backend = subject.backend();
    let all: Vec<u8> = (0..=255).collect();
    for bytes in [Vec::new(), vec![0], b"\r\n$-1\r\n".to_vec(), all] {
        let (key, cell) = (fresh_key(), Cell::from_bytes(bytes));
        backend.write(&key, &cell, LONG).await;
        assert_eq!(
            backend.read(&key).await.map(Cell::into_bytes),
            Some(cell.into_bytes()),
            "a cell is bytes, and an empty one is there all the same"
        );
    }
}

/// A cell of several megabytes comes back whole, by every way in.
pub async fn a_large_cell_comes_back_whole(subject: &Subject) {
    let backend = subject.backend();
    let key = fresh_key();
    let content: Vec<u8> = (0..6u32 << 20).map(|at| at.to_le_bytes()[1]).collect();
    let (first, second) = (Token::random(), Token::random());
    let large = cell_of(first, &content);
    assert_eq!(
        backend.acquire(&key, &large, LONG).await,
        Acquired::Granted,
        "nothing was there"
    );
    assert!(
        backend.read(&key).await == Some(large),
        "6 MiB by `acquire` come back whole"
    );
    let large = cell_of(second, &content);
    assert!(
        backend.fill(&key, first, &large, LONG).await,
        "the token is the one that stands there"
    );
    assert!(
        backend.read(&key).await == Some(large),
        "6 MiB by `fill` come back whole"
    );
}

/// Keys are told apart byte by byte, up to 250 of them.
pub async fn keys_are_told_apart(subject: &Subject) {
    let backend = subject.backend();
    let base = fresh_key();
    let graphic: String = ('!'..='~').collect();
    let long = format!("{base}{}", "k".repeat(250 - base.len()));
    let mut keys = vec![
        base.clone(),
        format!("{base}:"),
        format!("{base}a"),
        format!("{base}A"),
        format!("{base}*"),
        format!("{base}?"),
        format!("{base}%61"),
        format!("{base}{{tag}}"),
        format!("{base}'\"\\;--"),
        format!("{base}{graphic}"),
        long[..249].to_owned(),
    ];
    keys.push(long);
    for key in &keys {
        backend.write(key, &cell(key).1, LONG).await;
    }
    for key in &keys {
        let found = backend.read(key).await.map(Cell::into_bytes);
        assert!(
            found.is_some_and(|bytes| bytes.ends_with(key.as_bytes())),
            "`{key}` has a cell of its own"
        );
    }
}

/// Many keys go in one call.
pub async fn many_keys_go_at_once(subject: &Subject) {
    let backend = subject.backend();
    let keys: Vec<String> = (0..600).map(|_| fresh_key()).collect();
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    backend.write(all[599], &cell("last").1, LONG).await;
    let found = backend.read_all(&all).await;
    assert_eq!(found.len(), 600, "one answer per key");
    assert!(found[599].is_some(), "the last key has a cell");
    assert_eq!(backend.invalidate(&all).await, 1, "one of them was there");
}

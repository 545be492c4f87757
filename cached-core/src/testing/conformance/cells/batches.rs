//! Several operations in one call, and the names of what is there.

use crate::backend::port::{Acquired, Put};
use crate::cell::{Cell, Token};
use crate::testing::conformance::stage::{LONG, cell, fresh_key};
use crate::testing::conformance::subject::{Subject, answered};

/// Several operations in one call do what they do one by one, with an answer for each.
pub async fn several_operations_go_at_once(subject: &Subject) {
    let backend = subject.backend();
    let keys: Vec<String> = (0..300).map(|_| fresh_key()).collect();
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let cells: Vec<_> = keys.iter().map(|_| cell("one of many")).collect();
    let there: Vec<_> = (0..100).map(|_| cell("there before")).collect();
    let write = puts(&names, &there);
    answered("write_many", backend.0.write_many(&write).await);
    let acquire = puts(&names, &cells);
    let acquired = answered("acquire_many", backend.0.acquire_many(&acquire).await);
    assert_eq!(acquired.len(), 300, "one answer per key");
    for (at, outcome) in acquired.into_iter().enumerate() {
        let expected = match there.get(at) {
            Some((_, cell)) => Acquired::Found(cell.clone()),
            None => Acquired::Granted,
        };
        assert_eq!(outcome, expected, "as a single `acquire` answers");
    }
    // The first hundred hold the cells that were there before.
    let held = |at: usize| there.get(at).unwrap_or(&cells[at]);
    let next: Vec<_> = keys.iter().map(|_| cell("the next")).collect();
    let fills: Vec<_> = (0..300)
        .map(|at| {
            let token = if at % 2 == 0 { held(at).0 } else { next[at].0 };
            let put = Put {
                key: names[at],
                cell: &next[at].1,
                ttl: LONG,
            };
            (token, put)
        })
        .collect();
    let filled = answered("fill_many", backend.0.fill_many(&fills).await);
    let filled: Vec<bool> = filled
        .into_iter()
        .map(|filled| answered("fill_many", filled))
        .collect();
    let even: Vec<bool> = (0..300).map(|at| at % 2 == 0).collect();
    assert_eq!(filled, even, "those with the right token are filled");
    let found = backend.read_all(&names).await;
    for (at, found) in found.into_iter().enumerate() {
        let expected = if at % 2 == 0 { &next[at] } else { held(at) };
        assert_eq!(found.as_ref(), Some(&expected.1), "of key number {at}");
    }
    answered("write_many", backend.0.write_many(&[]).await);
    let none = answered("acquire_many", backend.0.acquire_many(&[]).await);
    assert!(none.is_empty(), "nothing was asked");
    let none = answered("fill_many", backend.0.fill_many(&[]).await);
    assert!(none.is_empty(), "nothing was asked");
}

/// These cells on their way to these keys.
fn puts<'a>(keys: &[&'a str], cells: &'a [(Token, Cell)]) -> Vec<Put<'a>> {
    let pairs = keys.iter().zip(cells);
    let put = |(key, (_, cell)): (&&'a str, &'a (Token, Cell))| Put {
        key,
        cell,
        ttl: LONG,
    };
    pairs.map(put).collect()
}

/// A backend that lists names lists all that begin with a prefix, and no others.
pub async fn names_are_listed(subject: &Subject) {
    let backend = subject.backend();
    let prefix = fresh_key();
    let keys: Vec<String> = (0..1200).map(|at| format!("{prefix}:{at}")).collect();
    let (_, cell) = cell("listed");
    let puts: Vec<_> = keys
        .iter()
        .map(|key| Put {
            key,
            cell: &cell,
            ttl: LONG,
        })
        .collect();
    answered("write_many", backend.0.write_many(&puts).await);
    backend.write(&fresh_key(), &cell, LONG).await;
    if !backend.0.capabilities().scans {
        let fault = backend.0.scan(&prefix, None).await.map_err(|f| f.kind());
        let expected = Err(crate::error::ErrorKind::Unsupported);
        assert_eq!(fault, expected, "it says that it cannot");
        subject.lacks("scans");
        return;
    }
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = backend.0.scan(&prefix, after.as_deref()).await;
        let page = answered("scan", page);
        names.extend(page.names);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    names.sort_unstable();
    names.dedup();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(names.len(), keys.len(), "all that begin with the prefix");
    assert!(names == keys, "and no others");
}

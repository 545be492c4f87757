//! Files that are none, or that hold anything.

use std::path::Path;

use cached_core::{Config, Error, ErrorKind};

use super::Folder;
use crate::support::fails;

fn read(path: &Path) -> Result<(), Error> {
    Config::read(path).map(|_| ())
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let folder = Folder::new();
    let missing = folder.0.join("missing.toml");
    fails(read(&missing), ErrorKind::Config, "there is no such file");
    fails(read(&folder.0), ErrorKind::Config, "it is a directory");
    let huge = folder.write("huge.toml", "#".repeat((1 << 20) + 1));
    fails(read(&huge), ErrorKind::Config, "longer than 1 MiB");
    let latin = folder.write("latin.toml", b"# a\n# caf\xe9\n");
    fails(
        read(&latin),
        ErrorKind::Config,
        "latin.toml:2:6: this is not UTF-8",
    );
}

#[test]
fn errors_of_urls_keep_their_kind() {
    let folder = Folder::new();
    let path = folder.write("a.toml", "[caches.default]\nurl = \"memroy://\"\n");
    fails(
        read(&path),
        ErrorKind::Url,
        "a.toml:2:7: cache URL `memroy://`",
    );
}

#[test]
fn any_bytes_are_a_configuration_or_an_error() {
    let folder = Folder::new();
    let good = super::FILE.as_bytes();
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for _ in 0..2_000 {
        let mut bytes = good.to_vec();
        for _ in 0..1 + next() % 4 {
            let at = (next() % bytes.len() as u64) as usize;
            match next() % 3 {
                0 => bytes[at] = (next() % 256) as u8,
                1 => bytes.truncate(at + 1),
                _ => bytes.insert(at, b"\"[]{}=.#\n'\\"[(next() % 11) as usize]),
            }
        }
        let path = folder.write("fuzzed.toml", &bytes);
        if let Err(error) = read(&path) {
            let known = matches!(error.kind(), ErrorKind::Config | ErrorKind::Url);
            assert!(
                known && error.to_string().contains("fuzzed.toml"),
                "{error}"
            );
        }
    }
    let deep = folder.write("deep.toml", format!("a = {}", "[".repeat(100_000)));
    assert!(read(&deep).is_err());
}

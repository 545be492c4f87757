//! No text that the library makes holds a password, whatever is wrong with what it stands in.

use std::error::Error as _;

use cached_core::{Cache, Config, Error};

use super::{Folder, run};

/// Parts of passwords, none of which may be seen.
const SECRETS: [&str; 2] = ["hunter2", "swordfish"];

const SCHEMES: &[&str] = &[
    "memory",
    "dummy",
    "redis",
    "rediss",
    "unix",
    "redis+unix",
    "redis+cluster",
    "redis+sentinel",
    "memcached",
    "sqlite",
    "postgres",
    "mysql",
    "file",
    "rdis",
    "",
    "REDIS",
    "red is",
];

/// What stands between the parts of a password that nobody percent-encoded.
const BETWEEN: &[&str] = &[
    "", "/", "?", "#", "@", ":", "&", "=", "%", "%2F", "%zz", "é", " ", "\n", "\"", "://",
];

/// `S` is the scheme, `P` the password.
const SHAPES: &[&str] = &[
    "S://:P@localhost:6379/0",
    "S://user:P@localhost:6379/0?capcity=3",
    "S://user:P@localhost:port/0",
    "S://user:P@/0",
    "S://user:P",
    "S://P@localhost/x",
    "S://user:P@[::1/0",
    "S://localhost/0?password=P",
    "S://localhost/0?password=P&password=P",
    "S://localhost/0?pasword=P",
    "S://localhost/0?capacity=P",
    "S://localhost/0?timeout=P&name=P",
    "S://localhost/P",
    "S://?mac_key=P",
    "S://localhost?mac_key=P&prefix=P",
    "S://?name=%zzP",
    "S:/user:P@localhost",
    "S:user:P@localhost",
    "user:P@localhost:6379",
    "P",
];

fn urls() -> impl Iterator<Item = String> {
    SHAPES.iter().flat_map(|shape| {
        SCHEMES.iter().flat_map(move |scheme| {
            BETWEEN.iter().map(move |between| {
                let password = SECRETS.join(between);
                shape.replacen('S', scheme, 1).replace('P', &password)
            })
        })
    })
}

#[track_caller]
fn hides(shown: &str, written: &str) {
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{written:?} is shown as {shown}");
    }
}

/// The error and everything behind it, in both forms.
fn whole(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text} {error} {error:?}");
        source = error.source();
    }
    text
}

#[test]
fn neither_errors_nor_debug_show_a_password_of_a_url() {
    for url in urls() {
        match Cache::at(&url) {
            Err(error) => hides(&whole(&error), &url),
            // A name is no secret, wherever it was taken from.
            Ok(_) if url.contains("name=") => {}
            Ok(builder) => {
                hides(&format!("{builder:?}"), &url);
                match builder.build() {
                    Ok(cache) => hides(&format!("{cache:?} {:?}", cache.blocking()), &url),
                    Err(error) => hides(&whole(&error), &url),
                }
            }
        }
    }
}

#[test]
fn nor_do_those_of_a_file() {
    let folder = Folder::new();
    let lines = [
        "url = \"U\"",
        "url = U",
        "url = \"U",
        "url = 'U'\nurl = 'U'",
        "mac_key = \"U\"",
        "mac_key = U",
        "\"U\" = 1",
        "U = 1",
        "capacity = \"U\"",
        "password = \"U\"",
        "url = [\"U\"]",
        "name = \"U\"",
        "\"U\"",
        "url = \"\"\"U",
    ];
    for url in urls().step_by(7) {
        for line in lines {
            let file = format!("[caches.default]\n{}\n", line.replace('U', &url));
            let path = folder.write("secret.toml", &file);
            match Config::read(&path) {
                Err(error) => hides(&whole(&error), &file),
                Ok(_) if url.contains("name=") => {}
                Ok(config) => hides(&format!("{config:?}"), &file),
            }
        }
    }
}

#[test]
fn nor_do_reports() {
    for url in [
        "redis://user:hunter2@localhost:port/0",
        "redis://user:swordfish/hunter2@localhost/0",
        "hunter2",
    ] {
        let stderr = run("uncached", None, &[("CACHE_URL", url)]);
        hides(&stderr, url);
        let stderr = run("uncached", None, &[("CACHED_CACHES_DEFAULT_URL", url)]);
        hides(&stderr, url);
    }
    let key = [
        ("CACHED_MAC_KEY", "hunter2"),
        ("CACHE_URL", "redis://localhost"),
    ];
    hides(&run("uncached", None, &key), "CACHED_MAC_KEY");
}

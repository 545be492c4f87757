//! A file's text, or why there is none.

use std::fs::File;
use std::io::{self, ErrorKind as IoKind, Read};
use std::path::Path;
use std::sync::Arc;

use super::place::Place;
use crate::error::{Error, ErrorKind};

/// Looked for in the working directory.
const USUAL: &str = "cached.toml";
/// No configuration is longer than this: 1 MiB.
const MAX_BYTES: u64 = 1 << 20;

/// A text, and the name of its file.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) name: Arc<str>,
    pub(super) text: String,
}

/// The file in the working directory, if there is one.
pub(super) fn usual() -> Result<Option<Text>, Error> {
    match File::open(USUAL) {
        Err(error) if error.kind() == IoKind::NotFound => Ok(None),
        opened => text(USUAL, opened).map(Some),
    }
}

/// A file that has to be there.
pub(super) fn named(path: &Path) -> Result<Text, Error> {
    text(&path.to_string_lossy(), File::open(path))
}

fn text(name: &str, opened: io::Result<File>) -> Result<Text, Error> {
    let name: Arc<str> = name.into();
    let bytes = opened
        .and_then(bytes)
        .map_err(|error| unread(&name, error))?;
    if bytes.len() as u64 > MAX_BYTES {
        let hint = format!("{name}: it is longer than 1 MiB, which no configuration of caches is");
        return Err(Error::new(ErrorKind::Config, hint));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Text { name, text }),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..valid]);
            let place = Place::of(&name, &text, valid);
            Err(place.fault("this is not UTF-8; save the file as UTF-8"))
        }
    }
}

fn bytes(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unread(name: &str, error: io::Error) -> Error {
    let hint = match error.kind() {
        IoKind::NotFound => {
            "there is no such file; create it, or correct its path (`CACHED_CONFIG` may name it)"
        }
        IoKind::IsADirectory => "it is a directory; name the file in it",
        IoKind::PermissionDenied => "this process may not read it; change its permissions",
        _ => "it cannot be read",
    };
    Error::new(ErrorKind::Config, format!("{name}: {hint}")).caused_by(error)
}

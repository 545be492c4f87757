//! The directory of a file cache: its rights, its size, and whether it is still the same.
//!
//! The cache is an SQLite database, so that several processes share it and a killed one tears
//! nothing. What is different from `sqlite://`: the directory belongs to the cache, which makes it,
//! keeps others out of it, and keeps it under a bound by dropping entries.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::address::{bad, percent_decoded};
use crate::error::{Error, ErrorKind};

/// The bound unless the URL states one.
const MAX_BYTES: u64 = 1 << 30;

/// The least bound that makes sense.
const LEAST: u64 = 1 << 20;

/// Of a page of the database.
const PAGE: u64 = 4096;

/// Of the log beside the database, before it is written back: a share of the bound, this at most.
const LONGEST_LOG: u64 = 4 << 20;

/// The directory.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    max_bytes: u64,
    /// The database file that was opened: which device, which file of it.
    opened: Mutex<Option<(u64, u64)>>,
}

impl Folder {
    /// Reads `file:///var/cache/app?max_bytes=100000000`.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let path = place.split_once("://").map_or(place, |(_, path)| path);
        if !path.starts_with('/') || path.len() < 2 {
            let hint = "name a directory from the root on, with three slashes, as in \
                        `file:///var/cache/app`";
            return Err(bad(url, hint));
        }
        let path = percent_decoded(path).ok_or_else(|| {
            bad(
                url,
                "a `%` in the path is followed by two digits of 0-9 and A-F, as in `%20`",
            )
        })?;
        let mut max_bytes = MAX_BYTES;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (option, value) = pair.split_once('=').unwrap_or((pair, ""));
            if option != "max_bytes" {
                let hint = format!("there is no option `{option}`; known is `max_bytes`");
                return Err(bad(url, &hint));
            }
            max_bytes = match value.parse() {
                Ok(bytes) if bytes >= LEAST => bytes,
                _ => {
                    return Err(bad(
                        url,
                        "`max_bytes` takes a number of bytes, 1048576 at least",
                    ));
                }
            };
        }
        Ok(Self {
            path: path.into(),
            max_bytes,
            opened: Mutex::new(None),
        })
    }

    /// How to open the database.
    #[cfg(feature = "file")]
    pub(crate) fn address(&self) -> super::Address<sqlx::Sqlite> {
        use super::{address, sqlite};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file());
        let log = (self.log_bytes() / PAGE).to_string();
        let options = sqlite::tuned(options)
            .auto_vacuum(sqlx::sqlite::SqliteAutoVacuum::Incremental)
            .pragma("max_page_count", self.pages().to_string())
            .pragma("wal_autocheckpoint", log)
            .pragma("journal_size_limit", self.log_bytes().to_string());
        let mut address = address::Address::new(options);
        address.create = true;
        address.scheme = "file";
        address
    }

    /// Makes what is not there, and refuses what others can write to. The first call remembers the
    /// file; see [`moved`](Self::moved).
    pub(super) fn prepare(&self) -> Result<(), Error> {
        // Another handle of this process must not open the file between its making and its close.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        self.enclose().map_err(|fault| self.unusable(&fault))?;
        let directory = fs::metadata(&self.path).map_err(|fault| self.unusable(&fault))?;
        if !directory.is_dir() {
            return Err(self.refused("it is no directory; name another"));
        }
        let file = self.make_file().map_err(|fault| self.unusable(&fault))?;
        if let Some(reason) = open_to_others(&directory, &file) {
            return Err(self.refused(&reason));
        }
        *self.opened() = Some(identity(&file));
        Ok(())
    }

    /// Whether the file is another one than was opened, or gone: somebody has emptied the directory.
    pub(super) fn moved(&self) -> bool {
        let Some(opened) = *self.opened() else {
            return false;
        };
        fs::metadata(self.file()).map_or(true, |file| identity(&file) != opened)
    }

    /// The largest cell that is taken: a larger one would cost most of the others.
    pub(super) fn largest(&self) -> u64 {
        self.pages() * PAGE / 4
    }

    /// Pages of the database, at most.
    pub(super) fn pages(&self) -> u64 {
        (self.max_bytes - 2 * self.log_bytes()) / PAGE
    }

    fn log_bytes(&self) -> u64 {
        (self.max_bytes / 8).min(LONGEST_LOG)
    }

    fn file(&self) -> PathBuf {
        self.path.join("cache.db")
    }

    /// Only for its owner, whatever the mask of this process says. A directory that is there keeps
    /// its rights.
    fn enclose(&self) -> io::Result<()> {
        if self.path.is_dir() {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path)?;
        restrict(&self.path, 0o700)
    }

    /// The database file, for its owner only; SQLite gives the files beside it the same rights.
    /// One that is there is not opened: closing it would undo the locks that SQLite holds on it.
    fn make_file(&self) -> io::Result<fs::Metadata> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(self.file()) {
            Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => return Err(fault),
            _ => {}
        }
        restrict(&self.file(), 0o600)?;
        fs::metadata(self.file())
    }

    fn unusable(&self, fault: &io::Error) -> Error {
        let kind = match fault.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::Full,
            io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
            _ => ErrorKind::Unavailable,
        };
        let fix = match fault.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                "it is no directory, or goes through a file; name a directory"
            }
            _ => "let this process write there",
        };
        let at = self.path.display();
        Error::new(kind, format!("file cache in {at}: {fault}; {fix}"))
    }

    fn refused(&self, reason: &str) -> Error {
        let message = format!("file cache in {}: {reason}", self.path.display());
        Error::new(ErrorKind::Denied, message)
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, Option<(u64, u64)>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Why others may put values of theirs into the directory, if they may.
#[cfg(unix)]
fn open_to_others(directory: &fs::Metadata, file: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let mode = directory.mode() & 0o777;
    if mode & 0o022 != 0 {
        return Some(format!(
            "others can write to it (mode {mode:o}), and would decide what this program reads; \
             `chmod 700` it, or name a directory of the cache's own"
        ));
    }
    let owner = directory.uid();
    (owner != file.uid() && owner != 0).then(|| {
        format!("it belongs to user {owner}, who decides what is in it; name another directory")
    })
}

#[cfg(unix)]
fn identity(file: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn open_to_others(_: &fs::Metadata, _: &fs::Metadata) -> Option<String> {
    None
}

/// An open file cannot be removed there.
#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}

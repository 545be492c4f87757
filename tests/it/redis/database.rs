//! The source of truth that several processes compute from: versions in a file.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// How many keys there are.
pub(crate) const KEYS: u64 = 64;

/// Two numbers per key: its version, and the floor below which no reader may fall.
#[derive(Debug)]
pub(crate) struct Database {
    file: File,
    path: PathBuf,
    owned: bool,
}

impl Database {
    /// An empty one, removed when it is dropped.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cached-versions-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, vec![0; KEYS as usize * 16]).expect("it is writable");
        let mut made = Self::at(&path);
        made.owned = true;
        made
    }

    /// The one that another process made.
    pub(crate) fn at(path: &Path) -> Self {
        let file = OpenOptions::new().read(true).write(true).open(path);
        Self {
            file: file.expect("somebody made it"),
            path: path.to_owned(),
            owned: false,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn version(&self, key: u64) -> u64 {
        self.read(key * 16)
    }

    pub(crate) fn floor(&self, key: u64) -> u64 {
        self.read(key * 16 + 8)
    }

    /// Writes a new version; which.
    pub(crate) fn bump(&self, key: u64) -> u64 {
        self.change(key * 16, |version| version + 1)
    }

    /// No reader that begins from now on may see less.
    pub(crate) fn raise_floor(&self, key: u64, version: u64) {
        self.change(key * 16 + 8, |floor| floor.max(version));
    }

    fn read(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.file
            .read_exact_at(&mut bytes, at)
            .expect("it is there");
        u64::from_le_bytes(bytes)
    }

    fn change(&self, at: u64, change: impl FnOnce(u64) -> u64) -> u64 {
        // A lock of its own: one that is shared with a stopped process would stop this one too.
        let file = OpenOptions::new().read(true).write(true).open(&self.path);
        let file = file.expect("it is there");
        file.lock().expect("the file system has locks");
        let new = change(self.read(at));
        file.write_all_at(&new.to_le_bytes(), at)
            .expect("it is writable");
        new
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.owned {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

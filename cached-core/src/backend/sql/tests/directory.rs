//! A directory of a test's own, and a disk. Depends on the standard library only, so that any test crate can
//! include it with `#[path]`.

#![allow(dead_code, unreachable_pub)] // whoever includes it uses what it needs

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../../tests/started.rs"]
#[allow(clippy::duplicate_mod)] // it stands on its own feet wherever it is included
mod started;

/// An empty directory for one test, removed when dropped.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// A new one, that everybody may enter: servers run as another user.
    pub fn new() -> Self {
        Self(started::new_directory("sql"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A disk of a megabyte, while it lives.
#[derive(Debug)]
pub struct Disk(Directory);

impl Disk {
    /// Mounts one.
    pub fn new() -> Self {
        let directory = Directory::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m,mode=700", "none"])
            .arg(directory.path())
            .status();
        let mounted = mounted.is_ok_and(|status| status.success());
        assert!(
            mounted,
            "a small disk can be mounted; run the tests as root"
        );
        Self(directory)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

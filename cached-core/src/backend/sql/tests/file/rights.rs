//! Nobody else reads or writes the files.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::*;
use crate::error::ErrorKind;

const PLACE: &str = "CACHED_TEST_PLACE";

fn mode(path: &Path) -> u32 {
    let there = std::fs::metadata(path).expect("it is there");
    there.permissions().mode() & 0o777
}

/// Runs in a process of its own, under a mask that hides nothing.
#[test]
fn a_writer() {
    let Some(place) = std::env::var_os(PLACE) else {
        return;
    };
    let store = open(Path::new(&place));
    block_on(store.write("k", &cell(Token::random(), 100), MINUTE)).expect("it is made");
    for (file, rights) in [
        ("", 0o700),
        ("cache.db", 0o600),
        ("cache.db-wal", 0o600),
        ("cache.db-shm", 0o600),
    ] {
        assert_eq!(mode(&Path::new(&place).join(file)), rights, "of `{file}`");
    }
}

fn run_under_mask(mask: &str, place: &Path) {
    let program = std::env::current_exe().expect("this runs");
    let script = format!("umask {mask}; exec \"$0\" \"$@\"");
    let ran = Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .args(["--exact", "backend::sql::tests::file::rights::a_writer"])
        .env(PLACE, place)
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn the_mask_of_the_process_does_not_matter() {
    let directory = Directory::new();
    run_under_mask("0", &directory.path().join("deep/open"));
    run_under_mask("0177", &directory.path().join("closed"));
    assert_eq!(mode(&directory.path().join("deep")), 0o700);
}

#[test]
fn a_file_that_others_may_read_is_closed_to_them() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    block_on(open(&place).write("k", &cell(Token::random(), 100), MINUTE)).expect("it is made");
    let file = place.join("cache.db");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).expect("it is ours");
    block_on(open(&place).read(&["k"])).expect("it opens");
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn a_directory_that_others_can_write_to_is_refused() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    std::fs::create_dir(&place).expect("it is not there");
    for rights in [0o777, 0o770, 0o703, 0o1777] {
        std::fs::set_permissions(&place, PermissionsExt::from_mode(rights)).expect("it is ours");
        let fault = refused(block_on(open(&place).read(&["k"])));
        assert_eq!(fault.kind(), ErrorKind::Denied);
        assert!(fault.to_string().contains("chmod 700"), "{fault}");
    }
    std::fs::set_permissions(&place, PermissionsExt::from_mode(0o755)).expect("it is ours");
    block_on(open(&place).read(&["k"])).expect("others may look at its name");
}

#[test]
fn what_is_no_directory_is_refused() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    std::fs::write(&place, "a file").expect("it is not there");
    for path in [place.clone(), place.join("below")] {
        let fault = refused(block_on(open(&path).read(&["k"])));
        assert!(fault.to_string().contains("name a directory"), "{fault}");
    }
    assert_eq!(std::fs::read(&place).expect("it is left alone"), b"a file");
    let link = directory.path().join("link");
    symlink(directory.path().join("nowhere"), &link).expect("it is not there");
    refused(block_on(open(&link).read(&["k"])));
}

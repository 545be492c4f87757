//! Disks that are full, files that are damaged.

use super::super::directory::Disk;
use super::*;
use crate::error::ErrorKind;

#[test]
fn a_full_disk_is_an_error_of_its_own_and_what_is_there_can_be_read() {
    let disk = Disk::new();
    let place = disk.path().join("cache");
    let store = open(&place);
    let small = cell(Token::random(), 1000);
    block_on(store.write("small", &small, MINUTE)).expect("there is room");
    let fault = (0..200).find_map(|number| {
        let value = cell(Token::random(), 20_000);
        block_on(store.write(&format!("k{number}"), &value, MINUTE)).err()
    });
    let fault = fault.expect("the disk is small");
    println!("{fault}");
    assert_eq!(fault.kind(), ErrorKind::Full, "{fault}");
    let read = block_on(store.read(&["small"])).expect("it answers");
    assert!(read[0].as_ref().is_none_or(|found| *found == small));
}

#[test]
fn a_damaged_file_is_an_error_that_says_what_to_do() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    std::fs::create_dir(&place).expect("it is not there");
    std::fs::write(place.join("cache.db"), vec![0x5A; 9000]).expect("it is not there");
    let store = open(&place);
    let fault = refused(block_on(store.read(&["k"])));
    assert_eq!(fault.kind(), ErrorKind::Protocol);
    assert!(fault.to_string().contains("remove it"), "{fault}");
    std::fs::remove_file(place.join("cache.db")).expect("it is there");
    assert_eq!(
        block_on(store.read(&["k"])).expect("it is made anew"),
        [None]
    );
}

#[test]
fn damage_in_the_middle_is_an_error_or_a_miss() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    let store = open(&place);
    let values: Vec<Cell> = (0..50).map(|_| cell(Token::random(), 3000)).collect();
    for (number, value) in values.iter().enumerate() {
        block_on(store.write(&format!("k{number}"), value, MINUTE)).expect("there is room");
    }
    drop(store);
    for seed in 1..40_usize {
        let file = place.join("cache.db");
        let mut bytes = std::fs::read(&file).expect("it is there");
        let whole = bytes.clone();
        let at = 100 + seed * 7919 % (bytes.len() - 200);
        bytes[at..at + 64].fill(0xA5);
        std::fs::write(&file, bytes).expect("it is ours");
        let store = open(&place);
        for number in 0..50 {
            // What is in the cells is checked by their envelopes.
            let _ = block_on(store.read(&[&format!("k{number}")]));
        }
        let _ = block_on(store.write("new", &values[0], MINUTE));
        drop(store);
        for beside in ["cache.db-wal", "cache.db-shm"] {
            let _ = std::fs::remove_file(place.join(beside));
        }
        std::fs::write(&file, whole).expect("it is ours");
    }
}

//! Processes that are killed while they write.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;
use crate::backend::sql::tests::server::said;

const PLACE: &str = "CACHED_TEST_PLACE";
const KEYS: u32 = 20;

/// A cell that says which number it has, all the way.
fn numbered(number: u64) -> Cell {
    let mut bytes = Cell::begin(b'v', Token::random(), 8000);
    let length = 500 + (number as usize * 37) % 20_000;
    while bytes.len() < length {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    Cell::from_bytes(bytes)
}

/// The number, if the cell is whole.
fn number_of(cell: &Cell) -> Option<u64> {
    let (_, body) = cell.as_bytes().split_at_checked(20)?;
    let mut parts = body.chunks_exact(8);
    let read = |part: &[u8]| part.try_into().ok().map(u64::from_le_bytes);
    let first = read(parts.next()?)?;
    parts.all(|part| read(part) == Some(first)).then_some(first)
}

/// Runs in a process of its own until it is killed: writes, fills and invalidates, and says what
/// was acknowledged.
#[test]
fn a_writer() {
    let (Some(place), Some(first)) = (std::env::var_os(PLACE), std::env::var("FIRST").ok()) else {
        return;
    };
    let store = open(Path::new(&place));
    let mut number: u64 = first.parse().expect("a number");
    loop {
        number += 1;
        let key = format!("k{}", number % u64::from(KEYS));
        let gone = block_on(store.invalidate(&[&key]));
        gone.expect("the disk works");
        println!("\ngone {key} {number}");
        let token = Token::random();
        let leased = block_on(store.acquire(&key, &cell(token, 100), MINUTE));
        if leased.expect("the disk works") == Acquired::Granted {
            let _ = block_on(store.fill(&key, token, &numbered(number), MINUTE)).expect("it works");
        }
    }
}

fn writer(place: &Path, first: u64) -> Child {
    let program = std::env::current_exe().expect("this runs");
    Command::new(program)
        .args(["--exact", "--nocapture"])
        .arg("backend::sql::tests::file::chaos::a_writer")
        .env(PLACE, place)
        .env("FIRST", first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this runs again")
}

/// Lets a writer run for a while and kills it; what it said, in its order.
fn killed_after(mut child: Child, lines: usize, pause: Duration) -> Vec<String> {
    let said = BufReader::new(child.stdout.take().expect("it was asked for"));
    let mut said = said
        .lines()
        .map_while(Result::ok)
        .filter(|line| line.starts_with("gone"));
    let mut heard: Vec<String> = said.by_ref().take(lines).collect();
    let began = Instant::now();
    while began.elapsed() < pause {
        std::hint::spin_loop();
    }
    child.kill().expect("it runs");
    child.wait().expect("it is killed");
    heard.extend(said);
    heard
}

#[test]
fn a_killed_writer_tears_nothing_and_brings_nothing_back() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    let mut first = 0;
    let other = open(&place);
    for round in 0..25_u64 {
        let child = writer(&place, first);
        said(format_args!("writer {round} is process {}", child.id()));
        let pause = Duration::from_micros(round * 97 % 1500);
        let heard = killed_after(child, 20 + round as usize * 3, pause);
        // A handle that was open all the time, and one that is opened after the kill.
        for store in [&other, &open(&place)] {
            check(store, &heard);
        }
        first += 100_000;
    }
}

fn check(store: &impl Backend, heard: &[String]) {
    for slot in 0..KEYS {
        let key = format!("k{slot}");
        let found = block_on(store.read(&[&key])).expect("it can be read");
        let Some(cell) = found.into_iter().next().flatten() else {
            continue;
        };
        // A lease is 100 bytes.
        if cell.as_bytes().len() <= 100 {
            continue;
        }
        let number = number_of(&cell).expect("the value is whole");
        let gone = heard.iter().rev().find_map(|line| {
            let (gone, by) = line.strip_prefix("gone ")?.split_once(' ')?;
            (gone == key).then(|| by.parse::<u64>().ok())?
        });
        assert!(
            gone.is_none_or(|gone| number >= gone),
            "{key}: {number} was invalidated by {gone:?}"
        );
    }
}

#[test]
fn two_processes_write_at_once() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    let store = open(&place);
    let children = [writer(&place, 1_000_000), writer(&place, 2_000_000)];
    said(format_args!(
        "writers are {:?}, and {} looks on",
        children.each_ref().map(Child::id),
        std::process::id()
    ));
    let threads = children
        .map(|child| std::thread::spawn(move || killed_after(child, 300, Duration::ZERO).len()));
    while threads.iter().any(|thread| !thread.is_finished()) {
        for slot in 0..KEYS {
            let read = block_on(store.read(&[&format!("k{slot}")])).expect("it can be read");
            if let Some(cell) = read[0].as_ref().filter(|cell| cell.as_bytes().len() > 100) {
                number_of(cell).expect("the value is whole");
            }
        }
    }
    for thread in threads {
        assert!(thread.join().expect("it does not panic") >= 300);
    }
}

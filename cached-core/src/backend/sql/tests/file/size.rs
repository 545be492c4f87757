//! The bound.

use super::*;
use crate::error::ErrorKind;

const MIB: u64 = 1 << 20;

fn bounded(place: &Path, bytes: u64) -> impl Backend + Clone + use<> {
    let url = format!("{}?max_bytes={bytes}", url(place));
    backend::file(&url).expect("the URL is well-formed")
}

fn size(place: &Path) -> u64 {
    let files = std::fs::read_dir(place).expect("it is there");
    let sizes = files.map(|file| {
        file.and_then(|file| file.metadata())
            .map_or(0, |file| file.len())
    });
    sizes.sum()
}

#[test]
fn it_stays_under_its_bound_and_keeps_taking_values() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    let store = bounded(&place, 4 * MIB);
    let mut largest = 0;
    for number in 0..2000_u32 {
        let bytes = [200, 3000, 20_000, 100_000][number as usize % 4];
        let key = format!("k{number}");
        let token = lease(&store, &key);
        let value = cell(Token::random(), bytes);
        let filled = block_on(store.fill(&key, token, &value, MINUTE)).expect("there is room");
        let found = block_on(store.read(&[&key])).expect("it answers");
        // A lease may be what was dropped; a value that was taken is whole.
        assert!(!filled || found[0].as_ref().is_none_or(|found| *found == value));
        largest = largest.max(size(&place));
    }
    assert!(largest <= 4 * MIB, "{largest} bytes");
    assert!(largest >= 2 * MIB, "{largest} bytes: the room is used");
    let kept = (0..2000).filter(|number| {
        let read = block_on(store.read(&[&format!("k{number}")])).expect("it answers");
        read[0].is_some()
    });
    assert!(kept.count() > 20);
}

#[test]
fn what_is_expired_goes_first() {
    let directory = Directory::new();
    let store = bounded(&directory.path().join("cache"), 4 * MIB);
    let kept: Vec<String> = (0..10).map(|number| format!("kept{number}")).collect();
    for key in &kept {
        block_on(store.write(key, &cell(Token::random(), 50_000), MINUTE)).expect("there is room");
    }
    let short = Some(Duration::from_millis(1));
    for number in 0..500 {
        let key = format!("short{number}");
        block_on(store.write(&key, &cell(Token::random(), 50_000), short)).expect("there is room");
    }
    let keys: Vec<&str> = kept.iter().map(String::as_str).collect();
    let found = block_on(store.read(&keys)).expect("it answers");
    assert!(found.iter().all(Option::is_some));
}

#[test]
fn a_value_over_a_quarter_of_the_bound_is_refused_and_costs_nothing() {
    let directory = Directory::new();
    let store = bounded(&directory.path().join("cache"), MIB);
    let small = cell(Token::random(), 1000);
    block_on(store.write("small", &small, MINUTE)).expect("there is room");
    let large = cell(Token::random(), MIB as usize / 3);
    let fault = refused(block_on(store.write("large", &large, MINUTE)));
    assert_eq!(fault.kind(), ErrorKind::TooLarge);
    assert!(fault.to_string().contains("max_bytes"), "{fault}");
    assert_eq!(
        block_on(store.read(&["small"])).expect("it answers"),
        [Some(small)]
    );
}

#[test]
fn a_smaller_bound_shrinks_the_file() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    let wide = bounded(&place, 16 * MIB);
    for number in 0..100 {
        let value = cell(Token::random(), 100_000);
        block_on(wide.write(&format!("k{number}"), &value, MINUTE)).expect("there is room");
    }
    drop(wide);
    assert!(size(&place) > 8 * MIB);
    let narrow = super::super::super::Sql::in_folder(
        &format!("{}?max_bytes={}", url(&place), 2 * MIB),
        backend::runtime::handle().expect("the OS has threads"),
    )
    .expect("the URL is well-formed");
    block_on(narrow.write("k", &cell(Token::random(), 1000), MINUTE)).expect("there is room");
    let look = || {
        block_on(
            narrow
                .0
                .drive(|inner| async move { Ok(inner.look().await) }),
        )
    };
    let looks = (1..20).find(|_| look().expect("it runs"));
    println!("shrunk after {looks:?} looks");
    assert!(size(&place) <= 2 * MIB, "{} bytes", size(&place));
    block_on(narrow.write("k2", &cell(Token::random(), 100_000), MINUTE)).expect("there is room");
}

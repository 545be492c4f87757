//! What values weigh, where the cache is bounded by weight.

use cached_core::testing::with_cache_blocking;
use cached_core::{Cache, Outcome, cached};

#[test]
fn weigh_says_what_a_value_weighs() {
    #[cached(key = "v:weigh:<bytes>", weigh = |bytes: &Vec<u8>| bytes.len() * 1_000)]
    fn weighed(bytes: usize) -> Vec<u8> {
        vec![0; bytes]
    }
    #[cached(key = "v:weigh:result:<bytes>", weigh = |text: &String| text.len())]
    fn result(bytes: usize) -> Result<String, std::fmt::Error> {
        Ok("x".repeat(bytes))
    }
    #[cached(key = "v:weigh:counted:<bytes>")]
    fn counted(bytes: usize) -> Vec<u8> {
        vec![0; bytes]
    }
    let cache = Cache::memory().weight(64 << 20).build().expect("valid");
    with_cache_blocking(&cache, || {
        let grown_by = |fill: &dyn Fn()| {
            let before = cache.weight();
            fill();
            cache.weight() - before
        };
        // The first entries of a function pay for what all of them share.
        for bytes in 1_000..1_200 {
            drop((weighed(bytes / 10), result(bytes), counted(bytes)));
        }
        let small = grown_by(&|| drop(weighed(1)));
        let large = grown_by(&|| drop(weighed(9)));
        assert_eq!(large - small, 8_000);
        let (empty, full) = (
            grown_by(&|| drop(result(10))),
            grown_by(&|| drop(result(90))),
        );
        assert_eq!(full - empty, 80);
        let (few, many) = (
            grown_by(&|| drop(counted(100))),
            grown_by(&|| drop(counted(900))),
        );
        assert_eq!(many - few, 800);
    });
}

#[test]
fn a_value_that_weighs_too_much_is_returned_and_not_stored() {
    #[cached(key = "v:heavy:<id>", weigh = |_: &u64| 1 << 40)]
    fn heavy(id: u64) -> u64 {
        id
    }
    let cache = Cache::memory().weight(1 << 20).build().expect("valid");
    with_cache_blocking(&cache, || {
        assert_eq!(
            [heavy::traced(1), heavy::traced(1)],
            [(1, Outcome::NotStored); 2]
        );
    });
}

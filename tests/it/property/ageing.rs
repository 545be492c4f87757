//! Properties that grow old, by a clock that the test moves.

use std::time::Duration;

use cached_core::testing::{ManualClock, with_cache_blocking};
use cached_core::{Cache, Ttl};

use super::*;

#[derive(Default)]
struct Quote {
    runs: AtomicUsize,
    price: CachedProperty<usize, Shared>,
    minutes: u32,
}

impl Quote {
    #[cached_property(ttl = "5m", field = price)]
    fn price(&self) -> usize {
        self.runs.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[cached_property(ttl = Ttl::from(self.minutes * 60), field = price)]
    fn price_within(&self) -> usize {
        self.runs.fetch_add(1, Ordering::SeqCst) + 1
    }
}

fn by_a_manual_clock(test: impl FnOnce(&ManualClock)) {
    let clock = ManualClock::new();
    let cache = Cache::memory()
        .clock(clock.clone())
        .build()
        .expect("the defaults are valid");
    with_cache_blocking(&cache, || test(&clock));
}

#[test]
fn a_property_with_a_ttl_is_computed_anew_after_it() {
    by_a_manual_clock(|clock| {
        let quote = Quote::default();
        assert_eq!(*quote.price(), 1);
        clock.advance(Duration::from_millis(299_999));
        assert_eq!(*quote.price(), 1);
        clock.advance(Duration::from_millis(1));
        assert_eq!(*quote.price(), 2);
    });
}

#[test]
fn the_ttl_may_be_an_expression() {
    by_a_manual_clock(|clock| {
        let quote = Quote {
            minutes: 1,
            ..Quote::default()
        };
        assert_eq!((*quote.price(), *quote.price_within()), (1, 1));
        clock.advance(Duration::from_secs(60));
        assert_eq!(*quote.price_within(), 2);
        assert_eq!(*quote.price(), 2);
    });
}

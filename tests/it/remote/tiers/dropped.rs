//! Values whose `Drop` panics, where news remove them.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use crate::remote::cells::Cells;

thread_local! {
    /// Whether the next one that is dropped panics.
    static LIVE: Cell<bool> = const { Cell::new(false) };
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Grenade(u64);

impl Drop for Grenade {
    fn drop(&mut self) {
        assert!(!LIVE.replace(false), "as the test wants");
    }
}

/// By this process itself, which owes the backend the invalidation until that is told, and by
/// another one.
#[tokio::test]
async fn a_value_that_panics_when_it_is_dropped_stops_no_news() {
    for own in [true, false] {
        let cells = Cells::default().watches();
        if own {
            cells.hold_news();
        }
        let tiered = cells.process().l1(60).build();
        let (here, there) = (tiered.expect("a legal age"), cells.cache());
        let read = || async { here.get::<Grenade>("k").await.expect("it answers") };
        here.set("k", &Grenade(1), 60).await.expect("a value");
        assert_eq!(read().await, Some(Grenade(1)));
        let asked = cells.log().len();
        assert_eq!(read().await, Some(Grenade(1)));
        assert_eq!(cells.log().len(), asked, "it is near");
        LIVE.set(true);
        let cache = if own { &here } else { &there };
        cache.invalidate("k").await.expect("a key");
        assert!(!LIVE.get(), "it was dropped");
        assert_eq!(read().await, None);
        here.set("k", &Grenade(2), 60).await.expect("a value");
        assert_eq!(read().await, Some(Grenade(2)));
    }
}

//! How long cells live, and by which clock.

use std::time::Duration;

use crate::backend::port::Acquired;
use crate::testing::conformance::stage::{LONG, cell, fresh_key};
use crate::testing::conformance::subject::Subject;

/// A cell is gone when its time is over, whichever operation gave it that time.
pub async fn a_cell_goes_with_its_time(subject: &Subject) {
    let (backend, short) = (subject.backend(), Some(subject.short()));
    let keys = [fresh_key(), fresh_key(), fresh_key()];
    let (token, lease) = cell("lease");
    backend.write(&keys[0], &cell("written").1, short).await;
    backend.acquire(&keys[1], &cell("acquired").1, short).await;
    backend.write(&keys[2], &lease, None).await;
    backend
        .fill(&keys[2], token, &cell("filled").1, short)
        .await;
    subject.advance(subject.short()).await;
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(
        backend.read_all(&all).await,
        [const { None }; 3],
        "by `write`, `acquire` and `fill` in turn: their time is over"
    );
    let acquired = backend.acquire(&keys[0], &lease, LONG).await;
    assert_eq!(acquired, Acquired::Granted, "an expired cell is absent");
    assert_eq!(
        backend.invalidate(&[&keys[1]]).await,
        0,
        "also for `invalidate`"
    );
}

/// A replaced cell lives as long as its own time, not as that of the one before.
pub async fn a_new_cell_has_a_time_of_its_own(subject: &Subject) {
    let (backend, short) = (subject.backend(), Some(subject.short()));
    let keys = [fresh_key(), fresh_key(), fresh_key(), fresh_key()];
    let (token, lease) = cell("lease");
    for key in &keys {
        backend.write(key, &lease, short).await;
    }
    backend.write(&keys[0], &cell("forever").1, None).await;
    backend.write(&keys[1], &cell("long").1, LONG).await;
    backend
        .fill(&keys[2], token, &cell("forever").1, None)
        .await;
    backend.fill(&keys[3], token, &cell("long").1, LONG).await;
    subject.advance(subject.short()).await;
    for (key, by) in keys.iter().zip(["write", "write", "fill", "fill"]) {
        assert!(
            backend.read(key).await.is_some(),
            "what `{by}` put there lives on; the short time was that of the lease"
        );
    }
}

/// A time shorter than the backend can express is rounded up, never to nothing or to forever; one
/// longer than it can express is as good as forever.
pub async fn extreme_times_are_rounded(subject: &Subject) {
    let backend = subject.backend();
    let (brief, eternal) = (fresh_key(), fresh_key());
    let ttl = Some(Duration::from_nanos(1));
    backend.acquire(&brief, &cell("brief").1, ttl).await;
    for ttl in [Duration::MAX, Duration::from_millis(u64::MAX)] {
        let (token, cell) = cell("eternal");
        backend.write(&eternal, &cell, Some(ttl)).await;
        assert!(
            backend.renew(&eternal, token, ttl).await,
            "{ttl:?} is no reason to refuse"
        );
        assert_eq!(
            backend.read(&eternal).await,
            Some(cell),
            "{ttl:?} has not passed"
        );
    }
    subject.advance(subject.short()).await;
    assert_eq!(
        backend.read(&brief).await,
        None,
        "a nanosecond has long passed"
    );
}

/// The clock goes forward, and is the same for all.
pub async fn the_clock_is_one_for_all(subject: &Subject) {
    let (here, there) = (subject.backend(), subject.backend());
    let before = here.now().await;
    subject.advance(subject.short()).await;
    let after = there.now().await;
    let least = u64::try_from(subject.short().as_millis()).unwrap_or(u64::MAX);
    // Samples carried forward may be some ticks apart, and of a server that tells whole seconds, in the
    // middle of which they are taken, one second.
    let ticks = match subject.short() < Duration::from_secs(1) {
        true => 50,
        false => 1_050,
    };
    assert!(
        after + ticks >= before + least,
        "{least} ms have passed, and the clock went from {before} to {after}"
    );
    assert!(
        after - before < least + 60_000,
        "two handles disagree: {before}, {after}"
    );
}

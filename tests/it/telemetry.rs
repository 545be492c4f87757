//! Events as `tracing` events and as counters of the `metrics` crate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cached_core::Cache;
use cached_core::event::{metrics_subscriber, tracing_subscriber};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tracing::field::{Field, Visit};
use tracing::span;

/// A miss, a hit and an invalidation.
fn use_it(cache: &Cache) {
    let cache = cache.blocking();
    for _ in 0..2 {
        cache.get_or_set("k", 60, || 1i64).expect("valid");
    }
    cache.invalidate("k").expect("valid");
}

const EXPECTED: [&str; 4] = ["led", "stored", "hit", "invalidated"];

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "cached"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Kinds(&self.0));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Kinds<'l>(&'l Mutex<Vec<String>>);

impl Visit for Kinds<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "kind" {
            self.0.lock().expect("no panic").push(value.to_owned());
        }
    }
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[test]
fn tracing_hears_of_every_event() {
    let cache = Cache::memory().build().expect("valid");
    cache.subscribe(tracing_subscriber());
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || use_it(&cache));
    assert_eq!(*lines.0.lock().expect("no panic"), EXPECTED);
}

#[derive(Clone, Default)]
struct Counters(Arc<Mutex<Vec<Registered>>>);

type Registered = (String, Arc<Count>);

#[derive(Default)]
struct Count(AtomicU64);

impl CounterFn for Count {
    fn increment(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
    fn absolute(&self, to: u64) {
        self.0.store(to, Ordering::Relaxed);
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let count = Arc::new(Count::default());
        let mut all = self.0.lock().expect("no panic");
        all.push((key.to_string(), Arc::clone(&count)));
        Counter::from_arc(count)
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn metrics_count_every_event_and_never_label_a_key() {
    let cache = Cache::memory().build().expect("valid");
    cache.subscribe(metrics_subscriber());
    let counters = Counters::default();
    metrics::with_local_recorder(&counters, || use_it(&cache));
    let counted = counters.0.lock().expect("no panic");
    assert_eq!(counted.len(), EXPECTED.len());
    for ((name, count), kind) in counted.iter().zip(EXPECTED) {
        assert!(name.contains("cached_events_total"), "{name}");
        assert!(name.contains(kind), "{name}");
        assert!(!name.contains("= k"), "{name}");
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}

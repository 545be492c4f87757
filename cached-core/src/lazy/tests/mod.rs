//! The cell itself: who computes, who waits, what is kept. Getters and mutators are tested through
//! the public API, with the attributes.

mod owned;
mod serde;
mod shared;
mod tasks;
mod traits;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use super::{CachedProperty, Shared};
use crate::engine::{Config, Engine, Entered, Frame};
use crate::time::{Clock, ManualClock};

/// Counts how often something ran.
#[derive(Default)]
struct Runs(AtomicUsize);

impl Runs {
    /// The number of this run.
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn so_far(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// A future that is pending once.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Makes this thread live by that clock.
fn live_by(clock: &ManualClock) -> Entered {
    let config = Config {
        clock: Clock::Manual(clock.clone()),
        ..Config::default()
    };
    let engine = Engine::new(config).expect("a cache in memory");
    Frame::derive(|frame| frame.stand_in = Some(engine)).enter()
}

fn owned<T>() -> CachedProperty<T> {
    CachedProperty::new()
}

fn shared<T>() -> CachedProperty<T, Shared> {
    CachedProperty::new_shared()
}

/// Lets other threads run until so many wait for the property's computation.
fn until_waiting<T>(property: &CachedProperty<T>, count: usize) {
    while property.cell.gate.waiting() < count {
        std::thread::yield_now();
    }
}

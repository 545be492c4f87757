//! Waiting for whichever of two things is first, on any executor.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// What ends first; the left one is looked at first.
pub(super) async fn first<T>(left: impl Future<Output = T>, right: impl Future<Output = T>) -> T {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|context| match left.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => right.as_mut().poll(context),
    })
    .await
}

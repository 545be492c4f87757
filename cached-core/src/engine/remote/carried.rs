//! Questions that are carried to their end, whoever waits for the answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::error::Error;

/// How long the answer to a question that its caller has left is waited for: longer than an adapter
/// of this library takes to say that none will come.
pub(super) const LAST: Duration = Duration::from_secs(15);

pub(super) type Question<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// What there is to see to once a question has ended, or has lost its caller.
pub(super) trait Aftermath {
    /// Its caller has the answer.
    fn answered<T>(self, answer: &Result<T, Error>);

    /// Its caller is gone, and it may be carried out all the same.
    fn left<T: Send + 'static>(self, question: Question<T>);
}

/// A question on its way.
pub(super) struct Carried<T: Send + 'static, A: Aftermath> {
    /// `None` once it was answered.
    question: Option<Question<T>>,
    begun: bool,
    aftermath: Option<A>,
}

impl<T: Send + 'static, A: Aftermath> Carried<T, A> {
    /// Nothing is asked before the first poll.
    pub(super) fn of(
        aftermath: A,
        question: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Self {
        Self {
            question: Some(Box::pin(question)),
            begun: false,
            aftermath: Some(aftermath),
        }
    }
}

impl<T: Send + 'static, A: Aftermath + Unpin> Future for Carried<T, A> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.begun = true;
        let polled = match &mut self.question {
            Some(question) => question.as_mut().poll(cx),
            None => Poll::Pending,
        };
        if let Poll::Ready(answer) = &polled {
            self.question = None;
            if let Some(aftermath) = self.aftermath.take() {
                aftermath.answered(answer);
            }
        }
        polled
    }
}

impl<T: Send + 'static, A: Aftermath> Drop for Carried<T, A> {
    fn drop(&mut self) {
        let question = self.question.take().filter(|_| self.begun);
        if let Some((question, aftermath)) = question.zip(self.aftermath.take()) {
            aftermath.left(question);
        }
    }
}

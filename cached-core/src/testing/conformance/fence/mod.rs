//! The fence: nothing that is overtaken is stored.
//!
//! Orders of operations are enumerated against a model of the cell; real concurrency is tried on
//! threads, by pairs of operations of which only certain outcomes are possible in any order.

mod model;

use std::time::{Duration, Instant};

use self::model::{Model, Move};
use super::stage::{LONG, cell, cell_of, fresh_key, on_threads};
use super::subject::{Handle, Subject};
use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};
use futures_util::future::join_all;

/// So many operations in a row; an order whose last operation changed nothing is not prolonged.
const DEPTH: usize = 5;

/// So many orders are played side by side, each on a key of its own.
const ABREAST: usize = 64;

/// So often two operations race, one of them a little later each time.
const ROUNDS: u32 = 100;

/// Every order of `acquire` and `fill` by two processes, `release`, `invalidate`, `write`, a change
/// in place and expiry ends as the model says; a fill succeeds if, and only if, nothing came
/// between it and its `acquire`.
pub async fn every_order_agrees_with_the_model(subject: &Subject) {
    let handles = [subject.backend(), subject.backend()];
    let slow = shortest(&handles[0]) >= Duration::from_secs(1);
    // Where a life cannot be short, all orders share the waiting.
    let abreast = if slow { usize::MAX } else { ABREAST };
    for orders in model::orders(DEPTH).chunks(abreast) {
        let mut games: Vec<Game> = orders.iter().map(|order| Game::new(order)).collect();
        for at in 0..DEPTH {
            let steps = games.iter_mut().map(|game| game.step(&handles, at));
            let lapsed = join_all(steps).await.contains(&true);
            if lapsed {
                subject.advance(shortest(&handles[0])).await;
            }
        }
        let ends = games.iter().map(|game| game.compare(&handles[1]));
        join_all(ends).await;
    }
}

/// What `renew` can shorten a life to.
fn shortest(handle: &Handle) -> Duration {
    let shortest = handle.0.capabilities().shortest_ttl;
    shortest.max(Duration::from_millis(1))
}

/// One order, played on a key of its own.
struct Game<'o> {
    order: &'o [Move],
    key: String,
    model: Model,
    /// The last lease of each process.
    leases: [Token; 2],
}

impl<'o> Game<'o> {
    fn new(order: &'o [Move]) -> Self {
        Self {
            order,
            key: fresh_key(),
            model: Model::default(),
            leases: [Token::random(), Token::random()],
        }
    }

    /// Plays one move on the backend and the model; whether time has to pass now.
    async fn step(&mut self, handles: &[Handle; 2], at: usize) -> bool {
        let Some(&step) = self.order.get(at) else {
            return false;
        };
        let expected = self.model.play(step);
        let happened = self.perform(handles, step).await;
        assert_eq!(
            happened, expected,
            "move {at} of {:?} answers otherwise than the cell's rules say",
            self.order
        );
        step == Move::Lapse && happened
    }

    /// Plays one move on the backend; whether it says that it did something.
    async fn perform(&mut self, handles: &[Handle; 2], step: Move) -> bool {
        let key = self.key.as_str();
        let backend = &handles[step.process()];
        match step {
            Move::Acquire(process) => {
                let (token, lease) = cell("lease");
                let granted = backend.acquire(key, &lease, LONG).await == Acquired::Granted;
                if granted {
                    self.leases[process] = token;
                    self.model.put(token);
                }
                granted
            }
            Move::Fill(process) => {
                let (token, value) = cell("value");
                let lease = self.leases[process];
                let filled = backend.fill(key, lease, &value, LONG).await;
                if filled {
                    self.model.put(token);
                }
                filled
            }
            Move::Release(process) => backend.release(key, self.leases[process]).await,
            Move::Invalidate => backend.invalidate(&[key]).await == 1,
            Move::Write => {
                let (token, written) = cell("written");
                backend.write(key, &written, LONG).await;
                self.model.put(token);
                true
            }
            Move::Retime => match self.model.token() {
                // What `expire` and `touch` do: other times, the same token.
                Some(token) => {
                    let retimed = cell_of(token, b"other times");
                    backend.fill(key, token, &retimed, LONG).await
                }
                None => false,
            },
            Move::Lapse => match self.model.before() {
                Some(token) => backend.renew(key, token, shortest(backend)).await,
                None => false,
            },
        }
    }

    async fn compare(&self, backend: &Handle) {
        let found = backend.read(&self.key).await;
        assert_eq!(
            found.as_ref().and_then(Cell::token),
            self.model.token(),
            "after {:?} another cell is there than the cell's rules say",
            self.order
        );
    }
}

/// Operations that race, by what they do to a lease.
#[derive(Debug, Clone, Copy)]
enum Racer {
    Fill(Token),
    Renew,
    Release,
    Invalidate,
    Write(Token),
}

impl Racer {
    /// Whether it did something.
    async fn run(self, backend: &Handle, key: &str, lease: Token) -> bool {
        match self {
            Self::Fill(token) => {
                let value = cell_of(token, b"value");
                backend.fill(key, lease, &value, LONG).await
            }
            Self::Renew => backend.renew(key, lease, Duration::from_secs(60)).await,
            Self::Release => backend.release(key, lease).await,
            Self::Invalidate => backend.invalidate(&[key]).await == 1,
            Self::Write(token) => {
                let written = cell_of(token, b"written");
                backend.write(key, &written, LONG).await;
                true
            }
        }
    }
}

/// Keeps a thread busy: a sleep is longer than an operation in memory.
fn dawdle(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Runs two operations on a lease, on two threads at once, again and again; `judge` sees their
/// answers, and the token of what is there afterwards.
async fn race(subject: &Subject, racers: [Racer; 2], judge: impl Fn([bool; 2], Option<Token>)) {
    let handles = [subject.backend(), subject.backend()];
    let referee = subject.backend();
    for round in 0..ROUNDS {
        let (key, (token, lease)) = (fresh_key(), cell("lease"));
        referee.write(&key, &lease, LONG).await;
        let (handles, shared) = (handles.clone(), key.clone());
        let racing = on_threads(2, move |lane| {
            let (key, handle) = (shared.clone(), handles[lane].clone());
            async move {
                if lane == round as usize % 2 {
                    dawdle(Duration::from_micros(20) * (round / 2));
                }
                racers[lane].run(&handle, &key, token).await
            }
        });
        let answers = racing.await;
        let found = referee.read(&key).await;
        judge(
            [answers[0], answers[1]],
            found.as_ref().and_then(Cell::token),
        );
    }
}

/// Of a fill and an invalidation at once, none leaves a value: either the fill is refused, or the
/// invalidation removes what it stored.
pub async fn no_fill_lands_after_an_invalidation(subject: &Subject) {
    let racers = [Racer::Fill(Token::random()), Racer::Invalidate];
    race(subject, racers, |[_, removed], found| {
        assert!(removed, "the lease or the value was there to be removed");
        assert_eq!(found, None, "a fill landed behind an invalidation");
    })
    .await;
}

/// Of a fill and an explicit write at once, the write stays.
pub async fn no_fill_lands_after_a_write(subject: &Subject) {
    let written = Token::random();
    let racers = [Racer::Fill(Token::random()), Racer::Write(written)];
    race(subject, racers, |_, found| {
        assert_eq!(found, Some(written), "a fill landed behind a write");
    })
    .await;
}

/// Of two fills with one token, one is stored and the other refused.
pub async fn one_of_two_fills_is_stored(subject: &Subject) {
    let tokens = [Token::random(), Token::random()];
    race(subject, tokens.map(Racer::Fill), |filled, found| {
        let expected = match filled {
            [true, false] => tokens[0],
            [false, true] => tokens[1],
            both => panic!("one token fills once; accepted were {both:?}"),
        };
        assert_eq!(found, Some(expected), "the accepted one is there");
    })
    .await;
}

/// Of a fill and a release with one token, one happens.
pub async fn a_fill_or_a_release_happens(subject: &Subject) {
    let token = Token::random();
    let racers = [Racer::Fill(token), Racer::Release];
    race(subject, racers, |answers, found| {
        let expected = match answers {
            [true, false] => Some(token),
            [false, true] => None,
            both => panic!("one token is used up by one of them; they answered {both:?}"),
        };
        assert_eq!(found, expected, "what happened is what is there");
    })
    .await;
}

/// A renewal brings nothing back that is invalidated at the same time.
pub async fn no_renewal_brings_a_lease_back(subject: &Subject) {
    let racers = [Racer::Renew, Racer::Invalidate];
    race(subject, racers, |[_, removed], found| {
        assert!(removed, "the lease was there to be removed");
        assert_eq!(found, None, "a renewal put the lease back");
    })
    .await;
}

//! Fencing numbers: which of two holders came later, for the resource that they change.
//!
//! A number is given by putting it in the place of the last one, by that one's token. Whoever puts
//! it there held the lock when it began, so numbers grow in the order in which holders begin to
//! work: of two, the one with the greater number put it there later, and works from then on.
//!
//! # When the backend forgets
//!
//! A server that is restarted, replaced or short of memory may lose the number. So numbers are no
//! mere count: each is at least the backend's time in milliseconds, times 1024, and the first after
//! a loss is that of a minute later ([`AHEAD`]). It is therefore greater than all before, unless the
//! backend's clock is set back by more than a minute at the same time, or one lock is taken more
//! than a thousand times within each millisecond. (Were the first number that of the present, a
//! process whose idea of the time is a few milliseconds behind another's could repeat one.) Nothing
//! is lost with the cell, then, and it has a time to live.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Place, foreign};
use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};
use crate::engine::remote::Remote;
use crate::error::Error;
use crate::time::Millis;

/// How far ahead of the time the first number is, in milliseconds.
const AHEAD: Millis = 60_000;
/// Bits below the time, for locks that are taken more than once in a millisecond.
const COUNT_BITS: u32 = 10;
/// The cell of a lock that nobody takes for so long is forgotten.
const KEPT: Duration = Duration::from_secs(7 * 86_400);

impl Remote {
    /// A fencing number for the holder of a lock; `None` if it does not hold it any more.
    pub(super) async fn number(
        self: &Arc<Self>,
        place: &Place,
        holder: Token,
        mut last: Option<Cell>,
        holds: impl Fn() -> bool,
    ) -> Result<Option<u64>, Error> {
        loop {
            let over = last.as_ref().map(|cell| read(&place.fencing, cell));
            let over = over.transpose()?;
            let number = after(over.map(|(_, number)| number), self.now().await?);
            let number = self.beyond_own(number, over.is_none());
            let putting = self.put_number(place, over.map(|(token, _)| token), number);
            let put = self.ask(self.limits.operation, putting).await?;
            if !holds() {
                return Ok(None);
            }
            if put {
                return Ok(Some(number));
            }
            // Another holder's, who came later or was late; or the cell's time was up.
            let [lock, now] = self.both_cells(place).await?;
            if lock.and_then(|lock| lock.token()) != Some(holder) {
                return Ok(None);
            }
            last = now;
        }
    }

    /// A number that may repeat one, because the clock has not moved since a loss, is at least none
    /// that this process knows.
    fn beyond_own(&self, number: u64, first: bool) -> u64 {
        let own = match first {
            true => self.numbered.load(Ordering::Acquire).saturating_add(1),
            false => 0,
        };
        let number = number.max(own);
        self.numbered.fetch_max(number, Ordering::AcqRel);
        number
    }

    /// Puts the number there in the place of the one with this token, or where there is none.
    async fn put_number(
        &self,
        place: &Place,
        over: Option<Token>,
        number: u64,
    ) -> Result<bool, Error> {
        let name = &place.fencing;
        let mut bytes = Cell::begin(Cell::FENCING, Token::random(), 8);
        bytes.extend_from_slice(&number.to_le_bytes());
        let cell = Cell::from_bytes(bytes);
        match over {
            Some(token) => self.backend.fill(name, token, &cell, Some(KEPT)).await,
            None => {
                let acquired = self.backend.acquire(name, &cell, Some(KEPT)).await?;
                Ok(matches!(acquired, Acquired::Granted))
            }
        }
    }
}

/// The token and the number of a cell.
fn read(name: &str, cell: &Cell) -> Result<(Token, u64), Error> {
    let bytes = cell.as_bytes().get(Cell::PREAMBLE..);
    let number = bytes.and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
    let number = number.filter(|_| cell.kind() == Some(Cell::FENCING));
    let token = foreign(name, cell.token().filter(|_| number.is_some()))?;
    Ok((token, number.unwrap_or_default()))
}

/// The number after the last one, at this time.
fn after(last: Option<u64>, now: Millis) -> u64 {
    let at = |time: Millis| time.saturating_mul(1 << COUNT_BITS);
    match last {
        Some(last) => last.saturating_add(1).max(at(now)),
        None => at(now.saturating_add(AHEAD)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_also_over_a_loss() {
        let now = 1_800_000_000_000;
        let first = after(None, now);
        let second = after(Some(first), now + 5);
        assert_eq!(second, first + 1, "the time has not come yet");
        let later = after(Some(second), now + 2 * AHEAD);
        assert!(later > after(None, now + AHEAD - 1));
        assert!(after(None, now + 10) > second, "lost soon after");
        assert!(after(None, now + 2 * AHEAD - 1_000) > later, "set back");
    }

    #[test]
    fn a_number_is_exact_as_a_float_for_two_centuries() {
        let two_centuries = 1_800_000_000_000 + 200 * 365 * 86_400_000;
        assert!(after(None, two_centuries) < 1 << 53);
    }

    #[test]
    fn garbage_is_no_number() {
        let good = |kind| {
            let mut bytes = Cell::begin(kind, Token::random(), 8);
            bytes.extend_from_slice(&7u64.to_le_bytes());
            bytes
        };
        let cell = Cell::from_bytes(good(Cell::FENCING));
        assert_eq!(read("f", &cell).expect("it is one").1, 7);
        let longer = [good(Cell::FENCING), vec![0]].concat();
        for bytes in [Vec::new(), vec![0; 28], good(Cell::LOCK), longer] {
            let error = read("p:f:x", &Cell::from_bytes(bytes)).expect_err("none");
            assert!(error.to_string().contains("`p:f:x`"), "{error}");
        }
    }
}

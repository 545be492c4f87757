//! The cell as it should be: absent, or a token.

use crate::cell::Token;

/// What can happen to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// A process asks for the lease.
    Acquire(usize),
    /// A process fills with the last lease that it was granted.
    Fill(usize),
    /// A process gives that lease back.
    Release(usize),
    /// Somebody invalidates, or the backend evicts.
    Invalidate,
    /// Somebody writes.
    Write,
    /// Somebody expires or touches the value: other bytes under the same token.
    Retime,
    /// The time of the cell is over.
    Lapse,
}

impl Move {
    const ALL: [Self; 10] = [
        Self::Acquire(0),
        Self::Acquire(1),
        Self::Fill(0),
        Self::Fill(1),
        Self::Release(0),
        Self::Release(1),
        Self::Invalidate,
        Self::Write,
        Self::Retime,
        Self::Lapse,
    ];

    /// Who does it; what nobody in particular does comes from the second process.
    pub(super) fn process(self) -> usize {
        match self {
            Self::Acquire(process) | Self::Fill(process) | Self::Release(process) => process,
            _ => 1,
        }
    }
}

/// Who put what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Absent,
    /// The lease of a process.
    Lease(usize),
    /// A value, that no lease names any more.
    Value,
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    state: State,
    token: Option<Token>,
    before: Option<Token>,
}

impl Model {
    /// Whether the move does something, which it then does.
    pub(super) fn play(&mut self, step: Move) -> bool {
        self.before = self.token;
        let Some(next) = self.state.after(step) else {
            return false;
        };
        self.state = next;
        if next == State::Absent {
            self.token = None;
        }
        true
    }

    /// The cell has this token now.
    pub(super) fn put(&mut self, token: Token) {
        if self.state != State::Absent {
            self.token = Some(token);
        }
    }

    pub(super) fn token(&self) -> Option<Token> {
        self.token
    }

    /// The token before the last move.
    pub(super) fn before(&self) -> Option<Token> {
        self.before
    }
}

impl State {
    /// The rules; `None` if the move changes nothing.
    fn after(self, step: Move) -> Option<Self> {
        match (self, step) {
            (Self::Absent, Move::Acquire(process)) => Some(Self::Lease(process)),
            (_, Move::Write) => Some(Self::Value),
            (Self::Absent, _) | (_, Move::Acquire(_)) => None,
            (Self::Lease(holder), Move::Fill(process)) if holder == process => Some(Self::Value),
            (Self::Lease(holder), Move::Release(process)) if holder == process => {
                Some(Self::Absent)
            }
            (_, Move::Fill(_) | Move::Release(_)) => None,
            (_, Move::Invalidate | Move::Lapse) => Some(Self::Absent),
            (state, Move::Retime) => Some(state),
        }
    }
}

/// All orders of so many moves, and all shorter ones that end with a move that changes nothing.
pub(super) fn orders(depth: usize) -> Vec<Vec<Move>> {
    let mut found = Vec::new();
    extend(&mut Vec::new(), State::Absent, depth, &mut found);
    found
}

fn extend(order: &mut Vec<Move>, state: State, left: usize, found: &mut Vec<Vec<Move>>) {
    for step in Move::ALL {
        order.push(step);
        match state.after(step) {
            Some(next) if left > 1 => extend(order, next, left - 1, found),
            _ => found.push(order.clone()),
        }
        order.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_refuse_a_fill_is_among_the_orders() {
        let all = orders(5);
        for between in [
            &[Move::Invalidate][..],
            &[Move::Write],
            &[Move::Lapse],
            &[Move::Lapse, Move::Acquire(1)],
            &[Move::Lapse, Move::Acquire(1), Move::Fill(1)],
            &[Move::Retime, Move::Invalidate, Move::Acquire(1)],
        ] {
            let order = [&[Move::Acquire(0)], between, &[Move::Fill(0)]].concat();
            let mut model = Model::default();
            let played: Vec<bool> = order.iter().map(|&step| model.play(step)).collect();
            assert_eq!(
                played.last(),
                Some(&false),
                "{order:?} must refuse the fill"
            );
            assert!(
                all.iter().any(|known| known.starts_with(&order)),
                "{order:?}"
            );
        }
    }

    #[test]
    fn a_fill_with_nothing_in_between_is_accepted() {
        let mut model = Model::default();
        assert!(model.play(Move::Acquire(0)) && model.play(Move::Fill(0)));
        assert!(!model.play(Move::Fill(0)), "used up");
    }
}

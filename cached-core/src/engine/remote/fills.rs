//! Several fills at once. Each has an outcome of its own: a value that the backend refuses, or a
//! server that is down, takes nothing from the others.

use super::Remote;
use super::guard::is_outage;
use crate::backend::port::Put;
use crate::cell::Token;
use crate::error::{Error, ErrorKind};

impl Remote {
    /// What became of each, in order.
    pub(super) async fn fill_many(&self, fills: &[(Token, Put<'_>)]) -> Vec<Result<bool, Error>> {
        self.outcomes(fills.len(), self.backend.fill_many(fills))
            .await
    }

    /// The outcomes of so many fills under way. For the breaker and for reports they are one
    /// operation: its fault is the gravest of theirs.
    pub(super) async fn outcomes(
        &self,
        count: usize,
        filling: impl Future<Output = Result<Vec<Result<bool, Error>>, Error>>,
    ) -> Vec<Result<bool, Error>> {
        let mut filled = Vec::new();
        let filling = async {
            filled = filling.await?;
            let faults = filled.iter().filter_map(|filled| filled.as_ref().err());
            let gravest = faults.max_by_key(|fault| is_outage(fault));
            gravest.map_or(Ok(()), |fault| Err(same(fault)))
        };
        let asked = self.ask(self.limit_for_writes(count), filling).await;
        filled.resize_with(count, || Err(asked.as_ref().map_or_else(same, |()| few())));
        filled
    }
}

/// The fault once more.
pub(super) fn same(fault: &Error) -> Error {
    Error::new(fault.kind(), fault.to_string())
}

/// What is wrong where not every operation has an outcome.
pub(super) fn few() -> Error {
    let message = "fewer outcomes came than were asked for";
    Error::new(ErrorKind::Protocol, message)
}

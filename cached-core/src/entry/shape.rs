//! How a function's return type maps to what is stored. Implemented for the return types that
//! occur by [`Shaped`](crate::__private::Shaped); the engine sees only this trait.

use std::any::{Any, TypeId};

use super::{Payload, Stored};
#[cfg(feature = "remote")]
use crate::codec::{Codec, Encoded, Opened, Unencodable, Unreadable};

/// A payload that was looked at under the table's lock.
#[derive(Debug)]
pub enum Taken<R> {
    /// Cloned in place, because that costs no more than a few instructions.
    Ready(R),
    /// To be opened after the lock is released, because opening runs the user's `Clone`.
    Later(Payload),
}

/// What a return value comes down to.
#[derive(Debug)]
pub enum Sealed {
    /// To be stored: the value and its weight in bytes (`None`: it could not be measured).
    Value(Stored, Option<usize>),
    /// Nothing was found.
    Absent,
    /// A failure, with a form of it that joiners can share if there is one.
    Failed(Option<Stored>),
}

/// A return value on its way to a backend.
#[cfg(feature = "remote")]
#[derive(Debug)]
pub enum Parted<R> {
    /// A value, or the fact that there is none.
    Value(Payload),
    /// A failure as it was returned, with a form of it that joiners can share if there is one.
    Failed(R, Option<Stored>),
}

/// The correspondence between a return type and what is stored for it.
pub trait Shape {
    /// What the function returns.
    type Return;

    /// The type of the stored value. Two functions share an entry only if this is the same.
    fn value_type(&self) -> TypeId;

    /// The name of that type, for reports.
    fn value_name(&self) -> &'static str;

    /// Reads a payload under the table's lock; `None` if it is of another type. Runs no user code.
    fn take(&self, payload: &Payload) -> Option<Taken<Self::Return>>;

    /// Rebuilds the return value; `None` if the payload is of another type.
    fn open(&self, payload: &Payload) -> Option<Self::Return>;

    /// Rebuilds a shared failure; `None` if it is of another type.
    fn open_failure(&self, failure: &(dyn Any + Send + Sync)) -> Option<Self::Return>;

    /// Splits a return value into what is stored and what the caller gets. The weight is
    /// measured only where `weighed` asks for it.
    fn seal(&self, returned: Self::Return, weighed: bool) -> (Sealed, Self::Return);

    /// Splits a return value into what is stored and what is not.
    #[cfg(feature = "remote")]
    fn part(&self, returned: Self::Return) -> Parted<Self::Return>;

    /// Rebuilds the return value from what it was split into. `payload` came from
    /// [`part`](Self::part) of the same shape.
    #[cfg(feature = "remote")]
    fn reopen(&self, payload: Payload) -> Self::Return;

    /// Whether its values may leave the process.
    #[cfg(feature = "remote")]
    fn travels(&self) -> bool;

    /// A value of this shape as bytes.
    ///
    /// # Errors
    /// Its `Serialize` fails, or it is too large.
    #[cfg(feature = "remote")]
    fn encode(
        &self,
        value: &Stored,
        codec: &Codec,
        schema: Option<&str>,
    ) -> Result<Encoded, Unencodable>;

    /// The return value for what a cell holds.
    ///
    /// # Errors
    /// The bytes are not a value of this type.
    #[cfg(feature = "remote")]
    fn decode(
        &self,
        opened: &Opened<'_>,
        codec: &Codec,
        schema: Option<&str>,
    ) -> Result<Self::Return, Unreadable>;

    /// Whether the type is a `Result` or `Option` that the macro could not recognise, so that
    /// storing it might store a failure.
    fn is_disguised(&self) -> bool {
        false
    }
}

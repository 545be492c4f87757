//! What can go wrong with a database, in the words of whoever has to mend it.

use std::io;

use super::address::Address;
use super::dialect::{Dialect, Explained, missing};
use crate::error::{Error, ErrorKind};

/// What went wrong.
#[derive(Debug)]
pub(super) enum Fault {
    /// What sqlx says.
    Sql(sqlx::Error),
    /// Nothing came in time.
    Late(&'static str),
    /// Another database answers than before.
    Moved,
    /// So many bytes, where only so many are taken.
    Oversized(usize, u64),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// Whether nothing was done and another attempt may succeed at once.
    pub(super) fn is_collision<D: Dialect>(&self) -> bool {
        matches!(self.explained::<D>(), Some(Explained::Again))
    }

    /// Whether the table is not there.
    pub(super) fn is_missing<D: Dialect>(&self) -> bool {
        matches!(self.explained::<D>(), Some(Explained::NoTable))
    }

    /// Whether there was no room.
    pub(super) fn is_full<D: Dialect>(&self) -> bool {
        matches!(
            self.explained::<D>(),
            Some(Explained::As(ErrorKind::Full, _))
        )
    }

    /// Whether the database itself said no, over a connection that still works.
    pub(super) fn is_answer(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(_)))
    }

    fn explained<D: Dialect>(&self) -> Option<Explained> {
        match self {
            Self::Sql(sqlx::Error::Database(fault)) => Some(D::explain(fault.as_ref())),
            _ => None,
        }
    }

    /// The public error.
    pub(super) fn into_error<D: Dialect>(self, address: &Address<D>) -> Error {
        let at = D::place(&address.options);
        let explained = self.explained::<D>();
        let (kind, what) = match (&self, explained) {
            (Self::Late(what), _) => (ErrorKind::Timeout, (*what).to_owned()),
            (Self::Moved, _) => (
                ErrorKind::Unavailable,
                "another server answers than before; what it holds is being forgotten".to_owned(),
            ),
            (Self::Oversized(bytes, largest), _) => (
                ErrorKind::TooLarge,
                format!(
                    "{bytes} bytes are over what one packet of the server may hold ({largest}); \
                     raise its `max_allowed_packet`, or cache smaller values"
                ),
            ),
            (_, Some(Explained::NoTable)) => return missing(address),
            (_, Some(Explained::Again)) => (
                ErrorKind::Unavailable,
                "others wrote the same keys all the time; try again later".to_owned(),
            ),
            (Self::Sql(error), Some(Explained::As(kind, fix))) => {
                (kind, format!("{fix} ({error})"))
            }
            (Self::Sql(error), _) => plain(error),
        };
        let error = Error::new(kind, format!("{} at {at}: {what}", address.scheme));
        match self {
            Self::Sql(source) => error.caused_by(source),
            _ => error,
        }
    }
}

/// Faults that mean the same for every database.
fn plain(error: &sqlx::Error) -> (ErrorKind, String) {
    match error {
        sqlx::Error::Io(fault) => (ErrorKind::Unavailable, of_io(fault)),
        sqlx::Error::Tls(fault) => (
            ErrorKind::Unavailable,
            format!("TLS failed: {fault}; TLS needs the feature `sql-tls` of cached-core"),
        ),
        sqlx::Error::Configuration(fault) => (ErrorKind::Config, fault.to_string()),
        sqlx::Error::Database(fault) => (ErrorKind::Protocol, format!("refused ({fault})")),
        sqlx::Error::Protocol(what) => (
            ErrorKind::Protocol,
            format!("{what}; is it a server of another kind, or is something between here and it?"),
        ),
        sqlx::Error::WorkerCrashed => (
            ErrorKind::Unavailable,
            "the thread of the connection has ended; it is being made anew".to_owned(),
        ),
        error => (ErrorKind::Protocol, error.to_string()),
    }
}

fn of_io(fault: &io::Error) -> String {
    match fault.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there; start the server, or correct the host and port of the URL"
                .to_owned()
        }
        io::ErrorKind::NotFound => {
            "there is no such socket or file; correct the path of the URL".to_owned()
        }
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            format!("the connection was lost: {fault}; the next operation makes it anew")
        }
        _ => format!("it cannot be reached: {fault}; correct the host and port of the URL"),
    }
}

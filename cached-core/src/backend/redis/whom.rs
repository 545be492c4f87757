//! Whom a connection goes to: a server by its address, or whoever sentinels name.

use super::connect::Target;
use super::fault::Fault;
use super::link::Link;
use super::node::Common;
use super::sentinel::{Named, Sentinels};
use super::server::Company;
use crate::error::ErrorKind;

/// Who is spoken to.
pub(super) enum Whom {
    /// One server, for good.
    Server(Target, Company),
    /// Whoever is primary.
    Primary(Sentinels),
}

/// A link, and who named its server.
pub(super) struct Met {
    pub(super) link: Link,
    named: Option<Named>,
}

impl Whom {
    /// Where they are, without credentials.
    pub(super) fn at(&self) -> &str {
        match self {
            Self::Server(target, _) => target.at(),
            Self::Primary(sentinels) => sentinels.at(),
        }
    }

    /// The server, if it is one for good.
    pub(super) fn server(&self) -> Option<&Target> {
        match self {
            Self::Server(target, _) => Some(target),
            Self::Primary(_) => None,
        }
    }

    /// The server of now.
    pub(super) async fn target(&self) -> Result<Target, Fault> {
        match self {
            Self::Server(target, _) => Ok(target.clone()),
            Self::Primary(sentinels) => Ok(sentinels.primary().await?.into_target()),
        }
    }

    /// A link to the server of now.
    pub(super) async fn link(&self, common: &Common) -> Result<Met, Fault> {
        match self {
            Self::Server(target, company) => {
                let link = target.link(*company, common).await?;
                Ok(Met { link, named: None })
            }
            Self::Primary(sentinels) => {
                let mut named = sentinels.primary().await?;
                let link = named.target().link(Company::Sentinels, common).await?;
                if !named.stands() {
                    let what = "it is not, or will not be, the primary any more; wait";
                    return Err(Fault::new(ErrorKind::Unavailable, link.at(), what));
                }
                let named = Some(named);
                Ok(Met { link, named })
            }
        }
    }
}

impl Met {
    /// The link, and what its end is known by.
    pub(super) fn into_parts(self) -> (Link, Option<Named>) {
        (self.link, self.named)
    }
}

/// Ends when another server is the one to speak to.
pub(super) async fn deposed(named: Option<Named>) {
    match named {
        Some(named) => named.deposed().await,
        None => std::future::pending().await,
    }
}

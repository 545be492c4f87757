//! What a shared tier is built from.

use std::fmt;
use std::sync::Arc;

use super::{DEFAULT_PREFIX, Keep, Limits, Remote};
use crate::backend::port::{AnyBackend, Backend};
use crate::backend::process::Process;
#[cfg(feature = "redis")]
use crate::backend::redis::Redis;
use crate::codec::Codec;
use crate::error::Error;
use crate::time::Clock;

/// A backend and how to use it.
#[derive(Clone)]
pub(crate) struct Settings {
    backend: Arc<dyn AnyBackend>,
    #[cfg(feature = "redis")]
    pub(super) redis: Option<Redis>,
    pub(crate) codec: Codec,
    pub(crate) prefix: String,
    pub(crate) limits: Limits,
    /// What is kept in memory in front of the backend.
    pub(crate) l1: Option<Keep>,
}

impl Settings {
    pub(crate) fn new(backend: impl Backend) -> Self {
        Self {
            backend: Arc::new(backend),
            #[cfg(feature = "redis")]
            redis: None,
            codec: Codec::new(),
            prefix: DEFAULT_PREFIX.to_owned(),
            limits: Limits::default(),
            l1: None,
        }
    }

    /// Cells in this process, whose time goes by the clock.
    pub(crate) fn local(clock: &Clock) -> Self {
        Self::new(Process::new(clock.clone()))
    }

    #[cfg(feature = "redis")]
    pub(crate) fn redis(redis: Redis) -> Self {
        Self {
            redis: Some(redis.clone()),
            ..Self::new(redis)
        }
    }

    pub(crate) fn watches(&self) -> bool {
        self.backend.capabilities().watches
    }

    pub(crate) fn build(self) -> Result<Remote, Error> {
        let remote = Remote::new(self.backend, self.codec, &self.prefix, self.limits, self.l1)?;
        #[cfg(feature = "redis")]
        let remote = Remote {
            redis: self.redis,
            ..remote
        };
        Ok(remote)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("backend", &self.backend.name())
            .field("prefix", &self.prefix)
            .field("codec", &self.codec)
            .field("limits", &self.limits)
            .field("l1", &self.l1)
            .finish()
    }
}

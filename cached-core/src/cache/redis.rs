//! What only Redis can do: its own client, for lists, sets, hashes and whatever else it has.

use redis::aio::MultiplexedConnection;

use super::{Builder, Cache};
use crate::backend::redis::Redis;
use crate::engine::Config;
use crate::engine::remote::{self, Settings};
use crate::error::{Error, ErrorKind};

impl Cache {
    /// A builder of a cache on the server of a client that was made elsewhere, for instance with
    /// certificates of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the OS refuses the thread that does the I/O.
    pub fn from_redis(client: redis::Client) -> Result<Builder, Error> {
        let redis = Redis::from_client(&client, remote::runtime()?);
        Ok(Builder::new(Config {
            remote: Some(Settings::redis(redis)),
            ..Config::default()
        }))
    }

    /// A connection to the cache's server for commands of your own. It is not the cache's: a blocking
    /// command or another database on it does no harm. Clones share it; ask again when it was lost.
    ///
    /// Its keys are yours, without prefix; [`raw_key`](Self::raw_key) gives names that nothing in the
    /// cache has.
    ///
    /// Under sentinels it goes to the primary of now.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] on other backends, and on a cluster, which has no one connection; as a
    /// backend's operations on this.
    pub async fn redis(&self) -> Result<MultiplexedConnection, Error> {
        let redis = self
            .engine
            .remote()
            .and_then(|remote| remote.redis.as_ref());
        match redis {
            Some(redis) => redis.raw().await,
            None => {
                let message = "this cache is not on Redis; `Cache::connect(\"redis://..\")` is";
                Err(Error::new(ErrorKind::Config, message))
            }
        }
    }

    /// `name` behind the prefix of this cache, for keys of your own in the same server; never the name
    /// of something in the cache. The name itself in memory.
    #[must_use]
    pub fn raw_key(&self, name: &str) -> String {
        match self.engine.remote() {
            Some(remote) => remote.raw_key(name),
            None => name.to_owned(),
        }
    }
}

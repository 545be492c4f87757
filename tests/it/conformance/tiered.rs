//! Caches that keep what they read in memory in front of a shared backend.

use cached_core::testing::conformance_tests;

use super::backends::tiers;

/// A backend that tells of every change before it is acknowledged.
mod told {
    use super::*;

    conformance_tests!(tiers::in_process().subject; leases cancelled bytes caches batches races locks);
}

#[cfg(feature = "servers")]
mod on_servers {
    use cached_core::testing::{self, conformance_tests};

    use super::super::backends::servers;
    use super::tiers::L1;

    mod aged {
        use super::*;

        conformance_tests!(servers::sqlite(L1::Aged).subject; bytes caches batches races locks);
    }

    mod redis {
        use super::*;

        conformance_tests!(servers::redis(L1::Watched).subject; bytes caches batches races locks);
    }

    #[tokio::test]
    async fn all_of_it_holds_in_a_cluster() {
        testing::conformance::run_all(&servers::redis_cluster(L1::Watched).subject).await;
    }

    #[tokio::test]
    async fn all_of_it_holds_under_sentinels() {
        testing::conformance::run_all(&servers::redis_sentinel(L1::Watched).subject).await;
    }

    #[tokio::test]
    async fn all_of_it_holds_beside_memcached() {
        testing::conformance::run_all(&servers::memcached(2, L1::Aged).subject).await;
    }
}

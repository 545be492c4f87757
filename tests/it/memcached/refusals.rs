//! What a server does not take, and keys that would be commands.

use std::time::Duration;

use cached_core::testing::with_cache;
use cached_core::{Cache, ErrorKind, Outcome, cached};

use super::server::Server;

#[cached(key = "memcached-large:<len>", lock)]
async fn zeros_there(len: usize) -> Vec<u8> {
    vec![0; len]
}

fn patient(server: &Server) -> Cache {
    let builder = Cache::at(&server.url()).expect("a valid URL");
    let built = builder.timeout(Duration::from_secs(3)).build();
    built.expect("the defaults are valid")
}

#[tokio::test]
async fn a_value_over_the_servers_limit_is_returned_and_not_stored() {
    let server = Server::with(&["-I", "1m"]);
    let cache = patient(&server);
    with_cache(&cache, async {
        for _ in 0..2 {
            let (value, outcome) = zeros_there::traced(2 << 20).await;
            assert_eq!((value.len(), outcome), (2 << 20, Outcome::NotStored));
        }
        assert_eq!(zeros_there::traced(1000).await.1, Outcome::Stored);
        assert_eq!(zeros_there::traced(1000).await.1, Outcome::Hit);
        cache
            .set("k", &"old".to_owned(), 60)
            .await
            .expect("it fits");
        let error = cache.set("k", &vec![0_u8; 2 << 20], 60).await;
        let error = error.expect_err("it does not");
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        let said = error.to_string();
        assert!(said.contains("1048576") && said.contains("-I"), "{said}");
        let found = cache.get::<String>("k").await.expect("it answers");
        assert_eq!(found, None, "no older value");
    })
    .await;
}

#[tokio::test]
async fn no_key_is_a_command() {
    let server = Server::start();
    let cache = patient(&server);
    let keys = [
        "a 0 0 1\r\nX\r\nset pwned 0 0 1\r\nX",
        "a\r\nflush_all\r\n",
        "a\nms pwned 1\nX\n",
        "\0\r\n",
        "ü \t",
        &"long".repeat(100),
    ];
    for key in keys {
        cache.set(key, &key.to_owned(), 60).await.expect("any text");
    }
    for key in keys {
        let found = cache.get::<String>(key).await.expect("any text");
        assert_eq!(found.as_deref(), Some(key));
    }
    assert_eq!(server.say("mg pwned v"), "EN");
    assert_eq!(server.stat("cmd_flush"), 0);
}

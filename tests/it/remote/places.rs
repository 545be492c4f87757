//! Who does not answer is named, with where it is and what to do, and without its password.

use std::net::TcpListener;
use std::time::Duration;

use cached_core::Cache;

/// The backends that are reached over a network, as a URL names a host and a port.
fn urls(place: &str) -> Vec<(&'static str, String)> {
    vec![
        ("redis", format!("redis://me:s3cret@{place}")),
        ("redis", format!("redis+cluster://me:s3cret@{place}")),
        ("redis", format!("redis+sentinel://me:s3cret@{place}/main")),
        ("memcached", format!("memcached://{place}")),
        ("postgres", format!("postgres://me:s3cret@{place}/db")),
        ("mysql", format!("mysql://me:s3cret@{place}/db")),
    ]
}

/// What an operation says, and what `connect_checked` does.
async fn faults(url: &str, limit: Duration) -> [cached_core::Error; 2] {
    let builder = Cache::at(url).expect("a valid URL").timeout(limit);
    let cache = builder.build().expect("valid");
    let operation = cache.get::<u64>("k").await.expect_err("nobody is there");
    let checked = Cache::connect_checked(url).await;
    [operation, checked.expect_err("nobody is there")]
}

async fn are_named(place: &str, host: &str, limit: Duration) {
    for (name, url) in urls(place) {
        for fault in faults(&url, limit).await {
            let said = fault.to_string();
            println!("{said}");
            assert!(said.contains(name) && said.contains(host), "{url}: {said}");
            assert!(said.contains("URL"), "{url}: what is to be done? {said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}

/// Takes connections and says nothing.
#[tokio::test]
async fn a_host_that_never_answers_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
    let place = listener.local_addr().expect("it is bound").to_string();
    are_named(&place, &place, Duration::from_millis(50)).await;
    are_named(&place, &place, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_host_that_there_is_not_is_named() {
    let host = "no-such-host.invalid";
    are_named(&format!("{host}:4711"), host, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
    let place = listener.local_addr().expect("it is bound").to_string();
    drop(listener);
    are_named(&place, &place, Duration::from_secs(10)).await;
}

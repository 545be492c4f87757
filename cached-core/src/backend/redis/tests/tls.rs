//! TLS, with certificates of the tests' own.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use redis::{Client, TlsCertificates};

use super::server::{Server, free_port};
use super::support::*;
use crate::backend::port::Backend;
use crate::backend::redis::Redis;
use crate::backend::redis::cluster::Cluster;
use crate::backend::redis::connect::Target;
use crate::backend::redis::node::Common;
use crate::backend::redis::servers::Servers;
use crate::error::ErrorKind;

/// An authority, and a certificate of it for 127.0.0.1.
fn certify(directory: &Path) {
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca \
                  -keyout ca.key -out ca.crt && \
                  openssl req -newkey rsa:2048 -nodes -subj /CN=redis -keyout redis.key \
                  -out redis.csr && \
                  echo subjectAltName=IP:127.0.0.1 > san && \
                  openssl x509 -req -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
                  -days 2 -extfile san -out redis.crt";
    let made = Command::new("sh")
        .args(["-c", script])
        .current_dir(directory)
        .output();
    let made = made.expect("these tests need `sh`");
    assert!(made.status.success(), "they need `openssl` too: {made:?}");
}

/// A server with a port for TLS besides its plain one, and the certificate of its authority.
fn start(directory: &Path, options: &[&str]) -> (Server, String, Vec<u8>) {
    certify(directory);
    let file = |name: &str| directory.join(name).display().to_string();
    let port = free_port().to_string();
    let (key, certificate, authority) = (file("redis.key"), file("redis.crt"), file("ca.crt"));
    let tls = [
        "--tls-port",
        &port,
        "--tls-key-file",
        &key,
        "--tls-cert-file",
        &certificate,
        "--tls-ca-cert-file",
        &authority,
        "--tls-auth-clients",
        "no",
    ];
    let server = Server::with(&[&tls, options].concat());
    let authority = std::fs::read(&authority).expect("openssl has written it");
    (server, port, authority)
}

#[test]
fn tls_is_spoken_and_checked() {
    let directory = std::env::temp_dir().join(format!("cached-tls-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("the directory is writable");
    let (server, port, authority) = start(&directory, &[]);
    let url = format!("rediss://127.0.0.1:{port}");
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(authority),
    };
    let client = Client::build_with_tls(url.as_str(), certificates);
    let redis = Redis::from_client(&client.expect("the certificate is one"), runtime());
    wait(redis.check()).expect("the authority is trusted");
    assert!(redis.capabilities().pushes);
    let mut raw = wait(redis.raw()).expect("raw connections speak TLS too");
    wait(async { redis::cmd("PING").exec_async(&mut raw).await }).expect("the server answers");

    let stranger = fault(&redis_at(&url));
    assert_eq!(stranger.kind(), ErrorKind::Unavailable);
    assert!(stranger.to_string().contains("SSL_CERT_FILE"), "{stranger}");
    let plain = fault(&redis_at(&format!("redis://127.0.0.1:{port}"))).to_string();
    assert!(plain.contains("`rediss://`"), "{plain}");
    let plain = format!("rediss://127.0.0.1:{}", server.port());
    let encrypted = fault(&redis_at(&plain)).to_string();
    assert!(encrypted.contains("`redis://`"), "{encrypted}");
    let _ = std::fs::remove_dir_all(&directory);
}

#[test]
fn a_cluster_is_spoken_to_by_tls_throughout() {
    let directory = std::env::temp_dir().join(format!("cached-tls-c-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("the directory is writable");
    let options = ["--cluster-enabled", "yes", "--tls-cluster", "yes"];
    let (server, port, authority) = start(&directory, &options);
    assert_eq!(
        server.say(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]),
        "OK"
    );
    until("it serves its slots", || {
        server
            .say(&["CLUSTER", "INFO"])
            .contains("cluster_state:ok")
    });
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(authority),
    };
    let client = Client::build_with_tls(format!("rediss://127.0.0.1:{port}"), certificates);
    let seeds = vec![Target::new(&client.expect("the certificate is one"))];
    let common = Arc::new(Common::new(None));
    let cluster = Cluster::new(seeds, Arc::clone(&common), runtime());
    let redis = Redis::on(Servers::Cluster(Arc::new(cluster)), common, runtime());
    write(&redis, "k", &cell("v").1);
    assert!(read(&redis, "k").is_some());
    let named = redis_at(&format!("rediss+cluster://127.0.0.1:{port}"));
    let stranger = fault(&named).to_string();
    assert!(stranger.contains("SSL_CERT_FILE"), "{stranger}");
    let _ = std::fs::remove_dir_all(&directory);
}

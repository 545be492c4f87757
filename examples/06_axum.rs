//! A web handler that calls a cached function: `cargo run --example 06_axum`.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::routing::get;
use cached_core::{Handle, cached};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tower::ServiceExt;

#[derive(Clone, Default, Handle)]
struct Db {
    queries: Arc<AtomicU32>,
}

#[cached(key = "post:<id>", ttl = "5m")]
async fn get_post(db: &Db, id: u64) -> Result<String, StatusCode> {
    db.queries.fetch_add(1, Ordering::Relaxed);
    match id {
        0 => Err(StatusCode::NOT_FOUND),
        _ => Ok(format!("Post number {id}")),
    }
}

// The handler stays what it was. Caching the handler itself works too, and takes its extractors
// apart: `#[cached(key = "page:<id>")] async fn page(Path(id): Path<u64>) -> ..`.
async fn show(State(db): State<Db>, Path(id): Path<u64>) -> Result<String, StatusCode> {
    get_post(&db, id).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let db = Db::default();
    let app = Router::new()
        .route("/posts/{id}", get(show))
        .with_state(db.clone());

    // A server would do `axum::serve(listener, app)`. This asks the router directly, and ends.
    for path in ["/posts/7", "/posts/7", "/posts/0"] {
        let request = Request::get(path).body(Body::empty())?;
        let response = app.clone().oneshot(request).await?;
        let status = response.status();
        let body = to_bytes(response.into_body(), 1_000).await?;
        println!("{path}: {status} {}", String::from_utf8_lossy(&body));
    }
    let queries = db.queries.load(Ordering::Relaxed);
    println!("3 requests, {queries} queries");
    assert_eq!(queries, 2);
    Ok(())
}

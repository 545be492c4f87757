//! Cached functions among other attributes and in other people's runtimes: axum, tokio, tracing.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use cached_core::testing::{in_scope, isolated, isolated_blocking};
use cached_core::{Handle, Outcome, cached, invalidates};
use tower::ServiceExt;
use tracing::span;

use crate::support::{Tally, sendable};

#[derive(Clone, Default, Handle)]
struct Db(Arc<Tally>);

#[cached(key = "w:post:<id>", ttl = "5m", lock)]
async fn load(db: &Db, id: u64) -> Result<String, StatusCode> {
    db.0.add();
    tokio::task::yield_now().await;
    if id == 0 {
        Err(StatusCode::NOT_FOUND)
    } else {
        Ok(format!("post {id}"))
    }
}

async fn show(State(db): State<Db>, Path(id): Path<u64>) -> Result<String, StatusCode> {
    load(&db, id).await
}

/// The handler itself is cached.
#[cached(key = "w:page:<id>", skip(db))]
async fn page(State(db): State<Db>, Path(id): Path<u64>) -> Result<String, StatusCode> {
    Ok(format!("page of {}", load(&db, id).await?))
}

#[invalidates("w:post:<id>", "w:page:<id>")]
async fn change(State(_db): State<Db>, Path(id): Path<u64>) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn ask(app: &Router, method: &str, path: &str) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty());
    let response = app
        .clone()
        .oneshot(request.expect("valid"))
        .await
        .expect("infallible");
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1_000)
        .await
        .expect("it is short");
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn axum_handlers_call_and_are_cached_functions() {
    isolated(async {
        let db = Db::default();
        let app = Router::new()
            .route("/posts/{id}", get(show))
            .route("/pages/{id}", get(page))
            .route("/posts/{id}", post(change))
            .with_state(db.clone());
        for _ in 0..2 {
            assert_eq!(ask(&app, "GET", "/posts/7").await, (200, "post 7".into()));
            assert_eq!(
                ask(&app, "GET", "/pages/7").await,
                (200, "page of post 7".into())
            );
        }
        assert_eq!(db.0.count(), 1);
        assert_eq!(ask(&app, "GET", "/pages/0").await.0, 404);
        assert_eq!(page::entry_by(7).get().await, Some("page of post 7".into()));
        assert_eq!(ask(&app, "POST", "/posts/7").await.0, 204);
        assert!(!page::entry_by(7).contains().await);
        assert_eq!(ask(&app, "GET", "/pages/7").await.0, 200);
        assert_eq!(
            db.0.count(),
            3,
            "once more for 0, once more for the changed one"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cached_functions_run_in_spawned_tasks() {
    isolated(async {
        let db = Db::default();
        let task = |id| {
            let db = db.clone();
            tokio::spawn(in_scope(sendable(async move { load(&db, id).await })))
        };
        let tasks: Vec<_> = (0..20).map(|_| task(3)).collect();
        for task in tasks {
            assert_eq!(task.await.expect("it does not panic"), Ok("post 3".into()));
        }
        assert_eq!(db.0.count(), 1);
        // Without a scope: the installed cache, where nobody asked for this key before.
        let own = db.clone();
        let stranger = tokio::spawn(async move { load(&own, 987_654).await });
        assert!(stranger.await.is_ok_and(|loaded| loaded.is_ok()));
    })
    .await;
}

/// Notes the names of spans.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<&'static str>>>);

impl Spans {
    fn during(run: impl FnOnce()) -> Vec<&'static str> {
        let spans = Self::default();
        tracing::subscriber::with_default(spans.clone(), run);
        let names = spans.0.lock().expect("nobody panicked");
        names.clone()
    }
}

impl tracing::Subscriber for Spans {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut names = self.0.lock().expect("nobody panicked");
        names.push(attributes.metadata().name());
        span::Id::from_u64(names.len() as u64)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[cached(key = "w:below:<id>")]
#[tracing::instrument]
fn below(id: u64) -> u64 {
    id
}

#[tracing::instrument]
#[cached(key = "w:above:<id>")]
fn above(id: u64) -> u64 {
    id
}

#[cached(key = "w:below:async:<id>", skip(db))]
#[tracing::instrument(skip(db), fields(id = id))]
async fn below_async(db: &Db, id: u64) -> Result<u64, String> {
    db.0.add();
    Ok(id)
}

#[tracing::instrument(skip(db), err)]
#[cached(key = "w:above:async:<id>", skip(db))]
async fn above_async(db: &Db, id: u64) -> Result<u64, String> {
    db.0.add();
    Ok(id)
}

impl Db {
    #[cached(key = "w:method:<id>")]
    #[tracing::instrument(skip(self))]
    async fn method(&self, id: u64) -> u64 {
        id
    }

    #[tracing::instrument(skip(self))]
    #[cached(key = "w:method:above:<id>")]
    fn method_above(&self, id: u64) -> u64 {
        id
    }
}

#[test]
fn spans_are_named_after_their_function() {
    let run = |future: &mut dyn FnMut()| (Spans::during(&mut *future), Spans::during(&mut *future));
    let db = Db::default();
    isolated_blocking(|| {
        let block = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("no I/O");
        assert_eq!(run(&mut || _ = below(1)), (vec!["below"], vec![]));
        assert_eq!(
            run(&mut || _ = block.block_on(below_async(&db, 1))),
            (vec!["below_async"], vec![])
        );
        assert_eq!(
            run(&mut || _ = block.block_on(db.method(1))),
            (vec!["method"], vec![])
        );
        let first = |run: (Vec<&'static str>, Vec<&'static str>)| run.0;
        assert_eq!(first(run(&mut || _ = above(1))), ["above"]);
        assert_eq!(
            first(run(&mut || _ = block.block_on(above_async(&db, 1)))),
            ["above_async"]
        );
        assert_eq!(first(run(&mut || _ = db.method_above(1))), ["method_above"]);
        assert_eq!(
            (below::traced(1).1, above::traced(1).1),
            (Outcome::Hit, Outcome::Hit)
        );
        assert_eq!(db.0.count(), 2);
    });
}

/// Attributes that say something about a function hold for the cached one too.
mod attributes {
    #![deny(missing_docs, unused_must_use, deprecated)]

    use cached_core::cached;

    /// Documented, so that `missing_docs` has nothing to say.
    #[cached(key = "w:docs:<id>", skip(with))]
    #[must_use]
    #[inline]
    #[allow(unused_variables, clippy::needless_pass_by_value)]
    pub fn documented(id: String, #[allow(unused)] with: &u8) -> u64 {
        let unused = 1;
        3
    }

    #[cached(key = "w:cfg")]
    #[cfg(not(debug_assertions))]
    pub fn absent() -> NoSuchType {
        no_such_function()
    }

    /// The other one.
    #[cfg(debug_assertions)]
    #[cached(key = "w:cfg:present")]
    #[cfg_attr(debug_assertions, must_use)]
    pub fn absent() -> u64 {
        4
    }

    #[doc(hidden)]
    #[deprecated(note = "to see that it stays")]
    #[cached(key = "w:deprecated")]
    pub fn old() -> u64 {
        5
    }

    #[cached(key = "w:expect:<a>:<b>:<c>:<d>:<e>:<f>:<g>:<h>")]
    #[expect(clippy::too_many_arguments)]
    pub(super) fn many(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u8 {
        a + b + c + d + e + f + g + h
    }
}

#[test]
fn attributes_survive() {
    isolated_blocking(|| {
        assert_eq!(attributes::absent(), 4);
        #[expect(deprecated)]
        let old = attributes::old();
        assert_eq!((old, attributes::many(1, 1, 1, 1, 1, 1, 1, 1)), (5, 8));
    });
}

#[test]
fn functions_have_statistics() {
    #[cached(key = "w:stats:<id>")]
    fn watched(id: u64) -> Result<u64, String> {
        if id == 0 { Err("zero".into()) } else { Ok(id) }
    }
    isolated_blocking(|| {
        _ = (watched(1), watched(1), watched(1), watched(0));
        cached_core::bypass_blocking(|| _ = watched(1));
    });
    let stats = cached_core::stats();
    let row = stats.function("watched").expect("it is linked");
    assert_eq!((row.hits(), row.misses(), row.stored()), (2, 3, 1));
    assert_eq!((row.refused(), row.joined(), row.uncached()), (0, 0, 1));
    assert_eq!(row.hit_ratio(), Some(0.4));
    assert_eq!(row.site().template(), "w:stats:<id>");
    let printed = stats.to_string();
    let line = printed
        .lines()
        .find(|line| line.contains("::watched"))
        .expect("it has a row");
    assert!(line.contains("40.0%"), "{line}");
}

//! What comes while a value is computed: whatever ends a value overtakes its computation.

use std::future::Future;

use super::stage::{Function, Gate, function, settled, together};
use super::subject::Subject;
use crate::cache::Cache;
use crate::error::Error;
use crate::event::{Delivery, Outcome};

/// The tag of every computation here.
const TAG: &str = "t";

/// Computes `k` in one process, with a tag, and does something once that has begun, in this process
/// or another; what the computation came to.
async fn meanwhile_in<Fut>(
    (here, other): (&Cache, &Cache),
    function: Function,
    meanwhile: impl FnOnce(Cache) -> Fut,
) -> (String, Outcome)
where
    Fut: Future<Output = ()>,
{
    let (begun, end) = (Gate::default(), Gate::default());
    let computing = function.call(here, "k", &[TAG], || async {
        begun.open();
        end.passed().await;
        "old".to_owned()
    });
    let overtaking = async {
        begun.passed().await;
        meanwhile(other.clone()).await;
        end.open();
    };
    together(computing, overtaking).await.0
}

/// Computes `k` in one process, does something meanwhile, in this process or another, and shows
/// that what was computed is refused. What is there afterwards is `left`.
async fn overtakes<Fut>(
    subject: &Subject,
    function: Function,
    left: Option<&str>,
    meanwhile: impl Fn(Cache) -> Fut,
) where
    Fut: Future<Output = ()>,
{
    for by_another in [false, true] {
        let (here, there) = subject.caches();
        let other = if by_another { &there } else { &here };
        let (value, outcome) = meanwhile_in((&here, other), function, &meanwhile).await;
        assert_eq!(value, "old", "the caller gets what its body returned");
        assert_eq!(
            outcome,
            Outcome::Refused,
            "it was overtaken, by another process: {by_another}"
        );
        let found = there.get::<String>("k").await.ok().flatten();
        assert_eq!(
            found.as_deref(),
            left,
            "what was computed before is not stored, by another process: {by_another}"
        );
    }
}

/// The value is not what matters; that there was no fault is.
#[track_caller]
fn done<T>(answer: Result<T, Error>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("nothing stands in the way of this operation: {error}"),
    }
}

/// `invalidate` overtakes a computation.
pub async fn invalidate_overtakes(subject: &Subject) {
    overtakes(
        subject,
        function!("invalidated"),
        None,
        |cache| async move {
            let delivery = done(cache.invalidate("k").await);
            assert_eq!(delivery, Delivery::Acknowledged, "the backend answers");
        },
    )
    .await;
}

/// `delete` overtakes a computation, though no value is there yet.
pub async fn delete_overtakes(subject: &Subject) {
    overtakes(subject, function!("deleted"), None, |cache| async move {
        assert!(!done(cache.delete("k").await), "no value is there yet");
    })
    .await;
}

/// `delete_many` overtakes a computation.
pub async fn delete_many_overtakes(subject: &Subject) {
    overtakes(subject, function!("many"), None, |cache| async move {
        done(cache.delete_many(["other", "k"]).await);
    })
    .await;
}

/// Computes in one process, drops many entries at once meanwhile, in this process or another, and
/// shows that what was computed is not served. It may be stored: what dropped it tells it apart.
async fn outdates<Fut>(subject: &Subject, function: Function, meanwhile: impl Fn(Cache) -> Fut)
where
    Fut: Future<Output = ()>,
{
    for by_another in [false, true] {
        let (here, there) = subject.caches();
        let other = if by_another { &there } else { &here };
        meanwhile_in((&here, other), function, &meanwhile).await;
        for cache in [&here, &there] {
            let found = cache.get::<String>("k").await.ok().flatten();
            assert_eq!(
                found, None,
                "its computation began before, by another process: {by_another}"
            );
        }
        let body = || async { "new".to_owned() };
        let (value, _) = function.call(&there, "k", &[TAG], body).await;
        assert_eq!(value, "new", "so the body runs");
    }
}

/// `clear` overtakes a computation.
pub async fn clear_overtakes(subject: &Subject) {
    outdates(subject, function!("cleared"), |cache| async move {
        done(cache.clear().await);
    })
    .await;
}

/// `invalidate_tag` overtakes a computation that will carry the tag.
pub async fn a_tag_overtakes(subject: &Subject) {
    outdates(subject, function!("tagged"), |cache| async move {
        done(cache.invalidate_tag(TAG).await);
    })
    .await;
}

/// `invalidate_all` of the function overtakes its computations.
pub async fn the_function_overtakes(subject: &Subject) {
    let function = function!("whole");
    outdates(subject, function, |cache| async move {
        function.invalidate_all(&cache).await;
    })
    .await;
}

/// `set` overtakes a computation, and its value stays.
pub async fn set_overtakes(subject: &Subject) {
    overtakes(subject, function!("set"), Some("set"), |cache| async move {
        done(cache.set("k", &"set".to_owned(), 60).await);
    })
    .await;
}

/// `set` for no time overtakes a computation as a removal does.
pub async fn a_set_for_no_time_overtakes(subject: &Subject) {
    overtakes(subject, function!("zero"), None, |cache| async move {
        done(cache.set("k", &"set".to_owned(), 0).await);
    })
    .await;
}

/// `add` finds no value while one is computed, and overtakes the computation.
pub async fn add_overtakes(subject: &Subject) {
    overtakes(
        subject,
        function!("added"),
        Some("add"),
        |cache| async move {
            let added = done(cache.add("k", &"add".to_owned(), 60).await);
            assert!(added, "a computation under way is no value");
        },
    )
    .await;
}

/// A call that begins after an invalidation never joins a computation from before it, in whichever
/// process that runs.
pub async fn nobody_joins_what_is_overtaken(subject: &Subject) {
    let function = function!("joined");
    for by_another in [false, true] {
        let (here, there) = subject.caches();
        let (begun, end) = (Gate::default(), Gate::default());
        let computing = function.returns_after(&here, "k", "old", &begun, &end);
        let coming_later = async {
            begun.passed().await;
            let by = if by_another { &there } else { &here };
            done(by.invalidate("k").await);
            let later = function.returns(&here, "k", "new");
            let ending = async {
                // The later call has looked, and joined if it wants to.
                settled(&here).await;
                end.open();
            };
            together(later, ending).await.0
        };
        let (_, (value, _)) = together(computing, coming_later).await;
        assert_eq!(
            value, "new",
            "this call began after the invalidation, by another process: {by_another}"
        );
    }
}

/// Who joined a computation that is then overtaken starts over.
pub async fn joiners_of_the_overtaken_start_over(subject: &Subject) {
    let function = function!("restarted");
    let (here, there) = subject.caches();
    let (begun, end) = (Gate::default(), Gate::default());
    let computing = function.returns_after(&here, "k", "old", &begun, &end);
    let meanwhile = async {
        begun.passed().await;
        let joining = function.returns(&here, "k", "new");
        let overtaking = async {
            done(there.invalidate("k").await);
            end.open();
        };
        together(joining, overtaking).await.0
    };
    let (_, (value, outcome)) = together(computing, meanwhile).await;
    assert_eq!(
        (value.as_str(), outcome),
        ("new", Outcome::Stored),
        "the value it waited for was refused, so it computes and stores one"
    );
}

/// `expire` is no invalidation: a computation under way still fills.
pub async fn expire_lets_a_computation_fill(subject: &Subject) {
    let function = function!("expired");
    let (here, there) = subject.caches();
    let (begun, end) = (Gate::default(), Gate::default());
    let computing = function.returns_after(&here, "k", "value", &begun, &end);
    let expiring = async {
        begun.passed().await;
        assert!(!done(there.expire("k").await), "no value is there yet");
        end.open();
    };
    let ((_, outcome), ()) = together(computing, expiring).await;
    assert_eq!(outcome, Outcome::Stored, "nothing destroyed its lease");
}

//! Arguments that only lead to data need no mention: their types are handles.

use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Arc;

use cached_core::testing::{isolated, isolated_blocking};
use cached_core::{Handle, KeyPart, Outcome, cached};

use crate::support::Tally;

#[derive(Debug, Default, Handle)]
struct Db {
    runs: Tally2,
}

/// Only for its `Debug`.
#[derive(Default)]
struct Tally2(Tally);

impl Debug for Tally2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.count())
    }
}

#[derive(Handle, Clone, Copy)]
struct Client<'a, T, const N: usize>(&'a T, [u8; N]);

#[derive(Handle)]
enum Backend {
    Here,
    #[expect(dead_code)]
    There(String),
}

#[tokio::test]
async fn handles_stay_out_of_a_written_key() {
    #[cached(key = "h:written:<id>")]
    async fn find(db: &Db, id: u64, backend: Backend, client: Client<'_, u8, 2>) -> u64 {
        db.runs.0.add();
        let _ = (backend, client.0, client.1);
        id
    }
    isolated(async {
        let (one, two, n) = (Db::default(), Db::default(), 1);
        assert_eq!(find(&one, 1, Backend::Here, Client(&n, [0; 2])).await, 1);
        assert_eq!(find(&two, 1, Backend::Here, Client(&n, [1; 2])).await, 1);
        assert_eq!((one.runs.0.count(), two.runs.0.count()), (1, 0));
        assert_eq!(find::entry(1).key(), "h:written:1");
    })
    .await;
}

#[test]
fn handles_stay_out_of_a_default_key() {
    #[cached]
    fn find(db: &Db, id: u64, shared: Arc<Db>, local: Rc<Db>, boxed: Box<Db>) -> u64 {
        db.runs.0.add();
        let _ = (shared, local, boxed);
        id
    }
    isolated_blocking(|| {
        let db = Db::default();
        let call = |id| find(&db, id, Arc::default(), Rc::default(), Box::default());
        assert_eq!((call(1), call(1), call(2)), (1, 1, 2));
        assert_eq!(db.runs.0.count(), 2);
        let key = find::entry(&db, 1, Arc::default(), Rc::default(), Box::default());
        assert_eq!(
            key.key(),
            format!(
                "{}::handles_stay_out_of_a_default_key::find:1",
                module_path!()
            )
        );
    });
}

#[test]
fn a_handle_that_is_self_stays_out_too() {
    #[derive(Handle)]
    struct Repo(Db);
    impl Repo {
        #[cached]
        fn find(&self, id: u64) -> u64 {
            self.0.runs.0.add();
            id
        }
    }
    isolated_blocking(|| {
        let (one, two) = (Repo(Db::default()), Repo(Db::default()));
        assert_eq!((one.find(1), two.find(1)), (1, 1));
        assert_eq!((one.0.runs.0.count(), two.0.runs.0.count()), (1, 0));
        assert!(one.find_entry(1).key().ends_with(":1"));
    });
}

/// A part of keys beside a handle.
#[derive(KeyPart)]
struct Tenant(u64);

#[tokio::test]
async fn a_handle_may_still_be_named_in_the_key() {
    #[derive(Handle)]
    struct Shard {
        number: u64,
    }
    #[cached(key = "h:named:<shard.number>:<tenant>:<id>")]
    async fn find(shard: &Shard, tenant: Tenant, id: u64) -> u64 {
        shard.number * 100 + tenant.0 * 10 + id
    }
    isolated(async {
        let call = |number, tenant| async move { find(&Shard { number }, Tenant(tenant), 1).await };
        assert_eq!(
            (call(1, 2).await, call(2, 2).await, call(1, 3).await),
            (121, 221, 131)
        );
        assert_eq!(
            find::traced(&Shard { number: 1 }, Tenant(2), 1).await.1,
            Outcome::Hit
        );
        assert_eq!(find::entry_by(1, 2, 1).key(), "h:named:1:2:1");
    })
    .await;
}

#[test]
fn what_is_skipped_need_not_be_a_handle() {
    struct Opaque(#[expect(dead_code)] f64);
    #[cached(key = "h:skipped:<id>", skip(opaque, by))]
    fn find(opaque: &Opaque, by: &(dyn Fn(u64) -> u64 + '_), id: u64) -> u64 {
        let _ = opaque;
        by(id)
    }
    isolated_blocking(|| {
        assert_eq!(find(&Opaque(0.5), &|id| id + 1, 1), 2);
        assert_eq!(find(&Opaque(1.5), &|id| id + 2, 1), 2);
        assert_eq!(find::entry(1).key(), "h:skipped:1");
    });
}

use expect_test::expect;

use super::expand;
use crate::place::Place;
use crate::testing::check;

#[test]
fn a_batch_makes_a_call_of_each_id() {
    check(
        expand(
            Place::Free,
            "key = \"post:<id>\", batch(id in ids), tags(\"all:<id>\")",
            "async fn posts(db: &Db, ids: &[u64]) -> HashMap<u64, Post> { db.load(ids).await }",
        ),
        &expect![[r#"
            async fn posts(db: &Db, ids: &[u64]) -> HashMap<u64, Post> {
                posts::traced(db, ids).await.0
            }
            #[doc(hidden)]
            #[allow(non_camel_case_types, dead_code)]
            enum posts {}
            const _: () = {
                use ::cached_core::__private as __p;
                #[allow(dead_code)]
                impl posts {
                    fn site() -> &'static __p::Site {
                        __p::site!(
                            reader "posts", "post:<id>", .tags(& ["all:<id>"])
                            .value(__p::value_of_bulk!(HashMap < u64, Post >))
                        )
                    }
                    async fn traced(
                        db: &Db,
                        ids: &[u64],
                    ) -> (HashMap<u64, Post>, ::std::vec::Vec<__p::Outcome>) {
                        __p::assert_handle::<Db>();
                        __p::assert_bulk!(HashMap < u64, Post >);
                        let __shape = __p::bulk!(HashMap < u64, Post >, []);
                        __p::Batch::look(
                                &__shape,
                                &ids[..],
                                |id| {
                                    let mut __call = __p::Call::start(Self::site());
                                    __call.key(|__k| __k.literal("post:").part(&id).end());
                                    __call
                                },
                                #[allow(unused_variables)]
                                |__call, id| __call.tag(|__k| __k.literal("all:").part(&id).end()),
                            )
                            .run_async(
                                &__shape,
                                move |__missing| {
                                    let db = __p::again(&db);
                                    async move { Self::posts(db, &__missing).await }
                                },
                            )
                            .await
                    }
                    async fn posts(db: &Db, ids: &[u64]) -> HashMap<u64, Post> {
                        db.load(ids).await
                    }
                    async fn uncached(db: &Db, ids: &[u64]) -> HashMap<u64, Post> {
                        Self::posts(db, ids).await
                    }
                    __p::every_entry!(, Self);
                }
            };
        "#]],
    );
}

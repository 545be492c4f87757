use expect_test::expect;

use super::expand;
use crate::place::{Place, Surroundings};
use crate::testing::{check, formatted, tokens};

const HELLO: &str = "pub fn get_post(id: u64) -> Result<Post, DbError> { load(id) }";

#[test]
fn a_free_function_gets_a_companion() {
    check(
        expand(Place::Free, "key = \"post:<id>\", ttl = 300", HELLO),
        &expect![[r#"
            pub fn get_post(id: u64) -> Result<Post, DbError> {
                get_post::traced(id).0
            }
            #[doc(hidden)]
            #[allow(non_camel_case_types, dead_code)]
            pub enum get_post {}
            const _: () = {
                use ::cached_core::__private as __p;
                #[allow(dead_code)]
                impl get_post {
                    fn site() -> &'static __p::Site {
                        __p::site!(
                            reader "get_post", "post:<id>", .ttl_ms(300000)
                            .value(__p::value_of!(Result < Post, DbError >))
                        )
                    }
                    pub fn traced(id: u64) -> (Result<Post, DbError>, __p::Outcome) {
                        __p::assert_storable!(Result < Post, DbError >);
                        let mut __call = __p::Call::start(Self::site());
                        __call.key(|__k| __k.literal("post:").part(&id).end());
                        let __shape = __p::shape!(Result < Post, DbError >);
                        if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
                            return __hit;
                        }
                        __call.run(&__shape, move || Self::get_post(id))
                    }
                    fn get_post(id: u64) -> Result<Post, DbError> {
                        load(id)
                    }
                    pub fn uncached(id: u64) -> Result<Post, DbError> {
                        Self::get_post(id)
                    }
                    pub fn entry(id: u64) -> __p::Entry<Result<Post, DbError>> {
                        __p::Entry::new(
                            Self::site(),
                            __p::shape!(Result < Post, DbError >),
                            |__k| __k.literal("post:").part(&id).end(),
                        )
                    }
                    pub fn entry_by(id: impl __p::KeyPart) -> __p::Entry<Result<Post, DbError>> {
                        __p::Entry::new(
                            Self::site(),
                            __p::shape!(Result < Post, DbError >),
                            |__k| __k.literal("post:").part(&id).end(),
                        )
                    }
                    __p::every_entry!(pub, Self);
                }
            };
        "#]],
    );
}

#[test]
fn the_first_example_stays_short() {
    let expansion = formatted(expand(Place::Free, "key = \"post:<id>\", ttl = 300", HELLO));
    let of_the_user = ["pub fn get_post(", "fn get_post(", "load(id)"];
    let is_own = |line: &&str| !of_the_user.iter().any(|user| line.contains(user));
    assert!(
        expansion.lines().filter(is_own).count() <= 48,
        "{expansion}"
    );
}

#[test]
fn an_async_function_keeps_its_promises() {
    let expansion = expand(
        Place::Free,
        "key = \"post:<id>\", lock, skip(db, author), tags(\"user:<author>\")",
        "/// Docs.
        #[must_use]
        #[tracing::instrument]
        #[cfg(unix)]
        async fn get_post(db: &Db, id: u64, author: u64) -> Result<Post, DbError> { db.load(id).await }",
    );
    check(
        expansion,
        &expect![[r##"
        #[cfg(unix)]
        /// Docs.
        #[must_use]
        async fn get_post(db: &Db, id: u64, author: u64) -> Result<Post, DbError> {
            get_post::traced(db, id, author).await.0
        }
        #[cfg(unix)]
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        enum get_post {}
        #[cfg(unix)]
        const _: () = {
            use ::cached_core::__private as __p;
            #[allow(dead_code)]
            impl get_post {
                fn site() -> &'static __p::Site {
                    __p::site!(
                        reader "get_post", "post:<id>", .lock().tags(& ["user:<author>"])
                        .value(__p::value_of!(Result < Post, DbError >))
                    )
                }
                async fn traced(
                    db: &Db,
                    id: u64,
                    author: u64,
                ) -> (Result<Post, DbError>, __p::Outcome) {
                    __p::assert_storable!(Result < Post, DbError >);
                    let mut __call = __p::Call::start(Self::site());
                    __call.key(|__k| __k.literal("post:").part(&id).end());
                    let __shape = __p::shape!(Result < Post, DbError >);
                    if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
                        return __hit;
                    }
                    __call
                        .tag(|__k| __k.literal("user:").part(&author).end())
                        .run_async(&__shape, move || Self::get_post(db, id, author))
                        .await
                }
                #[tracing::instrument]
                async fn get_post(db: &Db, id: u64, author: u64) -> Result<Post, DbError> {
                    db.load(id).await
                }
                async fn uncached(db: &Db, id: u64, author: u64) -> Result<Post, DbError> {
                    Self::get_post(db, id, author).await
                }
                fn entry(id: u64, author: u64) -> __p::Entry<Result<Post, DbError>> {
                    __p::Entry::new(
                            Self::site(),
                            __p::shape!(Result < Post, DbError >),
                            |__k| __k.literal("post:").part(&id).end(),
                        )
                        .tag(|__k| __k.literal("user:").part(&author).end())
                }
                fn entry_by(
                    id: impl __p::KeyPart,
                    author: impl __p::KeyPart,
                ) -> __p::Entry<Result<Post, DbError>> {
                    __p::Entry::new(
                            Self::site(),
                            __p::shape!(Result < Post, DbError >),
                            |__k| __k.literal("post:").part(&id).end(),
                        )
                        .tag(|__k| __k.literal("user:").part(&author).end())
                }
                __p::every_entry!(, Self);
            }
        };
    "##]],
    );
}

#[test]
fn without_a_key_every_argument_is_in_it() {
    let around = Surroundings {
        place: Some(Place::Free),
        names: vec!["outer".to_owned()],
    };
    let item = tokens("fn f<T: KeyType>(db: &Db, id: u64) -> u64 { id }");
    check(
        crate::cached::expand(tokens("skip(db)"), item, around),
        &expect![[r#"
            fn f<T: KeyType>(db: &Db, id: u64) -> u64 {
                f::traced::<T>(db, id).0
            }
            #[doc(hidden)]
            #[allow(non_camel_case_types, dead_code)]
            enum f {}
            const _: () = {
                use ::cached_core::__private as __p;
                #[allow(dead_code)]
                impl f {
                    fn site() -> &'static __p::Site {
                        __p::site!(
                            reader "f", ::core::concat!(::core::module_path!(), "::outer::f",
                            ":<arguments>")
                        )
                    }
                    fn traced<T: KeyType>(db: &Db, id: u64) -> (u64, __p::Outcome) {
                        __p::assert_storable!(u64);
                        let __site = Self::site();
                        let mut __call = __p::Call::start(__site);
                        __call
                            .key(|__k| {
                                __k.literal(::core::concat!(::core::module_path!(), "::outer::f"))
                                    .rank(__site.rank());
                                __p::default_part!(__k, id);
                                __k.literal(":").type_part::<T>();
                            });
                        let __shape = __p::shape!(u64);
                        if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
                            return __hit;
                        }
                        __call.run(&__shape, move || Self::f::<T>(db, id))
                    }
                    fn f<T: KeyType>(db: &Db, id: u64) -> u64 {
                        id
                    }
                    fn uncached<T: KeyType>(db: &Db, id: u64) -> u64 {
                        Self::f::<T>(db, id)
                    }
                    fn entry<T: KeyType>(id: u64) -> __p::Entry<u64> {
                        let __site = Self::site();
                        __p::Entry::new(
                            __site,
                            __p::shape!(u64),
                            |__k| {
                                __k.literal(::core::concat!(::core::module_path!(), "::outer::f"))
                                    .rank(__site.rank());
                                __p::default_part!(__k, id);
                                __k.literal(":").type_part::<T>();
                            },
                        )
                    }
                    __p::every_entry!(, Self);
                }
            };
        "#]],
    );
}

#[test]
fn a_pattern_is_taken_apart_for_the_key() {
    let expansion = expand(
        Place::Free,
        "key = \"page:<id>:<query:hash>\", ttl = lifetime(id)",
        "fn page(Path(mut id): Path<u64>, Query(query): Query<Search>) -> Page { render(id, query) }",
    );
    check(
        expansion,
        &expect![[r#"
            fn page(id: Path<u64>, query: Query<Search>) -> Page {
                page::traced(id, query).0
            }
            #[doc(hidden)]
            #[allow(non_camel_case_types, dead_code)]
            enum page {}
            const _: () = {
                use ::cached_core::__private as __p;
                #[allow(dead_code)]
                impl page {
                    fn site() -> &'static __p::Site {
                        __p::site!(
                            reader "page", "page:<id>:<query:hash>", .value(__p::value_of!(Page))
                        )
                    }
                    fn traced(id: Path<u64>, query: Query<Search>) -> (Page, __p::Outcome) {
                        __p::assert_storable!(Page);
                        let mut __call = __p::Call::start(Self::site())
                            .ttl(
                                __p::Ttl::from({
                                    #[allow(unused_variables)]
                                    let Path(id) = &id;
                                    lifetime(id)
                                }),
                            );
                        __call
                            .key(|__k| {
                                #[allow(unused_variables)]
                                let Path(id) = &id;
                                #[allow(unused_variables)]
                                let Query(query) = &query;
                                __k.literal("page:").part(&id).literal(":").hash(&query).end()
                            });
                        let __shape = __p::shape!(Page);
                        if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
                            return __hit;
                        }
                        __call.run(&__shape, move || Self::page(id, query))
                    }
                    fn page(Path(mut id): Path<u64>, Query(query): Query<Search>) -> Page {
                        render(id, query)
                    }
                    fn uncached(id: Path<u64>, query: Query<Search>) -> Page {
                        Self::page(id, query)
                    }
                    fn entry(id: Path<u64>, query: Query<Search>) -> __p::Entry<Page> {
                        __p::Entry::new(
                                Self::site(),
                                __p::shape!(Page),
                                |__k| {
                                    #[allow(unused_variables)]
                                    let Path(id) = &id;
                                    #[allow(unused_variables)]
                                    let Query(query) = &query;
                                    __k.literal("page:").part(&id).literal(":").hash(&query).end()
                                },
                            )
                            .ttl(
                                __p::Ttl::from({
                                    #[allow(unused_variables)]
                                    let Path(id) = &id;
                                    lifetime(id)
                                }),
                            )
                    }
                    fn entry_by(
                        id: impl __p::KeyPart,
                        query_to_hash: impl __p::Serialize,
                    ) -> __p::Entry<Page> {
                        __p::Entry::new(
                            Self::site(),
                            __p::shape!(Page),
                            |__k| {
                                __k
                                    .literal("page:")
                                    .part(&id)
                                    .literal(":")
                                    .hash(&query_to_hash)
                                    .end()
                            },
                        )
                    }
                    __p::every_entry!(, Self);
                }
            };
        "#]],
    );
}

use expect_test::expect;

use crate::place::{Place, Surroundings};
use crate::testing::{check, faults, formatted, inside, tokens};

fn expand(place: Place, attr: &str, item: &str) -> proc_macro2::TokenStream {
    super::expand(tokens(attr), tokens(item), inside(place))
}

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
        super::expand(tokens("skip(db)"), item, around),
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
                        let mut __call = __p::Call::start(Self::site());
                        __call
                            .key(|__k| {
                                __k.literal(::core::concat!(::core::module_path!(), "::outer::f"));
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
                        __p::Entry::new(
                            Self::site(),
                            __p::shape!(u64),
                            |__k| {
                                __k.literal(::core::concat!(::core::module_path!(), "::outer::f"));
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
fn a_method_gets_siblings() {
    let expansion = expand(
        Place::Inherent,
        "key = \"post:<self.tenant>:<id>\", cache = self.cache",
        "pub async fn find(&self, mut id: u64) -> Option<Post> { id += 1; self.load(id).await }",
    );
    check(
        expansion,
        &expect![[r#"
        pub async fn find(&self, id: u64) -> Option<Post> {
            Self::find_traced(self, id).await.0
        }
        #[doc(hidden)]
        #[allow(dead_code)]
        pub fn find_site() -> &'static ::cached_core::__private::Site {
            ::cached_core::__private::site!(
                reader "find", "post:<self.tenant>:<id>", .cache_expr()
            )
        }
        ///[`find`](Self::find), and where its value came from.
        #[allow(dead_code)]
        pub async fn find_traced(
            &self,
            id: u64,
        ) -> (Option<Post>, ::cached_core::__private::Outcome) {
            ::cached_core::__private::assert_storable!(Option < Post >);
            let __cache = &(self.cache);
            let mut __call = ::cached_core::__private::Call::start(Self::find_site())
                .on_type(::core::any::type_name::<Self>())
                .cache(__cache);
            __call
                .key(|__k| __k.literal("post:").part(&self.tenant).literal(":").part(&id).end());
            let __shape = ::cached_core::__private::shape!(Option < Post >);
            if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
                return __hit;
            }
            __call.run_async(&__shape, move || Self::find_uncached(self, id)).await
        }
        ///The body of [`find`](Self::find): nothing is read or stored.
        #[allow(dead_code)]
        pub async fn find_uncached(&self, mut id: u64) -> Option<Post> {
            id += 1;
            self.load(id).await
        }
        ///The entry of [`find`](Self::find) for these arguments.
        #[allow(dead_code)]
        pub fn find_entry(&self, id: u64) -> ::cached_core::__private::Entry<Option<Post>> {
            ::cached_core::__private::Entry::new(
                    Self::find_site(),
                    ::cached_core::__private::shape!(Option < Post >),
                    |__k| __k.literal("post:").part(&self.tenant).literal(":").part(&id).end(),
                )
                .cache(&(self.cache))
        }
        #[doc(hidden)]
        #[allow(dead_code)]
        pub fn find_entry_at(&self, id: u64) -> ::cached_core::__private::Entry<Option<Post>> {
            ::cached_core::__private::Entry::new(
                    Self::find_site(),
                    ::cached_core::__private::shape!(Option < Post >),
                    |__k| __k.literal("post:").part(&self.tenant).literal(":").part(&id).end(),
                )
                .cache(&(self.cache))
        }
        ///The entry of [`find`](Self::find) by one value per placeholder of its key and tags.
        #[allow(dead_code)]
        pub fn find_entry_by(
            &self,
            self_tenant: impl ::cached_core::__private::KeyPart,
            id: impl ::cached_core::__private::KeyPart,
        ) -> ::cached_core::__private::Entry<Option<Post>> {
            ::cached_core::__private::Entry::new(
                    Self::find_site(),
                    ::cached_core::__private::shape!(Option < Post >),
                    |__k| __k.literal("post:").part(&self_tenant).literal(":").part(&id).end(),
                )
                .cache(&(self.cache))
        }
        ///Every entry of [`find`](Self::find).
        #[allow(dead_code)]
        pub fn find_all(&self) -> ::cached_core::__private::EntryAll {
            ::cached_core::__private::EntryAll::new(Self::find_site()).cache(&(self.cache))
        }
        ///Drops every entry of [`find`](Self::find).
        #[allow(dead_code)]
        pub async fn find_invalidate_all(&self) -> ::cached_core::__private::Delivery {
            Self::find_all(self).invalidate().await
        }
        #[doc(hidden)]
        #[allow(dead_code)]
        pub fn find_all_of(&self) -> ::cached_core::__private::EntryAll {
            Self::find_all(self)
        }
    "#]],
    );
}

#[test]
fn a_method_of_a_trait_holds_everything_itself() {
    let expansion = expand(
        Place::TraitImpl,
        "key = \"post:<id>\", skip(self)",
        "async fn find(&self, id: u64) -> Option<Post> { self.load(id).await }",
    );
    check(
        expansion,
        &expect![[r#"
        async fn find(&self, id: u64) -> Option<Post> {
            ::cached_core::__private::assert_storable!(Option < Post >);
            let mut __call = ::cached_core::__private::Call::start(
                    ::cached_core::__private::site!(reader "find", "post:<id>"),
                )
                .on_type(::core::any::type_name::<Self>());
            __call.key(|__k| __k.literal("post:").part(&id).end());
            let __shape = ::cached_core::__private::shape!(Option < Post >);
            if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
                return __hit.0;
            }
            __call
                .run_async(
                    &__shape,
                    move || async move {
                        if false {
                            return ::cached_core::__private::never::<Option<Post>>();
                        }
                        { self.load(id).await }
                    },
                )
                .await
                .0
        }
    "#]],
    );
}

#[test]
fn the_boxed_future_of_async_trait_stays_boxed() {
    let expansion = expand(
        Place::TraitImpl,
        "key = \"post:<id>\", skip(self)",
        "fn find<'life0, 'async_trait>(&'life0 self, id: u64)
            -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = Option<Post>>
                + ::core::marker::Send + 'async_trait>>
            where 'life0: 'async_trait, Self: 'async_trait
        { Box::pin(async move { let __self = self; None }) }",
    );
    check(
        expansion,
        &expect![[r#"
        fn find<'life0, 'async_trait>(
            &'life0 self,
            id: u64,
        ) -> ::core::pin::Pin<
            Box<
                dyn ::core::future::Future<
                    Output = Option<Post>,
                > + ::core::marker::Send + 'async_trait,
            >,
        >
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            ::std::boxed::Box::pin(async move {
                ::cached_core::__private::assert_storable!(Option < Post >);
                let mut __call = ::cached_core::__private::Call::start(
                        ::cached_core::__private::site!(reader "find", "post:<id>"),
                    )
                    .on_type(::core::any::type_name::<Self>());
                __call.key(|__k| __k.literal("post:").part(&id).end());
                let __shape = ::cached_core::__private::shape!(Option < Post >);
                if let ::core::option::Option::Some(__hit) = __call.hit(&__shape) {
                    return __hit.0;
                }
                __call
                    .run_async(
                        &__shape,
                        move || -> ::core::pin::Pin<
                            Box<
                                dyn ::core::future::Future<
                                    Output = Option<Post>,
                                > + ::core::marker::Send + 'async_trait,
                            >,
                        > {
                            Box::pin(async move {
                                let __self = self;
                                None
                            })
                        },
                    )
                    .await
                    .0
            })
        }
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
                        .ttl({
                            #[allow(unused_variables)]
                            let Path(id) = &id;
                            lifetime(id)
                        });
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

#[test]
fn every_policy_reaches_the_site() {
    let expansion = formatted(expand(
        Place::Free,
        "key = \"k\", ttl = \"forever\", ttl_none = \"30s\", lock = \"9s\", wait = \"2s\", version = 2,
         cache = \"c\", in_process, share_err = false, weigh = |v: &V| v.size()",
        "fn f() -> Option<V> { None }",
    ));
    for call in [
        ".forever()",
        ".ttl_none_ms(30000)",
        ".lock_ms(9000)",
        ".wait_ms(2000)",
        ".version(2)",
        ".cache(\"c\")",
        ".in_process()",
        ".no_share_err()",
        ".weigh(|v: &V| v.size())",
        "shape!(Option < V >, in_process)",
    ] {
        assert!(expansion.contains(call), "{call} in {expansion}");
    }
}

#[test]
fn a_faulty_function_stays_as_it_was() {
    let expansion = expand(
        Place::Free,
        "key = \"\", ttl = 0",
        "#[inline] fn f(a: u8) -> u8 { a }",
    );
    assert_eq!(faults(&expansion).len(), 2);
    let text = formatted(expansion);
    assert!(
        text.starts_with("#[inline]\nfn f(a: u8) -> u8 {\n    a\n}\n"),
        "{text}"
    );
}

#[test]
fn all_faults_are_reported_at_once() {
    let expansion = expand(
        Place::Free,
        "key = \"a:<x>:<y>\", tll = 5, ttl = -1, skip(z), stale, lock(3)",
        "const fn f<T>(x: &mut u8, y: u8) {}",
    );
    let faults = faults(&expansion);
    for fault in [
        "did you mean `ttl`",
        "is negative",
        "`skip(z)` names no argument",
        "`stale` is not available yet",
        "`lock` is not written this way",
        "`const fn`",
        "by `&mut`",
        "returns nothing",
        "`T` is not in the key",
    ] {
        assert!(
            faults.iter().any(|found| found.contains(fault)),
            "{fault} in {faults:#?}"
        );
    }
    assert_eq!(faults.len(), 9);
}

#[test]
fn a_broken_option_does_not_hide_the_next() {
    let expansion = expand(Place::Free, "key = , ttl = 0", "fn f() -> u8 { 1 }");
    assert_eq!(faults(&expansion).len(), 2);
}

#[test]
fn the_body_is_not_looked_into() {
    let expansion = expand(Place::Free, "", "fn f() -> u8 { this is $ not rust @ 7 }");
    let text = expansion.to_string();
    assert!(text.contains("{ this is $ not rust @ 7 }"), "{text}");
}

#[test]
fn self_decides_where_the_source_does_not() {
    let unknown = |item| super::expand(tokens("skip(self)"), tokens(item), Surroundings::default());
    assert!(formatted(unknown("fn f(&self) -> u8 { 1 }")).contains("fn f_entry(&self)"));
    let unknown = |item| super::expand(tokens(""), tokens(item), Surroundings::default());
    assert!(formatted(unknown("fn f() -> u8 { Self::X }")).contains("fn f_entry()"));
    assert!(formatted(unknown("fn f() -> u8 { X }")).contains("enum f"));
}

use expect_test::expect;

use super::expand;
use crate::place::Place;
use crate::testing::check;

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
                .on_type(::core::any::type_name::<Self>())
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
                .on_type(::core::any::type_name::<Self>())
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
                .on_type(::core::any::type_name::<Self>())
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
                            #[allow(unused_braces)] { self.load(id).await }
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

use expect_test::expect;

use crate::place::Place;
use crate::testing::{check, faults, formatted, inside, tokens};

fn expand(attr: &str, item: &str) -> proc_macro2::TokenStream {
    super::expand(tokens(attr), tokens(item), inside(Place::Free))
}

#[test]
fn targets_are_rendered_before_the_body() {
    let expansion = expand(
        "\"post:<id>\", tag = \"user:<author.id>\", \"feed:<id>:*\", get_post(id), posts::feed(..)",
        "async fn update(id: u64, author: &Author) -> Result<(), Error> { save(id).await? }",
    );
    check(
        expansion,
        &expect![[r#"
            async fn update(id: u64, author: &Author) -> Result<(), Error> {
                let __mutation = ::cached_core::__private::Mutation::new()
                    .key(
                        ::cached_core::__private::site!(mutator "update", "post:<id>"),
                        |__k| __k.literal("post:").part(&id).end(),
                    )
                    .tag(
                        ::cached_core::__private::site!(
                            mutator "update", "user:<author.id>", .as_tag()
                        ),
                        |__k| __k.literal("user:").part(&author.id).end(),
                    )
                    .tag(
                        ::cached_core::__private::site!(mutator "update", "feed:<id>", .as_tag()),
                        |__k| __k.literal("feed:").part(&id).end(),
                    )
                    .entry(
                        ::cached_core::__private::site!(
                            mutator "update", "get_post(..)", .as_call()
                        ),
                        &<get_post>::entry(::core::clone::Clone::clone(&id)),
                    )
                    .all(
                        ::cached_core::__private::site!(
                            mutator "update", "posts::feed(..)", .as_call()
                        ),
                        &<posts::feed>::all(),
                    );
                ::cached_core::__private::ending!(Result < (), Error >)
                    .run(
                        __mutation,
                        move || async move {
                            if false {
                                return ::cached_core::__private::never::<Result<(), Error>>();
                            }
                            #[allow(unused_braces)] { save(id).await? }
                        },
                        |_, _| {},
                    )
                    .await
            }
        "#]],
    );
}

#[test]
fn a_sync_mutator_runs_a_closure() {
    check(
        expand("\"a\"", "fn f(x: &mut String) -> usize { x.len() }"),
        &expect![[r#"
            fn f(x: &mut String) -> usize {
                let __mutation = ::cached_core::__private::Mutation::new()
                    .key(
                        ::cached_core::__private::site!(mutator "f", "a"),
                        |__k| __k.literal("a").end(),
                    );
                __mutation.run(move || -> usize { x.len() })
            }
        "#]],
    );
}

#[test]
fn the_result_is_looked_at_after_the_body() {
    let expansion = expand(
        "\"post:<result.id>:<name>\", by_name(name, result.id), on = ok",
        "fn create(name: String) -> Result<Post, Error> { insert(name) }",
    );
    check(
        expansion,
        &expect![[r#"
            fn create(name: String) -> Result<Post, Error> {
                let __kept0 = ::core::clone::Clone::clone(&name);
                let __kept1 = ::core::clone::Clone::clone(&name);
                let __mutation = ::cached_core::__private::Mutation::new().on_ok();
                __mutation
                    .run_then(
                        move || -> Result<Post, Error> { insert(name) },
                        |
                            __returned: &Result<Post, Error>,
                            __late: &mut ::cached_core::__private::Late|
                        {
                            #[allow(unused_variables)]
                            if let ::core::option::Option::Some(result) = ::cached_core::__private::ok_of!(
                                __returned
                            ) {
                                __late
                                    .key(
                                        ::cached_core::__private::site!(
                                            mutator "create", "post:<result.id>:<name>"
                                        ),
                                        |__k| {
                                            __k
                                                .literal("post:")
                                                .part(&result.id)
                                                .literal(":")
                                                .part(&__kept0)
                                                .end()
                                        },
                                    );
                                __late
                                    .entry(
                                        ::cached_core::__private::site!(
                                            mutator "create", "by_name(..)", .as_call()
                                        ),
                                        &<by_name>::entry(
                                            __kept1,
                                            ::core::clone::Clone::clone(&result.id),
                                        ),
                                    );
                            } else {
                                __late.cancel();
                            }
                        },
                    )
            }
        "#]],
    );
}

#[test]
fn methods_are_named_by_their_owner() {
    let text = formatted(expand(
        "self.get(id), self.get(..), Self::find(id), <Repo>::find(..), self.repo.get(id), get::<T>(id)",
        "fn f(&self, id: u64) {}",
    ));
    for target in [
        "&self.get_entry(",
        "&self.get_all_of()",
        "&Self::find_entry_at(",
        "&<Repo>::find_all()",
        "&self.repo.get_entry(",
        "&<get>::entry::<T>(",
    ] {
        assert!(text.contains(target), "{target} in {text}");
    }
}

#[test]
fn a_cache_holds_for_all_templates() {
    let named = formatted(expand(
        "\"a\", cache = \"c\", again_after = \"2s\"",
        "fn f() {}",
    ));
    assert!(
        named.contains(".cache(\"c\")") && named.contains(".again_after_ms(2000)"),
        "{named}"
    );
    let computed = formatted(expand("\"a\", cache = self.cache", "fn f(&self) {}"));
    assert!(computed.contains(".cache(&(self.cache))"), "{computed}");
}

#[test]
fn all_faults_are_reported_at_once() {
    let expansion = expand(
        "\"a:<x>\", tag = \"\", get, get(x, ..), tags(\"t\"), on = err, agian_after = 1, Repo::f(x)",
        "extern \"C\" fn f(y: u8) {}",
    );
    let faults = faults(&expansion);
    for fault in [
        "`<x>`",
        "the key is empty",
        "`get` is no target",
        "stands alone",
        "`tags` belongs",
        "write `on = ok`",
        "did you mean `again_after`",
        "looks like a type",
        "`extern`",
    ] {
        assert!(
            faults.iter().any(|found| found.contains(fault)),
            "{fault} in {faults:#?}"
        );
    }
    assert_eq!(faults.len(), 9);
}

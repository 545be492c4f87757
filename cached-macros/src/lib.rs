//! The attributes and derives of `cached-core`. Use them through that crate.
//!
//! Each macro goes the same way: parse what is written, check it and note every fault, build a
//! model that cannot be wrong, expand it. Bodies are never parsed. What is generated names
//! `::cached_core::__private` only, or the same module below `crate = path`.
//!
//! `cargo expand` prints what a macro made of your code; what it makes of typical functions is
//! kept, formatted, in the tests beside the source.

mod attrs;
mod cached;
mod cached_impl;
mod cached_property;
mod derive;
mod diagnostics;
mod function;
mod inline;
mod invalidates;
mod options;
mod paths;
mod place;
mod scope;
mod signature;
mod template;
#[cfg(test)]
mod testing;

use proc_macro::TokenStream;

#[doc = include_str!("../docs/cached.md")]
#[proc_macro_attribute]
pub fn cached(attr: TokenStream, item: TokenStream) -> TokenStream {
    cached::expand(attr.into(), item.into(), place::of_call_site()).into()
}

#[doc = include_str!("../docs/invalidates.md")]
#[proc_macro_attribute]
pub fn invalidates(attr: TokenStream, item: TokenStream) -> TokenStream {
    invalidates::expand(attr.into(), item.into(), place::of_call_site()).into()
}

/// On `impl Trait for Type`: adds the entries of its cached methods to `Type`.
///
/// Nothing but the trait's own items can stand in its `impl` block, so `#[cached]` alone leaves a
/// method of a trait without `f_entry(..)` and the like. This attribute puts them beside the block.
///
/// ```
/// use cached_core::{cached, cached_impl};
///
/// trait Load {
///     fn load(&self, id: u64) -> String;
/// }
///
/// struct Files;
///
/// #[cached_impl]
/// impl Load for Files {
///     #[cached(key = "file:<id>", skip(self))]
///     fn load(&self, id: u64) -> String {
///         format!("file {id}")
///     }
/// }
///
/// Files.load(7);
/// assert_eq!(Files.load_entry(7).blocking().get(), Some("file 7".to_owned()));
/// ```
///
/// It works above and below `#[async_trait]`, takes no options, and wants the type to be of your
/// own crate. Two traits with methods of one name need `companion = other_name` on one of them.
/// On an inherent `impl` block it only tells the attributes inside where they sit, for code that
/// was written by a macro.
#[proc_macro_attribute]
pub fn cached_impl(attr: TokenStream, item: TokenStream) -> TokenStream {
    cached_impl::expand(attr.into(), item.into()).into()
}
/// Makes a method the getter of a lazy field: computed once per instance, on first use.
///
/// ```
/// use cached_core::{CachedProperty, cached_property, invalidates};
///
/// #[derive(Default)]
/// struct Article { body: String, word_count: CachedProperty<usize> }
///
/// impl Article {
///     #[cached_property]
///     fn word_count(&self) -> usize { // becomes `-> &usize`
///         self.body.split_whitespace().count()
///     }
///
///     #[invalidates(self.word_count)]
///     fn set_body(&mut self, body: &str) {
///         self.body = body.to_owned();
///     }
/// }
///
/// let mut article = Article::default();
/// assert_eq!(article.word_count(), &0);
/// article.set_body("one two");
/// assert_eq!(article.word_count(), &2);
/// ```
///
/// Async methods and methods that return a `Result` work as well; an `Err` is not kept, and
/// `Result<T, E>` becomes `Result<&T, E>`.
///
/// | Option | Means | Without it |
/// |---|---|---|
/// | `field = other` | the field | the one of the method's name |
/// | `shared` | hands out an `Arc<T>`, from a `CachedProperty<T, Shared>` | a `&T` |
/// | `ttl = "5m"` | the same, and computes anew after that time | until it is reset |
/// | `result` | the return type is an alias of `Result` | found out by its spelling |
/// | `crate = path` | where `cached-core` is | `::cached_core` |
#[proc_macro_attribute]
pub fn cached_property(attr: TokenStream, item: TokenStream) -> TokenStream {
    cached_property::expand(attr.into(), item.into()).into()
}

/// Gives a type a form in keys: one field as the field itself, several as a tuple, a fieldless
/// enum by the names of its variants.
///
/// ```
/// use cached_core::{KeyPart, cached};
///
/// #[derive(Clone, Copy, KeyPart)]
/// struct UserId(u64);
///
/// #[derive(Clone, Copy, KeyPart)]
/// enum Language { German, English }
///
/// #[cached(key = "greeting:<user>:<language>")]
/// fn greeting(user: UserId, language: Language) -> String {
///     match language {
///         Language::German => format!("Hallo {}", user.0),
///         Language::English => format!("Hello {}", user.0),
///     }
/// }
///
/// assert_eq!(greeting::entry(UserId(7), Language::German).key(), "greeting:7:German");
/// ```
///
/// An enum whose variants hold data has no canonical form: use `<x:hash>`, or implement the trait.
/// Renaming a variant changes its keys. `#[cached(crate = path)]` on the type says where
/// `cached-core` is.
#[proc_macro_derive(KeyPart, attributes(cached))]
pub fn derive_key_part(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::key_part::derive).into()
}

/// Gives a type the name by which it stands in keys, so that `<T>` can be a part of one.
///
/// ```
/// use cached_core::{KeyType, cached};
///
/// #[derive(KeyType)]
/// #[key_type = "invoice"]
/// struct Invoice;
///
/// #[cached(key = "count:<T>:<year>")]
/// fn count<T: KeyType>(year: u32) -> u64 {
///     year.into()
/// }
///
/// assert_eq!(count::entry::<Invoice>(2026).key(), "count:invoice:2026");
/// ```
///
/// The name is yours to choose and to keep: the compiler's own names change with it, and with
/// every move of the type. `#[cached(crate = path)]` says where `cached-core` is.
#[proc_macro_derive(KeyType, attributes(cached, key_type))]
pub fn derive_key_type(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::key_type::derive).into()
}

/// Says that a type only leads to data, as a connection pool or a client does, so that arguments
/// of it need not be in a key.
///
/// ```
/// use cached_core::{Handle, cached};
///
/// #[derive(Handle)]
/// struct Client { base: &'static str }
///
/// #[cached(key = "page:<slug>")]
/// fn page(client: &Client, slug: &str) -> String {
///     format!("{}/{slug}", client.base)
/// }
/// # page(&Client { base: "" }, "a");
/// ```
///
/// Two values of the type must give the same results: a client of one tenant is no handle, its
/// tenant belongs in the key. `#[cached(crate = path)]` says where `cached-core` is.
#[proc_macro_derive(Handle, attributes(cached))]
pub fn derive_handle(item: TokenStream) -> TokenStream {
    derive::expand(item.into(), derive::handle::derive).into()
}

/// Renders a key by the rules of `#[cached(key = "..")]`, from the variables in scope.
///
/// ```
/// let (id, title) = (7, "a b");
/// let key = cached_core::key!("post:<id>:{title}")?;
/// assert_eq!(key.text(), "post:7:a%20b");
/// # Ok::<(), cached_core::Error>(())
/// ```
///
/// It is an error if a value of `<x:hash>` cannot be serialised, or nothing is left of the key.
/// `key!(crate = path; "..")` says where `cached-core` is.
#[proc_macro]
pub fn key(tokens: TokenStream) -> TokenStream {
    inline::key(tokens.into()).into()
}

/// Invalidates what `#[invalidates(..)]` with the same targets would: for hooks of an ORM,
/// consumers of a queue, admin commands. Gives a future.
///
/// ```
/// use cached_core::{cached, invalidate};
///
/// #[cached(key = "post:<id>")]
/// async fn get_post(id: u64) -> String {
///     format!("post {id}")
/// }
///
/// struct Saved { id: u64, author: u64 }
///
/// async fn after_save(post: &Saved) {
///     invalidate!("post:<post.id>", tag = "user:<post.author>", get_post(post.id)).await;
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// get_post(7).await;
/// after_save(&Saved { id: 7, author: 1 }).await;
/// assert_eq!(get_post::entry(7).get().await, None);
/// # }
/// ```
///
/// `cache = ..` and `crate = ..` work as in the attribute. Sync code uses
/// [`invalidate_blocking!`].
#[proc_macro]
pub fn invalidate(tokens: TokenStream) -> TokenStream {
    inline::invalidate(tokens.into(), "invalidate!", "invalidate").into()
}

/// [`invalidate!`] for sync code: done when it returns.
///
/// ```
/// let id = 7;
/// cached_core::invalidate_blocking!("post:<id>", tag = "posts");
/// ```
#[proc_macro]
pub fn invalidate_blocking(tokens: TokenStream) -> TokenStream {
    inline::invalidate(tokens.into(), "invalidate_blocking!", "invalidate_blocking").into()
}

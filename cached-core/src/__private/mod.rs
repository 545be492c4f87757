//! The one door for generated code. Nothing here is stable; do not name it.

pub use inventory;
pub use serde::Serialize;

pub use crate::cache::{Cache, Entry, EntryAll};
#[cfg(feature = "testing")]
pub use crate::engine::Isolate;
pub use crate::engine::{Batch, Call, Late, Missed, Mutation};
pub use crate::event::{Delivery, Outcome};
pub use crate::key::{Handle, Key, KeyError, KeyPart, KeyType, KeyWriter};
pub use crate::registry::{Registered, Site, ValueId};
pub use crate::time::Ttl;
pub use crate::value::probe;
pub use crate::value::{Absence, AnyBackend, InProcess, assert_local, assert_portable};

use crate::error::Error;
use std::marker::PhantomData;

/// Declares a site in a `static`, registers it, and evaluates to a reference to it.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($role:ident $name:expr, $template:expr $(, $($policy:tt)*)?) => {{
        static SITE: $crate::__private::Site = $crate::__private::Site::$role(
            $name,
            $template,
            (::core::module_path!(), ::core::file!(), ::core::line!()),
        )$($($policy)*)?;
        $crate::__private::inventory::submit! { $crate::__private::Registered(&SITE) }
        &SITE
    }};
}

/// The shape of a return type; the reference depths are those of `value::probe`.
#[doc(hidden)]
#[macro_export]
macro_rules! __shape {
    ($ret:ty) => {
        $crate::__shape!($ret, AnyBackend)
    };
    ($ret:ty, in_process) => {
        $crate::__shape!($ret, InProcess)
    };
    ($ret:ty, $reach:ident) => {{
        #[allow(unused_imports)]
        use $crate::__private::probe::*;
        let probe = || ReturnProbe::<$ret>::NEW;
        let kind = (&&&probe()).kind();
        let sharing = (&&error_of(kind, probe())).sharing();
        let taking = (&&&value_of(kind, probe())).taking();
        (&&storage_of(kind, probe(), $crate::__private::$reach)).shape(sharing, taking)
    }};
}

/// Fails to compile where the value of a return type cannot be stored.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_storable {
    ($ret:ty) => {
        $crate::__assert_storable!($ret, assert_portable)
    };
    ($ret:ty, in_process) => {
        $crate::__assert_storable!($ret, assert_local)
    };
    ($ret:ty, $assert:ident) => {{
        #[allow(unused_imports)]
        use $crate::__private::probe::*;
        let probe = || ReturnProbe::<$ret>::NEW;
        let kind = (&&&probe()).kind();
        $crate::__private::$assert(value_of(kind, probe()))
    }};
}

/// What a batch with this return type is made of: [`shape!`] for each of its ids. The calls in
/// brackets are made on that shape.
///
/// The type is classified twice, as a whole (a map, or a `Result` of one) and by what the map holds
/// (values, or `Option`s of them): the first says how it fails, the second what is stored.
#[doc(hidden)]
#[macro_export]
macro_rules! __bulk {
    ($ret:ty) => {
        $crate::__bulk!($ret, [])
    };
    ($ret:ty, in_process) => {
        $crate::__bulk!($ret, in_process, [])
    };
    ($ret:ty, [$($with:tt)*]) => {
        $crate::__bulk!($ret, AnyBackend, [$($with)*])
    };
    ($ret:ty, in_process, [$($with:tt)*]) => {
        $crate::__bulk!($ret, InProcess, [$($with)*])
    };
    ($ret:ty, $reach:ident, [$($with:tt)*]) => {{
        #[allow(unused_imports)]
        use $crate::__private::probe::*;
        let probe = || ReturnProbe::<$ret>::NEW;
        let whole = (&&&probe()).kind();
        let rows = || rows_of(whole, probe());
        let each = (&&&rows()).kind();
        let item = || item_of(whole, probe(), each, rows());
        let sharing = (&&error_of(whole, probe())).sharing();
        let taking = (&&&value_of(each, rows())).taking();
        let shape = (&&storage_of(Item, item(), $crate::__private::$reach)).shape(sharing, taking);
        bulk_of(whole, probe(), each, rows(), shape $($with)*)
    }};
}

/// Fails to compile where the values of a batch cannot be stored.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_bulk {
    ($ret:ty) => {
        $crate::__assert_bulk!($ret, assert_portable)
    };
    ($ret:ty, in_process) => {
        $crate::__assert_bulk!($ret, assert_local)
    };
    ($ret:ty, $assert:ident) => {{
        #[allow(unused_imports)]
        use $crate::__private::probe::*;
        let probe = || ReturnProbe::<$ret>::NEW;
        let rows = || rows_of((&&&probe()).kind(), probe());
        $crate::__private::$assert(value_of((&&&rows()).kind(), rows()))
    }};
}

/// [`value_of!`] of a batch.
#[doc(hidden)]
#[macro_export]
macro_rules! __value_of_bulk {
    ($ret:ty $(, $reach:ident)?) => {
        || $crate::__private::value_of_bulk(&$crate::__bulk!($ret $(, $reach)?))
    };
}

/// The type that a reader stores, for `check()`.
#[doc(hidden)]
#[macro_export]
macro_rules! __value_of {
    ($ret:ty $(, $reach:ident)?) => {
        || $crate::__private::value_of_shape(&$crate::__shape!($ret $(, $reach)?))
    };
}

/// The functions of a companion that lead to every entry of its function.
#[doc(hidden)]
#[macro_export]
macro_rules! __every_entry {
    ($vis:vis, Self) => {
        $vis fn all() -> $crate::__private::EntryAll {
            $crate::__private::EntryAll::new(Self::site())
        }
        $vis async fn invalidate_all() -> $crate::__private::Delivery {
            Self::all().invalidate().await
        }
    };
}

/// The `Ok` of a `Result`, the `Some` of an `Option`, the value of everything else.
#[doc(hidden)]
#[macro_export]
macro_rules! __ok_of {
    ($returned:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::success::*;
        (&&Success($returned)).success()
    }};
}

pub use crate::{
    __assert_bulk as assert_bulk, __assert_storable as assert_storable, __bulk as bulk,
    __every_entry as every_entry, __ok_of as ok_of, __shape as shape, __site as site,
    __value_of as value_of, __value_of_bulk as value_of_bulk,
};

/// The type that a reader stores, for `check()`.
pub fn value_of_shape(shape: &impl crate::entry::Shape) -> ValueId {
    ValueId::of(shape)
}

/// The type that a batch stores, for `check()`.
pub fn value_of_bulk(bulk: &impl crate::value::Batched) -> ValueId {
    ValueId::of(bulk.shape())
}

/// What the body of a batch is given besides its ids. It may run again, for ids that another call
/// computed in vain, so it is given a clone.
pub fn again<T: Again>(argument: &T) -> T {
    argument.clone()
}

/// An argument of a batch besides its ids.
#[diagnostic::on_unimplemented(
    message = "an argument of a batch must be `Clone`: `{Self}` is not",
    label = "the body may run more than once, each time for other ids",
    note = "take it by reference, or in an `Arc`"
)]
pub trait Again: Clone {}
#[diagnostic::do_not_recommend]
impl<T: Clone> Again for T {}

/// Fails to compile where `ttl_none` is given to a function that never returns a `None`.
pub fn assert_absent<K: Absence>(_: PhantomData<K>) {}

/// Fails to compile where an argument is neither in the key, nor skipped, nor a handle.
pub fn assert_handle<T: Handle + ?Sized>() {}

/// Fails to compile where a method of a trait takes `self` by value, and its key by `self` too.
pub fn assert_copy_self<T: CopySelf>() {}

/// A `self` that is still there after a key was made of it.
#[diagnostic::on_unimplemented(
    message = "this method takes `self` by value and has it in its key, so `{Self}` must be `Copy`",
    label = "`self` is consumed by the body",
    note = "take `&self`, or derive `Copy` for `{Self}`"
)]
pub trait CopySelf {}
#[diagnostic::do_not_recommend]
impl<T: Copy> CopySelf for T {}

/// Renders a key by the attribute's rules.
///
/// # Errors
/// The key is empty, or a part of it cannot be serialised.
pub fn render_key(write: impl FnOnce(&mut KeyWriter)) -> Result<Key, Error> {
    Ok(crate::key::render(crate::registry::DEFAULT_VERSION, write)?)
}

/// A return value that is never made; it fixes the type of an async body.
pub fn never<R>() -> R {
    unreachable!("only named in a branch that is never taken")
}

/// What a mutator's return value says of its success; see [`ok_of!`].
pub mod success {
    /// Asks a return value.
    #[derive(Debug)]
    pub struct Success<'r, R>(pub &'r R);

    /// A `Result`.
    pub trait OfResult<'r> {
        #[doc(hidden)]
        type Value;
        #[doc(hidden)]
        fn success(&self) -> Option<&'r Self::Value>;
    }
    impl<'r, T, E> OfResult<'r> for &Success<'r, Result<T, E>> {
        type Value = T;
        fn success(&self) -> Option<&'r T> {
            self.0.as_ref().ok()
        }
    }

    /// An `Option`.
    pub trait OfOption<'r> {
        #[doc(hidden)]
        type Value;
        #[doc(hidden)]
        fn success(&self) -> Option<&'r Self::Value>;
    }
    impl<'r, T> OfOption<'r> for &Success<'r, Option<T>> {
        type Value = T;
        fn success(&self) -> Option<&'r T> {
            self.0.as_ref()
        }
    }

    /// Anything else is a success.
    pub trait OfPlain<'r> {
        #[doc(hidden)]
        type Value;
        #[doc(hidden)]
        fn success(&self) -> Option<&'r Self::Value>;
    }
    impl<'r, R> OfPlain<'r> for Success<'r, R> {
        type Value = R;
        fn success(&self) -> Option<&'r R> {
            Some(self.0)
        }
    }
}

/// What a mutator with `on_failure = error` returns where the cache cannot be told.
#[diagnostic::on_unimplemented(
    message = "`on_failure = error` needs a function that can return the cache's error",
    label = "this mutator returns `{Self}`",
    note = "return a `Result<_, E>` where `E: From<cached_core::Error>`, or leave `on_failure` out: \
            what cannot be delivered is then kept and delivered later"
)]
pub trait Refuses {
    /// The failure.
    fn refuse(error: Error) -> Self;
}
#[diagnostic::do_not_recommend]
impl<T, E: From<Error>> Refuses for Result<T, E> {
    fn refuse(error: Error) -> Self {
        Err(error.into())
    }
}

/// How an async mutator with this return type ends; see [`Awaits`] and [`Blocks`].
#[doc(hidden)]
#[macro_export]
macro_rules! __ending {
    ($ret:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::ending::*;
        (&&Returns::<$ret>::NEW).ending()
    }};
}

pub use crate::__ending as ending;
pub use crate::engine::{Awaits, Blocks};

/// See [`ending!`].
pub mod ending {
    use crate::engine::{Awaits, Blocks};
    use std::marker::PhantomData;

    /// Asks about a return type.
    #[derive(Debug)]
    pub struct Returns<R>(PhantomData<fn() -> R>);

    impl<R> Returns<R> {
        #[doc(hidden)]
        pub const NEW: Self = Self(PhantomData);
    }

    /// A value that can be kept across an await.
    pub trait Sendable {
        #[doc(hidden)]
        fn ending(&self) -> Awaits {
            Awaits
        }
    }
    impl<R: Send> Sendable for &Returns<R> {}

    /// Any other value.
    pub trait Other {
        #[doc(hidden)]
        fn ending(&self) -> Blocks {
            Blocks
        }
    }
    impl<R> Other for Returns<R> {}
}

/// A part of the key of a function without `key`: handles leave themselves out.
#[doc(hidden)]
#[macro_export]
macro_rules! __default_part {
    ($key:expr, $arg:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::default_part::*;
        (&&Argument(&$arg)).write($key)
    }};
}

pub use crate::__default_part as default_part;

/// See [`default_part!`].
pub mod default_part {
    use crate::key::{Handle, KeyPart, KeyWriter};

    /// An argument.
    #[derive(Debug)]
    pub struct Argument<'a, T: ?Sized>(pub &'a T);

    /// A handle: no part of the key.
    pub trait Omitted {
        #[doc(hidden)]
        fn write(&self, _: &mut KeyWriter) {}
    }
    impl<T: Handle + ?Sized> Omitted for &Argument<'_, T> {}

    /// Everything else: a part of the key.
    pub trait Included {
        #[doc(hidden)]
        type Part: ?Sized;
        #[doc(hidden)]
        fn write(&self, key: &mut KeyWriter)
        where
            Self::Part: KeyPart;
    }
    impl<T: ?Sized> Included for Argument<'_, T> {
        type Part = T;
        fn write(&self, key: &mut KeyWriter)
        where
            T: KeyPart,
        {
            key.literal(":").part(self.0);
        }
    }
}

pub use crate::lazy::generated::*;

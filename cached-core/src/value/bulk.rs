//! What a batch returns: a map from ids to values, each of which is cached like the return value
//! of a function of one id.
//!
//! The map and what it holds are classified like return types: `Result<Map, E>` can fail as a
//! whole, a map of `Option<V>` can say of an id that there is nothing. What one id comes to is a
//! [`Split`], whose shape stores the same as that of a function that returns `V`, `Option<V>` or
//! `Result<V, E>`.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use super::kind::{Kind, Opt, Plain, Res, Split};
use super::probe::ReturnProbe;
use crate::entry::Shape;

/// The class of what one id of a batch comes to. It can always say that there is nothing, whatever
/// the map holds: an id may be missing from any map.
#[derive(Debug, Clone, Copy)]
pub struct Item;

impl<V, E> Kind<Split<V, E>> for Item {
    type Value = V;
    type Error = E;

    fn split(returned: Split<V, E>) -> Split<V, E> {
        returned
    }
    fn value(value: V) -> Split<V, E> {
        Split::Value(value)
    }
    fn absent() -> Option<Split<V, E>> {
        Some(Split::Absent)
    }
    fn failed(error: E) -> Split<V, E> {
        Split::Failed(error)
    }
}

/// A map that a batch can return.
///
/// Values are taken out by id, not iterated: what a body returns beyond the ids that it was asked
/// for is nobody's, and goes with the map.
#[diagnostic::on_unimplemented(
    message = "a batch returns its values by their ids: a `HashMap` or a `BTreeMap`",
    label = "`{Self}` does not say which value belongs to which id",
    note = "write `HashMap<K, V>`, `BTreeMap<K, V>`, or a `Result` of one of them, where `K` is the \
            type of the ids"
)]
pub trait Rows {
    /// What a value is found by.
    type Id;
    /// What is found.
    type Value;

    /// Takes a value out.
    fn take(&mut self, id: &Self::Id) -> Option<Self::Value>;
    /// A map of these.
    fn collect(rows: impl Iterator<Item = (Self::Id, Self::Value)>) -> Self;
}

#[diagnostic::do_not_recommend]
impl<K: Eq + Hash, V, H: BuildHasher + Default> Rows for HashMap<K, V, H> {
    type Id = K;
    type Value = V;

    fn take(&mut self, id: &K) -> Option<V> {
        self.remove(id)
    }
    fn collect(rows: impl Iterator<Item = (K, V)>) -> Self {
        // Most batches find most of their ids.
        let most = rows.size_hint().1.unwrap_or_default();
        let mut map = Self::with_capacity_and_hasher(most, H::default());
        map.extend(rows);
        map
    }
}

#[diagnostic::do_not_recommend]
impl<K: Ord, V> Rows for BTreeMap<K, V> {
    type Id = K;
    type Value = V;

    fn take(&mut self, id: &K) -> Option<V> {
        self.remove(id)
    }
    fn collect(rows: impl Iterator<Item = (K, V)>) -> Self {
        rows.collect()
    }
}

/// The classes of what a batch returns as a whole: a map, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "a batch returns a map or a `Result` of a map",
    label = "an `Option` of a map says nothing that an empty map does not",
    note = "return `HashMap<K, V>`, `BTreeMap<K, V>`, or a `Result` of one of them"
)]
pub trait Whole {}
impl Whole for Plain {}
impl Whole for Res {}

/// The classes of what the map of a batch holds: values, or `Option`s of them.
#[diagnostic::on_unimplemented(
    message = "the map of a batch holds values or `Option`s of them",
    label = "a batch fails as a whole",
    note = "return a `Result` of the map: `Result<HashMap<K, V>, E>`"
)]
pub trait Each {}
impl Each for Plain {}
impl Each for Opt {}

/// The probe of the values in the map that `R` is.
#[inline]
pub fn rows_of<R, O: Kind<R> + Whole>(
    _: O,
    _: ReturnProbe<R>,
) -> ReturnProbe<<O::Value as Rows>::Value>
where
    O::Value: Rows,
{
    ReturnProbe::NEW
}

/// The probe of what one id comes to.
#[inline]
pub fn item_of<R, O: Kind<R>, V, I: Kind<V> + Each>(
    _: O,
    _: ReturnProbe<R>,
    _: I,
    _: ReturnProbe<V>,
) -> ReturnProbe<Split<I::Value, O::Error>> {
    ReturnProbe::NEW
}

/// What a batch that returns `R` is made of, given the shape of one item.
#[inline]
pub fn bulk_of<R, O: Kind<R>, V, I: Kind<V>, S>(
    _: O,
    _: ReturnProbe<R>,
    _: I,
    _: ReturnProbe<V>,
    item: S,
) -> Bulk<R, O, I, S> {
    Bulk::of_classes(item)
}

/// The correspondence between what a batch returns and what is stored for each of its ids.
#[expect(clippy::type_complexity, reason = "only names the classes")]
pub struct Bulk<R, O, I, S> {
    item: S,
    _classes: PhantomData<fn() -> (R, O, I)>,
}

impl<R, O, I, S> Bulk<R, O, I, S> {
    /// A batch of these classes, whose items have this shape.
    #[inline]
    pub(crate) fn of_classes(item: S) -> Self {
        Self {
            item,
            _classes: PhantomData,
        }
    }
}

impl<R, O, I, S> std::fmt::Debug for Bulk<R, O, I, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bulk<{}>", std::any::type_name::<R>())
    }
}

/// What the engine sees of a [`Bulk`].
///
/// A value of the function is taken apart by [`split`](Self::split), into one part per id, and put
/// together by [`answer`](Self::answer), from what was found, joined and computed. What is between
/// the two is stored and shared under [`shape`](Self::shape), one id at a time.
pub trait Batched {
    /// What the function returns.
    type Return;
    /// What it is asked for.
    type Id;
    /// What is stored for one id.
    type Value;
    /// How it fails.
    type Error;
    /// How one id is stored.
    type Shape: Shape<Return = Split<Self::Value, Self::Error>>;

    /// The shape of what one id comes to.
    fn shape(&self) -> &Self::Shape;
    /// What was found for each of the ids: `None` for one that the map does not hold, and for one
    /// that it holds as `None`.
    ///
    /// # Errors
    /// The function failed.
    fn split(
        &self,
        returned: Self::Return,
        ids: &[Self::Id],
    ) -> Result<Vec<Option<Self::Value>>, Self::Error>;
    /// The return value of these. Of ids without a value only a map of `Option`s speaks.
    fn answer(&self, rows: impl Iterator<Item = (Self::Id, Option<Self::Value>)>) -> Self::Return;
    /// The return value of a failure.
    fn failed(&self, error: Self::Error) -> Self::Return;
}

impl<R, O, I, S> Batched for Bulk<R, O, I, S>
where
    O: Kind<R>,
    O::Value: Rows,
    I: Kind<<O::Value as Rows>::Value>,
    S: Shape<Return = Split<I::Value, O::Error>>,
{
    type Return = R;
    type Id = <O::Value as Rows>::Id;
    type Value = I::Value;
    type Error = O::Error;
    type Shape = S;

    fn shape(&self) -> &S {
        &self.item
    }

    fn split(&self, returned: R, ids: &[Self::Id]) -> Result<Vec<Option<I::Value>>, O::Error> {
        let mut rows = match O::split(returned) {
            Split::Value(rows) => Some(rows),
            Split::Absent => None,
            Split::Failed(error) => return Err(error),
        };
        let value = |id| match I::split(rows.as_mut()?.take(id)?) {
            Split::Value(value) => Some(value),
            Split::Absent | Split::Failed(_) => None,
        };
        Ok(ids.iter().map(value).collect())
    }

    fn answer(&self, rows: impl Iterator<Item = (Self::Id, Option<I::Value>)>) -> R {
        let row = |(id, value): (_, Option<I::Value>)| {
            let value = value.map_or_else(I::absent, |value| Some(I::value(value)))?;
            Some((id, value))
        };
        O::value(O::Value::collect(rows.filter_map(row)))
    }

    fn failed(&self, error: O::Error) -> R {
        O::failed(error)
    }
}

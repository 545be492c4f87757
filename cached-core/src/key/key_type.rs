//! [`KeyType`]: names of types that stay the same across compilers and refactorings.

/// A type with a stable name, so that a type parameter can be part of a key.
///
/// `<T>` in a template writes the name. It is given by the user, because neither
/// `std::any::type_name` nor `TypeId` is the same in the next build. The number types, `bool`,
/// `char`, `str`, `String` and `()` have their own; `Vec<T>` and other generic types have none, as a
/// name is a constant. Two types of one name share their keys, so name your own types for good:
///
/// ```
/// use cached_core::KeyType;
///
/// struct Invoice;
///
/// impl KeyType for Invoice {
///     const NAME: &'static str = "billing.invoice";
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no stable name, so it cannot stand in a cache key as a type parameter",
    label = "not a `KeyType`",
    note = "give the type a name: `#[derive(cached_core::KeyType)]` and `#[key_type = \"my-type\"]`; for a type parameter, add the bound `T: cached_core::KeyType`",
    note = "or leave the parameter out of the key with `skip(T)`, if the result does not depend on it"
)]
pub trait KeyType {
    /// The name, unique among the types that one function is used with.
    const NAME: &'static str;
}

macro_rules! named {
    ($($type:ty = $name:literal),*) => {$(
        impl KeyType for $type {
            const NAME: &'static str = $name;
        }
    )*};
}

named!(
    u8 = "u8",
    u16 = "u16",
    u32 = "u32",
    u64 = "u64",
    u128 = "u128",
    usize = "usize"
);
named!(
    i8 = "i8",
    i16 = "i16",
    i32 = "i32",
    i64 = "i64",
    i128 = "i128",
    isize = "isize"
);
named!(f32 = "f32", f64 = "f64", bool = "bool", char = "char");
named!(str = "str", String = "String", () = "unit");

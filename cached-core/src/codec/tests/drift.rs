//! A type changed between two releases: what the old one wrote is a miss in the new one, never
//! another value.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Unreadable, cell, codecs, read};

/// What one release wrote is a miss in the other, wherever the type stands.
#[track_caller]
fn drifts<Old, New>(old: Old)
where
    Old: Serialize + DeserializeOwned + Clone + 'static,
    New: DeserializeOwned + Debug + PartialEq + 'static,
{
    misses::<Old, New>(old.clone());
    misses::<Vec<Old>, Vec<New>>(vec![old.clone()]);
    misses::<Option<(u8, Old)>, Option<(u8, New)>>(Some((1, old.clone())));
    let entry = std::collections::BTreeMap::from([(1_u8, old)]);
    misses::<_, std::collections::BTreeMap<u8, New>>(entry);
}

#[track_caller]
fn misses<Old, New>(old: Old)
where
    Old: Serialize + DeserializeOwned + 'static,
    New: DeserializeOwned + Debug + PartialEq + 'static,
{
    for codec in codecs() {
        let read = read::<New>(&codec, &cell(&codec, &old));
        assert_eq!(read, Err(Unreadable::OtherType), "{codec:?}");
    }
}

/// Old and new release of a type of one name.
macro_rules! drift {
    ($test:ident: $old:item, $value:expr => $new:item) => {
        #[test]
        fn $test() {
            mod old {
                #[allow(unused_imports, reason = "not every type needs both")]
                use super::*;
                #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
                $old
            }
            mod new {
                #[allow(unused_imports, reason = "not every type needs both")]
                use super::*;
                #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
                $new
            }
            use old::T;
            drifts::<old::T, new::T>($value);
        }
    };
}

drift!(a_field_is_added_behind:
    pub(super) struct T { pub(super) a: u8 }, T { a: 1 }
    => pub(super) struct T { a: u8, b: Option<u8> });

drift!(a_field_with_a_default_is_added_before:
    pub(super) struct T { pub(super) b: u8 }, T { b: 1 }
    => pub(super) struct T { #[serde(default)] a: u8, b: u8 });

drift!(a_field_is_removed:
    pub(super) struct T { pub(super) a: u8, pub(super) b: u8 }, T { a: 1, b: 2 }
    => pub(super) struct T { a: u8 });

drift!(a_field_is_renamed:
    pub(super) struct T { pub(super) a: u8 }, T { a: 1 }
    => pub(super) struct T { b: u8 });

drift!(a_field_is_renamed_for_serde:
    pub(super) struct T { pub(super) a: u8 }, T { a: 1 }
    => pub(super) struct T { #[serde(rename = "x")] a: u8 });

drift!(all_fields_are_renamed_for_serde:
    pub(super) struct T { pub(super) a_b: u8 }, T { a_b: 1 }
    => #[serde(rename_all = "camelCase")] pub(super) struct T { a_b: u8 });

drift!(two_fields_are_swapped:
    pub(super) struct T { pub(super) can_write: bool, pub(super) is_admin: bool },
    T { can_write: true, is_admin: false }
    => pub(super) struct T { is_admin: bool, can_write: bool });

drift!(a_number_is_widened:
    pub(super) struct T { pub(super) a: u32 }, T { a: 1 }
    => pub(super) struct T { a: u64 });

drift!(a_number_changes_its_sign:
    pub(super) struct T { pub(super) a: u32 }, T { a: 7 }
    => pub(super) struct T { a: i32 });

drift!(a_number_becomes_a_float:
    pub(super) struct T { pub(super) a: u32 }, T { a: 7 }
    => pub(super) struct T { a: f32 });

drift!(an_option_is_added:
    pub(super) struct T { pub(super) a: u8 }, T { a: 1 }
    => pub(super) struct T { a: Option<u8> });

drift!(a_newtype_is_wrapped_around:
    pub(super) struct T { pub(super) a: u8 }, T { a: 1 }
    => pub(super) struct T { a: super::super::types::Wrapper<u8> });

drift!(a_tuple_grows:
    pub(super) struct T(pub(super) u8, pub(super) u8);, T(1, 2)
    => pub(super) struct T(u8, u8, u8););

drift!(a_struct_is_renamed:
    pub(super) struct T { pub(super) a: u8 }, T { a: 1 }
    => #[serde(rename = "U")] pub(super) struct T { a: u8 });

drift!(a_variant_is_inserted:
    pub(super) enum T { A, B }, T::B
    => pub(super) enum T { A, X, B });

drift!(a_variant_is_added_behind:
    pub(super) enum T { A, B }, T::A
    => pub(super) enum T { A, B, X });

drift!(a_variant_is_removed:
    pub(super) enum T { A, B, C }, T::C
    => pub(super) enum T { A, C });

drift!(a_variant_is_renamed:
    pub(super) enum T { A, B }, T::B
    => pub(super) enum T { A, C });

drift!(two_variants_are_swapped:
    pub(super) enum T { A(u8), B(u8) }, T::B(1)
    => pub(super) enum T { B(u8), A(u8) });

drift!(a_variant_gets_data:
    pub(super) enum T { A, B }, T::B
    => pub(super) enum T { A, B(Option<u8>) });

drift!(a_field_of_a_variant_is_swapped:
    pub(super) enum T { A { x: u8, y: u8 } }, T::A { x: 1, y: 2 }
    => pub(super) enum T { A { y: u8, x: u8 } });

drift!(an_array_grows:
    pub(super) struct T { pub(super) a: [u8; 2] }, T { a: [1, 2] }
    => pub(super) struct T { a: [u8; 3] });

drift!(a_key_changes:
    pub(super) struct T { pub(super) a: std::collections::BTreeMap<u8, u8> },
    T { a: std::collections::BTreeMap::from([(1, 2)]) }
    => pub(super) struct T { a: std::collections::BTreeMap<i8, u8> });

drift!(a_recursive_type_changes:
    pub(super) struct T { pub(super) a: u8, pub(super) next: Vec<T> }, T { a: 1, next: vec![] }
    => pub(super) struct T { a: u16, next: Vec<T> });

/// Types that serde buffers cannot be looked into: with names, their drift is a miss or harmless.
#[track_caller]
fn at_worst_harmless<Old, New>(old: Old, harmless: Option<New>)
where
    Old: Serialize + DeserializeOwned + 'static,
    New: DeserializeOwned + Debug + PartialEq + 'static,
{
    for codec in codecs() {
        let read = read::<New>(&codec, &cell(&codec, &old));
        if let Ok(new) = read {
            assert_eq!(Some(&new), harmless.as_ref(), "{codec:?}");
        }
    }
}

#[test]
fn a_flattened_struct_changes() {
    #[derive(Serialize, Deserialize)]
    struct In {
        can_write: bool,
        is_admin: bool,
    }
    #[derive(Serialize, Deserialize)]
    struct Out {
        id: u8,
        #[serde(flatten)]
        inner: In,
    }
    mod new {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        pub(super) struct In<T> {
            pub(super) is_admin: T,
            pub(super) can_write: T,
        }
        #[derive(Debug, PartialEq, serde::Deserialize)]
        pub(super) struct Out<T> {
            pub(super) id: u8,
            #[serde(flatten)]
            pub(super) inner: In<T>,
        }
    }
    let old = || Out {
        id: 1,
        inner: In {
            can_write: true,
            is_admin: false,
        },
    };
    let swapped = new::Out {
        id: 1,
        inner: new::In {
            is_admin: false,
            can_write: true,
        },
    };
    at_worst_harmless(old(), Some(swapped));
    at_worst_harmless::<_, new::Out<u8>>(old(), None);
}

#[test]
fn a_tagged_enum_changes() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "t")]
    enum Old {
        A { x: u32, y: u32 },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "t")]
    enum New {
        X { x: u32 },
        A { y: u32, x: i64 },
    }
    let harmless = New::A { y: 2, x: 1 };
    at_worst_harmless(Old::A { x: 1, y: 2 }, Some(harmless));
    at_worst_harmless::<_, New>(super::types::Internal::NoData, None);
}

#[test]
fn an_untagged_enum_changes() {
    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Old {
        A { x: u32 },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum New {
        B { y: u32 },
        A { x: i8 },
    }
    at_worst_harmless(Old::A { x: 1 }, Some(New::A { x: 1 }));
    at_worst_harmless::<_, New>(Old::A { x: 300 }, None);
}

use expect_test::expect;

use super::{expand, handle, key_part, key_type};
use crate::testing::{check, tokens};

#[test]
fn one_field_is_the_field_itself() {
    let item = tokens("struct UserId(u64);");
    check(
        expand(item, key_part::derive),
        &expect![[r#"
        #[automatically_derived]
        impl ::cached_core::__private::KeyPart for UserId {
            fn write_key(&self, __k: &mut ::cached_core::__private::KeyWriter) {
                ::cached_core::__private::KeyPart::write_key(&self.0, __k)
            }
        }
    "#]],
    );
}

#[test]
fn several_fields_are_a_tuple() {
    let item = tokens("struct Page<T> { slug: String, part: T }");
    check(
        expand(item, key_part::derive),
        &expect![[r#"
        #[automatically_derived]
        impl<T: ::cached_core::__private::KeyPart> ::cached_core::__private::KeyPart
        for Page<T> {
            fn write_key(&self, __k: &mut ::cached_core::__private::KeyWriter) {
                ::cached_core::__private::KeyPart::write_key(&(&self.slug, &self.part), __k)
            }
        }
    "#]],
    );
}

#[test]
fn variants_are_their_names() {
    let item = tokens("enum Language { German, r#English {} }");
    check(
        expand(item, key_part::derive),
        &expect![[r##"
        #[automatically_derived]
        impl ::cached_core::__private::KeyPart for Language {
            fn write_key(&self, __k: &mut ::cached_core::__private::KeyWriter) {
                __k.text(
                    match self {
                        Self::German { .. } => "German",
                        Self::r#English { .. } => "English",
                    },
                )
            }
        }
    "##]],
    );
}

#[test]
fn a_type_has_the_name_it_was_given() {
    let item = tokens("#[key_type = \"invoice\"] #[cached(crate = my::cache)] struct Invoice;");
    check(
        expand(item, key_type::derive),
        &expect![[r##"
        #[automatically_derived]
        impl my::cache::__private::KeyType for Invoice {
            const NAME: &'static str = "invoice";
        }
    "##]],
    );
}

#[test]
fn a_handle_is_only_marked() {
    check(
        expand(tokens("struct Db<'a>(&'a Pool);"), handle::derive),
        &expect![[r#"
            #[automatically_derived]
            impl<'a> ::cached_core::__private::Handle for Db<'a> {}
        "#]],
    );
}

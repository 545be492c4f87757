//! Literal forms. Changing one of these strings orphans the entries of every deployed cache.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::form;
use crate::key::{KeyPart, KeyType, render};

#[track_caller]
fn check<P: KeyPart + ?Sized>(part: &P, expected: &str) {
    assert_eq!(form(part), expected);
}

#[test]
fn integers() {
    check(&0_u8, "0");
    check(&u64::MAX, "18446744073709551615");
    check(&u128::MAX, "340282366920938463463374607431768211455");
    check(&i8::MIN, "-128");
    check(&i64::MIN, "-9223372036854775808");
    check(&i128::MIN, "-170141183460469231731687303715884105728");
    check(&-7_isize, "-7");
    check(&NonZero::<u16>::MAX, "65535");
}

#[test]
fn integers_print_as_display_does() {
    for shift in 0..64 {
        for number in [
            1_u64 << shift,
            (1_u64 << shift).wrapping_sub(1),
            u64::MAX >> shift,
        ] {
            check(&number, &number.to_string());
            check(&u128::from(number), &number.to_string());
            check(&(number as i64), &(number as i64).to_string());
        }
    }
    for exponent in 0..20 {
        let power = 10_u64.pow(exponent);
        check(&power, &power.to_string());
        check(&(power - 1), &(power - 1).to_string());
    }
}

#[test]
fn text() {
    check("post-7_a.b~c", "post-7_a.b~c");
    check("", "");
    check("a b", "a%20b");
    check("50%", "50%25");
    check("x:y/z?*<>#{}", "x%3Ay%2Fz%3F%2A%3C%3E%23%7B%7D");
    check("(a,b)[]+!", "%28a%2Cb%29%5B%5D%2B%21");
    check("é\u{1F980}\0\r\n", "%C3%A9%F0%9F%A6%80%00%0D%0A");
    check(&'é', "%C3%A9");
    check(&'x', "x");
    check(&String::from("s"), "s");
    check(&true, "true");
    check(&false, "false");
}

#[test]
fn compounds() {
    check(&None::<u8>, "!");
    check(&Some(7), "+7");
    check(&Some(""), "+");
    check(&Some(None::<u8>), "+!");
    check(&Some(Some("x")), "++x");
    check(&(), "()");
    check(&("",), "(,)");
    check(&(7,), "(7)");
    check(&(1, "a"), "(1,a)");
    check(&("", ""), "(,,)");
    check(&(1, (2, [3, 4])), "(1,(2,[3,4]))");
    check(
        &(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
        "(1,2,3,4,5,6,7,8,9,10,11,12)",
    );
    check::<[&str]>(&[], "[]");
    check(&[""], "[,]");
    check(&["", ""], "[,,]");
    check(&["a", ""], "[a,,]");
    check(&["", "a"], "[,a]");
    check(&vec![vec![""], vec![]], "[[,],[]]");
}

#[test]
fn pointers_are_what_they_point_to() {
    check(&&&7, "7");
    check(&&mut 7, "7");
    check(&Box::new(7), "7");
    check(&Rc::new(7), "7");
    check(&Arc::<str>::from("a b"), "a%20b");
    check(&Cow::Borrowed("a"), "a");
    check(&Cow::<[u8]>::Owned(vec![1]), "[1]");
}

#[test]
fn addresses_and_durations() {
    check(&Ipv4Addr::LOCALHOST, "127.0.0.1");
    check(&Ipv6Addr::LOCALHOST, "%3A%3A1");
    check(&IpAddr::from([10, 0, 0, 1]), "10.0.0.1");
    check(
        &Ipv4Addr::LOCALHOST.to_ipv6_mapped(),
        "%3A%3Affff%3A127.0.0.1",
    );
    check(&Duration::from_secs(90), "90s");
    check(&Duration::from_millis(1250), "1.25s");
    check(&Duration::from_nanos(1), "0.000000001s");
    check(&Duration::MAX, "18446744073709551615.999999999s");
}

#[test]
fn a_template_is_its_literals_and_parts() {
    let key = render(2, |key| {
        key.literal("post:")
            .part(&7)
            .literal(":by:")
            .type_part::<String>();
    });
    let key = key.expect("not empty");
    assert_eq!(
        (key.text(), key.version(), key.is_digest()),
        ("post:7:by:String", 2, false)
    );
}

#[test]
fn type_names_are_text() {
    struct Odd;
    impl KeyType for Odd {
        const NAME: &'static str = "a:b";
    }
    let key = render(0, |key| {
        key.type_part::<Odd>().literal(":").type_part::<u64>();
    });
    assert_eq!(key.expect("not empty").text(), "a%3Ab:u64");
}

#[test]
fn a_self_type_is_text_of_its_own() {
    let key = render(0, |key| {
        key.literal("app::get")
            .self_type("app::Repo<u8>")
            .literal(":")
            .part(&7);
    });
    assert_eq!(
        key.expect("not empty").text(),
        "app::get:app%3A%3ARepo%3Cu8%3E:7"
    );
}

#[test]
fn a_mark_that_is_none_is_text() {
    struct Odd;
    impl KeyPart for Odd {
        fn write_key(&self, key: &mut crate::key::KeyWriter) {
            key.mark(':');
            key.mark('é');
        }
    }
    check(&Odd, "%3A%C3%A9");
}

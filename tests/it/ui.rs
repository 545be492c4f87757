//! Wrong programs: each is refused with a message that says what to write instead.
//!
//! One mistake per file in `tests/ui`; the expected messages stand beside them. After a change of
//! wording run the tests with `TRYBUILD=overwrite` and read the difference.

#[test]
fn wrong_programs_are_refused_with_a_way_out() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

//! URLs and names of tables.

use crate::backend;
use crate::error::ErrorKind;

fn fault<T>(opened: Result<T, crate::error::Error>) -> String {
    let fault = opened.err().expect("it is refused");
    assert!(
        matches!(fault.kind(), ErrorKind::Url | ErrorKind::Config),
        "{fault}"
    );
    fault.to_string()
}

#[test]
fn an_option_that_nothing_understands_is_an_error() {
    let known = "known are `create`, `table`, `connections`";
    assert!(fault(backend::sqlite("sqlite:///a.db?mode=ro")).contains(known));
    assert!(fault(backend::postgres("postgres://h/d?sslmod=require")).contains("`sslmode`"));
    assert!(fault(backend::mysql("mysql://h/d?socke=x")).contains("`socket`"));
    assert!(fault(backend::sqlite("sqlite:///a.db?create=yes")).contains("`true` or `false`"));
    for connections in ["0", "many", "1001", "-1"] {
        let url = format!("sqlite:///a.db?connections={connections}");
        assert!(fault(backend::sqlite(&url)).contains("1 to 1000"));
    }
}

#[test]
fn what_is_no_address_is_an_error_with_a_hint() {
    assert!(fault(backend::sqlite("sqlite://")).contains("name a file"));
    assert!(fault(backend::sqlite("sqlite://:memory:")).contains("`memory://`"));
    assert!(fault(backend::mysql("mysql://user@host")).contains("name a database"));
    for url in [
        "postgres://host:port/db",
        "postgres://u:pass#word@h/db",
        "postgres://u:pass/word@h/db",
    ] {
        assert!(fault(backend::postgres(url)).contains("`%23`"), "{url}");
    }
    assert!(fault(backend::mysql("mysql://u:pass#word@h/db")).contains("`%23`"));
    let said = fault(backend::postgres("postgres://host/db?sslmode=perhaps"));
    assert!(
        said.contains("unknown value") && !said.contains("%23"),
        "{said}"
    );
    fault(backend::mysql("mysql://host/db?ssl-mode=perhaps"));
}

#[test]
fn no_password_is_in_any_text() {
    let urls = [
        "postgres://user:hunter2@host:x/db",
        "postgres://user:hunter2@host/db?x=1",
        "postgres://host/db?password=hunter2&x=1",
        "postgres://host/db?sslmode=perhaps&password=hunter2",
        "postgres://user:hunter2@host/db?table=no such",
    ];
    for url in urls {
        assert!(!fault(backend::postgres(url)).contains("hunter2"), "{url}");
    }
    let table = backend::postgres("postgres://user:hunter2@host/db?password=hunter2");
    let shown = format!("{:?}", table.expect("it is well-formed"));
    assert!(
        shown.contains("host:5432/db") && !shown.contains("hunter2"),
        "{shown}"
    );
    let table = backend::mysql("mysql://user:hunter2@host/db").expect("it is well-formed");
    assert!(!format!("{table:?}").contains("hunter2"));
}

#[test]
fn a_name_of_a_table_can_hold_no_statement() {
    let long = "x".repeat(49);
    for name in [
        "", "1a", "a b", "a;drop", "A", "a'b", "a\"b", "a.b.c", ".a", "a.", "ä", &long,
    ] {
        let url = format!("postgres://host/db?table={name}");
        assert!(
            fault(backend::postgres(&url)).contains("cannot name a table"),
            "{name}"
        );
    }
    let table = backend::postgres("postgres://host/db").expect("it is well-formed");
    table.table("schema_1.cells_2").expect("it is a name");
    let table = backend::sqlite("sqlite:///a.db").expect("it is well-formed");
    fault(table.table("main.cells"));
}

#[test]
fn a_pool_in_memory_has_nothing_beside_it() {
    let runtime = backend::runtime::handle().expect("the OS has threads");
    let _inside = runtime.enter();
    let pool = sqlx::SqlitePool::connect_lazy("sqlite::memory:").expect("it is well-formed");
    assert!(fault(backend::beside_pool(&pool)).contains("in memory"));
}

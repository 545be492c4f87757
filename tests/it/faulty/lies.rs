//! Wrong answers.

use super::*;

#[tokio::test]
async fn a_lying_backend_is_a_counted_miss() {
    #[cached(key = "faulty:lied:<n>")]
    async fn faulty_lied(n: u64) -> String {
        format!("the body's {n}")
    }
    let unreadable = || {
        let stats = cached_core::stats();
        stats
            .function("faulty_lied")
            .expect("it is cached")
            .unreadable()
    };
    let (faulty, here, _) = bench();
    with_cache(&here, async {
        faulty_lied(0).await;
        faulty_lied(1).await;
        for lie in [Lie::Truncated, Lie::Garbage, Lie::Swapped] {
            for _ in 0..2 {
                faulty_lied(1).await;
            }
            let before = unreadable();
            faulty.next(Op::Read, Fault::Lie(lie));
            assert_eq!(faulty_lied(1).await, "the body's 1", "{lie:?}");
            assert_eq!(unreadable(), before + 1, "{lie:?}: it counts");
        }
    })
    .await;
}

/// The other process's value under this process's key: same type, same function, another argument.
#[tokio::test]
async fn no_key_is_given_the_value_of_another() {
    let (faulty, here, there) = bench();
    with_cache(&there, async {
        reads(20, "seeded").await;
        reads(21, "seeded").await;
    })
    .await;
    with_cache(&here, async {
        reads(22, "its cell is what is swapped in").await;
        faulty.always(Op::Read, Fault::Lie(Lie::Swapped));
        for row in [20, 21, 22] {
            reads(row, "swapped").await;
        }
    })
    .await;
}

/// What the handle reads is nothing where the answer is damaged, or an error where it is no answer.
#[tokio::test]
async fn the_handle_reads_nothing_from_lies() {
    let (faulty, here, _) = bench();
    here.set("k", &"value".to_owned(), 60)
        .await
        .expect("it answers");
    for lie in [Lie::Truncated, Lie::Garbage, Lie::Swapped] {
        faulty.next(Op::Read, Fault::Lie(lie));
        let found = here.get::<String>("k").await.expect("it answers");
        assert_eq!(found, None, "{lie:?}");
    }
    faulty.next(Op::Read, Fault::Lie(Lie::Short));
    let short = here.get::<String>("k").await;
    let short = short.expect_err("which cell is missing?");
    assert_eq!(short.kind(), ErrorKind::Protocol);
    let found = here.get::<String>("k").await.expect("it answers");
    assert_eq!(found.as_deref(), Some("value"), "nothing was damaged");
}

//! Functions that change data say what falls: `cargo run --example 02_invalidate`.

use cached_core::{Handle, cached, invalidate, invalidates};
use std::collections::HashMap;
use std::sync::Mutex;

#[derive(Default, Handle)]
struct Db(Mutex<HashMap<u64, String>>);

impl Db {
    fn write(&self, id: u64, title: &str) {
        let mut titles = self.0.lock().expect("nothing panics under this lock");
        titles.insert(id, title.to_owned());
    }
}

#[cached(key = "title:<id>", ttl = "1h")]
async fn title(db: &Db, id: u64) -> Option<String> {
    let titles = db.0.lock().expect("nothing panics under this lock");
    titles.get(&id).cloned()
}

// By function: the compiler checks that it exists and takes this argument.
// The entry falls when the body ends, however it ends: an `Err`, a panic or a dropped future does
// not prove that nothing was written.
#[invalidates(title(id))]
async fn rename(db: &Db, id: u64, new: &str) {
    db.write(id, new);
}

// By template: for readers of another crate, and where one line should say it all.
#[invalidates("title:<id>")]
async fn shout(db: &Db, id: u64) {
    let loud = title(db, id).await.unwrap_or_default().to_uppercase();
    db.write(id, &loud);
}

#[tokio::main]
async fn main() {
    let db = Db::default();
    db.write(7, "draft");
    println!("{:?}", title(&db, 7).await);

    rename(&db, 7, "hello").await;
    println!("{:?} after rename", title(&db, 7).await);
    shout(&db, 7).await;
    assert_eq!(title(&db, 7).await.as_deref(), Some("HELLO"));
    println!("{:?} after shout", title(&db, 7).await);

    // Whoever writes without a function of yours (a queue consumer, an ORM hook) says so by hand.
    db.write(7, "by hand");
    let id = 7;
    invalidate!("title:<id>").await;
    println!("{:?} after a write by hand", title(&db, 7).await);
    assert_eq!(title(&db, 7).await.as_deref(), Some("by hand"));
}

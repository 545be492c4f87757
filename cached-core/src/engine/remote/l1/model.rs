//! A read that becomes an entry, against everything that outdates it, in many interleavings.

use std::sync::Arc;

use shuttle::sync::Mutex;
use shuttle::thread;

use super::super::name::Names;
use super::L1;
use super::changes::Since;
use crate::tag::Stamps;

const KEY: &str = "app:1:k";
const TAG: u64 = 7;

/// What the server has: the value and the stamp that it depends on.
type Server = (u64, u64);

struct World {
    l1: L1,
    names: Names,
    server: Mutex<Server>,
    /// The entry's place in the table.
    kept: Mutex<Option<(Server, Stamps)>>,
}

impl World {
    /// One read, as [`Engine::keep`](crate::engine::Engine::keep) has it.
    fn read(&self) {
        let since = self.l1.moment();
        let read = *self.server.lock().expect("no thread panics");
        self.keep(read, since);
    }

    /// One whose moment is taken too late: after the answer.
    fn read_unfenced(&self) {
        let read = *self.server.lock().expect("no thread panics");
        self.keep(read, self.l1.changes.now());
    }

    /// One that is sent before anybody listens to changes.
    fn read_unheard(&self) {
        let since = self.l1.changes.now();
        let read = *self.server.lock().expect("no thread panics");
        self.l1.moment();
        self.keep(read, since);
    }

    fn keep(&self, read: Server, since: Since) {
        let stamps = self.l1.learn(KEY, &[(TAG, read.1)], &self.names, since);
        let Some(stamps) = stamps else { return };
        let mut kept = self.kept.lock().expect("no thread panics");
        if self.l1.may_keep(KEY, since) {
            *kept = Some((read, stamps));
        }
    }

    /// The value changes, and that is told.
    fn write(&self) {
        self.server.lock().expect("no thread panics").0 += 1;
        if !self.l1.is_in_use() {
            return;
        }
        self.l1.note(KEY);
        self.kept.lock().expect("no thread panics").take();
    }

    /// The stamp changes, and that is told.
    fn invalidate_tag(&self) {
        self.server.lock().expect("no thread panics").1 += 1;
        if !self.l1.is_in_use() {
            return;
        }
        self.l1.forget_stamp(TAG, &self.names.stamp(TAG));
    }

    /// The value changes, which goes by untold; then the loss of the connection shows.
    fn write_and_lose(&self) {
        self.server.lock().expect("no thread panics").0 += 1;
        self.l1.forget_all();
    }
}

/// Two readers, one of which reads twice, while the rest happens; nothing old is served after it.
fn readers_against(change: fn(&World)) {
    readers(World::read, change);
}

/// Also where nothing was read before.
fn readers(read: fn(&World), change: fn(&World)) {
    for before in [true, false] {
        readers_after(before, read, change);
    }
}

fn readers_after(before: bool, read: fn(&World), change: fn(&World)) {
    let world = move || {
        let world = Arc::new(World {
            l1: L1::new(None),
            names: Names::new("app").expect("a legal prefix"),
            server: Mutex::new((0, 1)),
            kept: Mutex::new(None),
        });
        if before {
            world.read();
        }
        let threads = [1, 2].map(|reads| {
            let world = Arc::clone(&world);
            thread::spawn(move || (0..reads).for_each(|_| read(&world)))
        });
        change(&world);
        for thread in threads {
            thread.join().expect("no thread panics");
        }
        let kept = world.kept.lock().expect("no thread panics");
        if let Some((read, stamps)) = &*kept
            && stamps.are_current()
        {
            let server = *world.server.lock().expect("no thread panics");
            assert_eq!(*read, server, "what is served is what is there");
        }
    };
    shuttle::check_random(world, 2_000);
    shuttle::check_pct(world, 2_000, 3);
}

#[test]
fn a_value_that_changes_is_not_kept_from_a_read_before() {
    readers_against(World::write);
}

#[test]
fn a_stamp_that_changes_takes_reads_before_it_along() {
    readers_against(World::invalidate_tag);
}

#[test]
fn a_loss_takes_everything_along() {
    readers_against(World::write_and_lose);
}

#[test]
fn one_change_after_the_other() {
    readers_against(|world| {
        world.invalidate_tag();
        world.write();
        world.write_and_lose();
    });
}

#[test]
#[should_panic(expected = "what is served is what is there")]
fn a_moment_that_is_taken_after_the_answer_is_found_out() {
    readers(World::read_unfenced, World::write);
}

#[test]
#[should_panic(expected = "what is served is what is there")]
fn a_read_that_is_sent_before_anybody_listens_is_found_out() {
    readers(World::read_unheard, World::write);
}

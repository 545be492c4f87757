//! A sentinel that says what a test wants: real ones agree too soon for what is to be seen between.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Its end closes its connections.
#[derive(Debug)]
pub(super) struct Oracle {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    named: u16,
    epoch: u64,
    /// How much later it answers.
    late: Duration,
    open: Vec<Arc<TcpStream>>,
    listeners: Vec<Arc<TcpStream>>,
    gone: bool,
}

impl Oracle {
    /// One that names the server at this port, by the failover of this number.
    pub(super) fn naming(named: u16, epoch: u64) -> Self {
        let state = State {
            named,
            epoch,
            late: Duration::ZERO,
            open: Vec::new(),
            listeners: Vec::new(),
            gone: false,
        };
        let mut oracle = Self {
            port: 0,
            state: Arc::new(Mutex::new(state)),
        };
        oracle.come();
        oracle
    }

    /// The place of a URL that it has.
    pub(super) fn at(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it says from now on, when it is asked.
    pub(super) fn names(&self, named: u16, epoch: u64) {
        let mut state = lock(&self.state);
        (state.named, state.epoch) = (named, epoch);
    }

    /// Answers so much later from now on.
    pub(super) fn is_late(&self, by: Duration) {
        lock(&self.state).late = by;
    }

    /// Tells that another one is primary.
    pub(super) fn tells(&self) {
        let (channel, message) = ("+switch-master", "mymaster 127.0.0.1 1 127.0.0.1 2");
        let push = format!(
            ">3\r\n{}{}{}",
            bulk("message"),
            bulk(channel),
            bulk(message)
        );
        for listener in &lock(&self.state).listeners {
            // It may have gone.
            let _ = (&**listener).write_all(push.as_bytes());
        }
    }

    /// Is down.
    pub(super) fn goes(&self) {
        let mut state = lock(&self.state);
        state.gone = true;
        state.listeners.clear();
        for end in state.open.drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
        drop(state);
        // Wakes whoever accepts, who closes the door.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            thread::yield_now();
        }
    }

    /// Is there, as it was.
    pub(super) fn come(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("the port is its own");
        self.port = listener.local_addr().expect("it is bound").port();
        lock(&self.state).gone = false;
        let state = Arc::clone(&self.state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if lock(&state).gone {
                    return;
                }
                let client = Arc::new(client);
                lock(&state).open.push(Arc::clone(&client));
                let state = Arc::clone(&state);
                thread::spawn(move || serve(&client, &state));
            }
        });
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.goes();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(client: &Arc<TcpStream>, state: &Mutex<State>) {
    let mut from = BufReader::new(&**client);
    while let Some(command) = next(&mut from) {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let answer = match command[..] {
            ["SENTINEL", "MASTER", _] => {
                thread::sleep(lock(state).late);
                master(&lock(state))
            }
            ["SENTINEL", ..] => {
                let named = lock(state).named.to_string();
                format!("*2\r\n{}{}", bulk("127.0.0.1"), bulk(&named))
            }
            ["SUBSCRIBE", ref channels @ ..] => {
                lock(state).listeners.push(Arc::clone(client));
                let one =
                    |channel: &&str| format!(">3\r\n{}{}:1\r\n", bulk("subscribe"), bulk(channel));
                channels.iter().map(one).collect()
            }
            ["HELLO", ..] => format!("%1\r\n{}:3\r\n", bulk("proto")),
            _ => "+OK\r\n".to_owned(),
        };
        if (&**client).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn master(state: &State) -> String {
    let (port, epoch) = (state.named.to_string(), state.epoch.to_string());
    let fields = [
        "ip",
        "127.0.0.1",
        "port",
        &port,
        "flags",
        "master",
        "config-epoch",
        &epoch,
    ];
    let fields: String = fields.iter().map(|field| bulk(field)).collect();
    format!("*8\r\n{fields}")
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// The next command, in capitals what it is called by.
fn next(from: &mut impl BufRead) -> Option<Vec<String>> {
    let count = number(from, '*')?;
    let words = (0..count).map(|_| {
        let mut bytes = vec![0; number(from, '$')? + 2];
        from.read_exact(&mut bytes).ok()?;
        bytes.truncate(bytes.len() - 2);
        String::from_utf8(bytes).ok()
    });
    words.collect()
}

fn number(from: &mut impl BufRead, kind: char) -> Option<usize> {
    let mut line = String::new();
    from.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}

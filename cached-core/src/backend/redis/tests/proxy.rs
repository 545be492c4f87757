//! A network that fails on demand: a TCP proxy to a port of the loopback. Depends on the standard
//! library only, so that any test crate can include it with `#[path]`.

#![allow(dead_code, unreachable_pub)] // whoever includes it uses what it needs

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What happens to the bytes that come from now on, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// They pass.
    Fair,
    /// They pass, each piece this much later.
    Slow(Duration),
    /// They vanish; connections stay open, and new ones are accepted.
    Blackhole,
    /// The next piece ends its connection, with a reset for whoever sent it.
    Reset,
    /// The first of these in a piece of the client's arrives as the second, of the same length.
    Garble(&'static [u8], &'static [u8]),
    /// So many more bytes of the server's pass, then its connection is closed.
    CutAfter(usize),
}

/// Who sees what passes, and may hold it back.
pub trait Tap: Send + Sync + 'static {
    /// Before more of a connection's questions pass. What it leaves comes again, with what follows.
    fn asked(&self, unread: &mut Vec<u8>);

    /// Before so many bytes of a server's pass.
    fn answered(&self, bytes: usize);
}

/// The proxy. Ends when dropped, and its connections with it.
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    weather: Weather,
    tap: Option<Arc<dyn Tap>>,
    open: Vec<Arc<TcpStream>>,
    ended: bool,
}

/// Which way a pump moves bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

impl Proxy {
    /// A proxy to this port, in fair weather.
    pub fn to(server: u16) -> Self {
        Self::start(server, None)
    }

    /// The same, tapped.
    pub fn tapped(server: u16, tap: Arc<dyn Tap>) -> Self {
        Self::start(server, Some(tap))
    }

    fn start(server: u16, tap: Option<Arc<dyn Tap>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(Mutex::new(State {
            weather: Weather::Fair,
            tap,
            open: Vec::new(),
            ended: false,
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || accept(&listener, server, &shared));
        Self { port, state }
    }

    /// The port to connect to instead of the server's.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a Redis behind it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Changes the weather, for open connections as well.
    pub fn set(&self, weather: Weather) {
        lock(&self.state).weather = weather;
    }

    /// Closes every connection that is open.
    pub fn cut(&self) {
        for end in lock(&self.state).open.drain(..) {
            // It may have been closed by its owner.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        lock(&self.state).ended = true;
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, server: u16, state: &Arc<Mutex<State>>) {
    for client in listener.incoming().flatten() {
        if lock(state).ended {
            return;
        }
        let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)) else {
            continue; // dropping it closes it, as a dead server would
        };
        let (client, upstream) = (Arc::new(client), Arc::new(upstream));
        lock(state)
            .open
            .extend([Arc::clone(&client), Arc::clone(&upstream)]);
        pump(&client, &upstream, Way::ToServer, state);
        pump(&upstream, &client, Way::ToClient, state);
    }
}

fn pump(from: &Arc<TcpStream>, to: &Arc<TcpStream>, way: Way, state: &Arc<Mutex<State>>) {
    let (from, to, state) = (Arc::clone(from), Arc::clone(to), Arc::clone(state));
    thread::spawn(move || {
        let (mut piece, mut unread) = ([0; 16 * 1024], Vec::new());
        let tap = lock(&state).tap.clone();
        while from.peek(&mut piece).is_ok_and(|length| length > 0) {
            if lock(&state).weather == Weather::Reset {
                return reset(from, to, &state);
            }
            let length = (&*from).read(&mut piece).unwrap_or_default();
            match (&tap, way) {
                (Some(tap), Way::ToServer) => {
                    unread.extend_from_slice(&piece[..length]);
                    tap.asked(&mut unread);
                }
                (Some(tap), Way::ToClient) => tap.answered(length),
                (None, _) => {}
            }
            if !forward(&piece[..length], &to, way, &state) {
                break;
            }
        }
        if lock(&state).weather != Weather::Reset {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        }
    });
}

/// Closes a socket with bytes unread, which its other end sees as a reset.
fn reset(from: Arc<TcpStream>, to: Arc<TcpStream>, state: &Mutex<State>) {
    let mut state = lock(state);
    let same = |end: &Arc<TcpStream>| Arc::ptr_eq(end, &from) || Arc::ptr_eq(end, &to);
    state.open.retain(|end| !same(end));
    // Ends the pump of the other way, and with it the last use of the socket.
    let _ = to.shutdown(Shutdown::Both);
}

/// Passes one piece on, as the weather has it. False ends the connection.
fn forward(piece: &[u8], mut to: &TcpStream, way: Way, state: &Mutex<State>) -> bool {
    let weather = lock(state).weather;
    match weather {
        // Time is what this is about.
        Weather::Slow(time) => thread::sleep(time),
        Weather::Blackhole => return true,
        Weather::CutAfter(left) if way == Way::ToClient => {
            let passed = piece.len().min(left);
            lock(state).weather = Weather::CutAfter(left - passed);
            return to.write_all(&piece[..passed]).is_ok() && passed == piece.len();
        }
        Weather::Garble(old, new) if way == Way::ToServer => {
            let at = piece.windows(old.len()).position(|window| window == old);
            if let Some(at) = at {
                let (before, after) = (&piece[..at], &piece[at + old.len()..]);
                return to.write_all(&[before, new, after].concat()).is_ok();
            }
        }
        Weather::Fair | Weather::Reset | Weather::Garble(..) | Weather::CutAfter(_) => {}
    }
    to.write_all(piece).is_ok()
}

//! Replies of the meta protocol, as they come.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// No line of a reply is longer; the longest are those of `stats settings`.
const LONGEST_LINE: u64 = 4096;

/// The largest `-I` that a server takes.
const LARGEST_ITEM: usize = 1 << 30;

/// So many statistics a server may list.
const MOST_STATS: usize = 4096;

/// What came back for one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// `VA`: the item.
    Item { flags: Flags, bytes: Vec<u8> },
    /// `HD`, `NS`, `EX`, `NF`, `EN`, `MN`.
    Status { code: Code, flags: Flags },
    /// `STAT` lines up to `END`.
    Stats(Vec<(String, String)>),
    /// `VERSION`.
    Version(String),
    /// `ERROR`, `CLIENT_ERROR`, `SERVER_ERROR`: the whole line.
    Refused(String),
}

/// The replies of two letters that no item follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// `HD`: done.
    Done,
    /// `NS`: not stored.
    NotStored,
    /// `EX`: it was changed meanwhile.
    Changed,
    /// `NF`, and `EN` for a `get`: it is not there.
    Absent,
    /// `MN`: the answer to `mn`.
    Here,
}

/// What a reply says beside that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags {
    pub(super) cas: Option<u64>,
    mark: Option<u32>,
}

impl Reply {
    /// Whether this is the reply to the command with this mark, as far as it says so.
    pub(super) fn has_mark(&self, mark: u32) -> bool {
        match self {
            Self::Item { flags, .. } | Self::Status { flags, .. } => {
                flags.mark.is_none_or(|found| found == mark)
            }
            _ => true,
        }
    }

    /// The number that a statistic of this name has.
    pub(super) fn number_of(&self, name: &str) -> Option<u64> {
        let Self::Stats(stats) = self else {
            return None;
        };
        let (_, value) = stats.iter().find(|(found, _)| found == name)?;
        value.parse().ok()
    }

    /// What it is, without what is in it.
    pub(super) fn shape(&self) -> &'static str {
        match self {
            Self::Item { .. } => "VA",
            Self::Status { code, .. } => match code {
                Code::Done => "HD",
                Code::NotStored => "NS",
                Code::Changed => "EX",
                Code::Absent => "NF",
                Code::Here => "MN",
            },
            Self::Stats(_) => "STAT",
            Self::Version(_) => "VERSION",
            Self::Refused(_) => "ERROR",
        }
    }
}

/// Reads one reply; `heard` counts what came, so that a slow reply is told from none.
///
/// # Errors
/// The connection failed; [`io::ErrorKind::InvalidData`] for what is no reply.
pub(super) async fn read_reply(
    from: &mut (impl AsyncBufRead + Unpin),
    heard: &AtomicU64,
) -> io::Result<Reply> {
    let line = read_line(from, heard).await?;
    let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
    let code = match word {
        "VA" => {
            let (length, flags) = rest.split_once(' ').unwrap_or((rest, ""));
            let flags = read_flags(flags);
            let length = length.parse().ok();
            let length = length.filter(|length| *length <= LARGEST_ITEM);
            let length = length.ok_or_else(|| foreign(&line))?;
            let bytes = read_item(from, length, heard).await?;
            return Ok(Reply::Item { flags, bytes });
        }
        "STAT" => return read_stats(from, rest, heard).await,
        "END" => return Ok(Reply::Stats(Vec::new())),
        "VERSION" => return Ok(Reply::Version(rest.to_owned())),
        "ERROR" | "CLIENT_ERROR" | "SERVER_ERROR" => return Ok(Reply::Refused(line)),
        "HD" => Code::Done,
        "NS" => Code::NotStored,
        "EX" => Code::Changed,
        "NF" | "EN" => Code::Absent,
        "MN" => Code::Here,
        _ => return Err(foreign(&line)),
    };
    let flags = read_flags(rest);
    Ok(Reply::Status { code, flags })
}

/// One line without its end.
pub(super) async fn read_line(
    from: &mut (impl AsyncBufRead + Unpin),
    heard: &AtomicU64,
) -> io::Result<String> {
    let mut line = Vec::new();
    let mut bounded = from.take(LONGEST_LINE);
    if bounded.read_until(b'\n', &mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    heard.fetch_add(1, Ordering::Relaxed);
    if line.pop() != Some(b'\n') {
        let ended = line.len() < LONGEST_LINE as usize - 1;
        let foreign = || foreign(&String::from_utf8_lossy(&line));
        return Err(if ended {
            io::ErrorKind::UnexpectedEof.into()
        } else {
            foreign()
        });
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|fault| foreign(&String::from_utf8_lossy(fault.as_bytes())))
}

/// The bytes of an item and the end of their line. Room is made as they come: a length costs its
/// sender nothing.
async fn read_item(
    from: &mut (impl AsyncBufRead + Unpin),
    length: usize,
    heard: &AtomicU64,
) -> io::Result<Vec<u8>> {
    const PIECE: usize = 256 * 1024;
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let piece = (length - bytes.len()).min(PIECE);
        bytes.reserve(piece);
        let begun = bytes.len();
        let mut bounded = (&mut *from).take(piece as u64);
        while bytes.len() < begun + piece {
            if bounded.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            heard.fetch_add(1, Ordering::Relaxed);
        }
    }
    let mut end = [0; 2];
    from.read_exact(&mut end).await?;
    if end == *b"\r\n" {
        Ok(bytes)
    } else {
        Err(foreign("an item whose end is not where it said"))
    }
}

async fn read_stats(
    from: &mut (impl AsyncBufRead + Unpin),
    first: &str,
    heard: &AtomicU64,
) -> io::Result<Reply> {
    let pair = |text: &str| {
        let (name, value) = text.split_once(' ').unwrap_or((text, ""));
        (name.to_owned(), value.to_owned())
    };
    let mut stats = vec![pair(first)];
    loop {
        let line = read_line(from, heard).await?;
        match line.strip_prefix("STAT ") {
            Some(stat) if stats.len() < MOST_STATS => stats.push(pair(stat)),
            None if line == "END" => return Ok(Reply::Stats(stats)),
            _ => return Err(foreign(&line)),
        }
    }
}

fn read_flags(text: &str) -> Flags {
    let mut flags = Flags::default();
    for flag in text.split(' ') {
        if let Some(cas) = flag.strip_prefix('c') {
            flags.cas = cas.parse().ok();
        } else if let Some(mark) = flag.strip_prefix('O') {
            // One that cannot be read is another's.
            flags.mark = Some(mark.parse().unwrap_or(u32::MAX));
        }
    }
    flags
}

fn foreign(line: &str) -> io::Error {
    let begin: String = line.chars().take(60).collect();
    io::Error::new(io::ErrorKind::InvalidData, begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8]) -> io::Result<Reply> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("the system has file descriptors");
        let mut bytes = bytes;
        runtime.block_on(read_reply(&mut bytes, &AtomicU64::new(0)))
    }

    #[test]
    fn replies_are_told_apart() {
        let item = parsed(b"VA 3 c7 O5\r\na\r\n\r\n").expect("well-formed");
        assert!(item.has_mark(5) && !item.has_mark(6));
        assert!(matches!(&item, Reply::Item { bytes, .. } if bytes == b"a\r\n"));
        let status = parsed(b"HD c8 O1\r\n").expect("well-formed");
        assert!(
            matches!(status, Reply::Status { code: Code::Done, flags } if flags.cas == Some(8))
        );
        let absent = parsed(b"EN\r\n").expect("well-formed");
        assert!(absent.has_mark(9), "older servers repeat no mark there");
        assert!(!parsed(b"HD Oxyz\r\n").expect("well-formed").has_mark(9));
        let stats = parsed(b"STAT a b c\r\nSTAT d\r\nEND\r\n").expect("well-formed");
        let pairs = [("a", "b c"), ("d", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(stats, Reply::Stats(pairs.to_vec()));
        assert_eq!(
            parsed(b"SERVER_ERROR out of memory\r\n")
                .expect("well-formed")
                .shape(),
            "ERROR"
        );
    }

    #[test]
    fn what_is_no_reply_is_a_fault() {
        let endless = vec![b'x'; 10_000];
        let many = [b"STAT a b\r\n".repeat(MOST_STATS + 1), b"END\r\n".to_vec()].concat();
        for bytes in [
            &b""[..],
            b"HD",
            b"VA 3\r\nab",
            b"VA 3\r\nabcd\r\n",
            b"VA -1\r\n\r\n",
            b"VA 99999999999\r\n",
            b"VA 1073741824\r\nshort",
            b"VA x\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"\xff\xfe\r\n",
            b"\r\n",
            b"STAT a b\r\nHD\r\n",
            &endless,
            &many,
        ] {
            parsed(bytes).expect_err("it is no reply");
        }
    }
}

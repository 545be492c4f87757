//! What one sentinel says of the primary.

use redis::Value;

use super::fault::Fault;
use super::server::text;
use super::slots::Address;
use crate::error::ErrorKind;

/// A sentinel's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) address: Address,
    /// The count of failovers by which it is: of two sentinels the one with the higher is right.
    pub(super) epoch: u64,
    /// Whether another server is about to take its place.
    pub(super) in_doubt: bool,
}

impl Said {
    /// Reads the answers to `SENTINEL MASTER` and `SENTINEL GET-MASTER-ADDR-BY-NAME` of the sentinel
    /// at `at`.
    pub(super) fn read(answers: &[Value], at: &str, name: &str) -> Result<Self, Fault> {
        match answers {
            [Value::ServerError(refusal), Value::Nil] => {
                let detail = refusal.details().unwrap_or_default();
                Err(match detail.contains("No such master") {
                    true => unknown(at, name),
                    false => Fault::of_sentinel(refusal.clone().into(), at),
                })
            }
            [_, Value::ServerError(refusal)] => Err(Fault::of_sentinel(refusal.clone().into(), at)),
            [_, Value::Nil] => Err(unknown(at, name)),
            [master, Value::Array(parts)] => {
                Self::of(master, parts).ok_or_else(|| Fault::unexpected(at, "SENTINEL", master))
            }
            _ => Err(Fault::unexpected(at, "SENTINEL", &Value::Nil)),
        }
    }

    /// The word of a sentinel that watches something by this name.
    fn of(master: &Value, address: &[Value]) -> Option<Self> {
        let [host, port] = address else { return None };
        let address = (text(host)?.to_owned(), text(port)?.parse().ok()?);
        let before = (field(master, "ip"), field(master, "port"));
        let settled = before == (Some(address.0.as_str()), text(port));
        let flags = field(master, "flags").unwrap_or_default();
        Some(Self {
            // Once one is promoted the sentinel names it, though what it watches is still the old.
            in_doubt: settled && flags.contains("failover_in_progress"),
            epoch: field(master, "config-epoch")?.parse().ok()?,
            address,
        })
    }

    /// The newer word of the two; a doubt outweighs the same word without one.
    pub(super) fn or(self, other: Self) -> Self {
        let newer = (other.epoch, other.in_doubt) > (self.epoch, self.in_doubt);
        if newer { other } else { self }
    }

    /// The same, of which something is known to have changed since.
    pub(super) fn doubted(self) -> Self {
        Self {
            in_doubt: true,
            ..self
        }
    }

    /// Whether this says that the believed primary is none any more, or will soon be none.
    pub(super) fn deposes(&self, believed: &Self) -> bool {
        let newer = self.epoch >= believed.epoch;
        newer && (self.in_doubt || self.address != believed.address)
    }
}

/// A sentinel that watches something else.
fn unknown(at: &str, name: &str) -> Fault {
    let what = format!(
        "this sentinel watches nothing that is called `{name}`; correct the name behind the \
         sentinels in the URL"
    );
    Fault::new(ErrorKind::Config, at, what)
}

/// A field of `SENTINEL MASTER`, which is a map in RESP3 and a flat list before.
fn field<'a>(master: &'a Value, name: &str) -> Option<&'a str> {
    match master {
        Value::Map(fields) => {
            let found = fields.iter().find(|(key, _)| text(key) == Some(name))?;
            text(&found.1)
        }
        Value::Array(parts) => {
            let mut pairs = parts.chunks_exact(2);
            text(&pairs.find(|pair| text(&pair[0]) == Some(name))?[1])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn said(watched: &str, named: &str, epoch: &str, flags: &str) -> Said {
        let fields = [
            ("ip", "h"),
            ("port", watched),
            ("flags", flags),
            ("config-epoch", epoch),
        ];
        let flat = fields
            .iter()
            .flat_map(|(key, value)| [bulk(key), bulk(value)]);
        let address = Value::Array(vec![bulk("h"), bulk(named)]);
        let answers = [Value::Array(flat.collect()), address];
        Said::read(&answers, "s", "m").expect("it is one")
    }

    #[test]
    fn the_newest_word_counts_and_a_doubt_more_than_none() {
        let old = said("1", "1", "3", "master");
        let doubt = said("1", "1", "3", "master,failover_in_progress");
        let promoted = said("1", "2", "4", "master,failover_in_progress");
        assert!(doubt.in_doubt && !promoted.in_doubt);
        assert_eq!(old.clone().or(promoted.clone()), promoted);
        assert_eq!(promoted.clone().or(old.clone()), promoted);
        assert_eq!(old.clone().or(doubt.clone()), doubt);
        assert!(doubt.deposes(&old) && promoted.deposes(&old));
        assert!(!old.deposes(&old) && !old.deposes(&promoted) && !doubt.deposes(&promoted));
    }

    #[test]
    fn hostile_answers_name_nobody() {
        let address = |port: &str| Value::Array(vec![bulk("h"), bulk(port)]);
        for answers in [
            vec![],
            vec![Value::Nil, Value::Nil],
            vec![Value::Nil, address("1")],
            vec![Value::Array(vec![bulk("config-epoch")]), address("1")],
            vec![
                Value::Array(vec![bulk("config-epoch"), bulk("1")]),
                address("70000"),
            ],
        ] {
            assert!(Said::read(&answers, "s", "m").is_err(), "{answers:?}");
        }
    }
}

//! Which server of a cluster has which keys.

use std::sync::Arc;

use redis::Value;

use super::server::text;

/// Slots that keys fall into.
pub(super) const SLOTS: usize = 16_384;

/// The slot of a key: of what stands between its first `{` and the next `}`, if anything does.
pub(super) fn slot_of(key: &str) -> usize {
    let tagged = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    let hashed = match tagged {
        Some((tag, _)) if !tag.is_empty() => tag,
        _ => key,
    };
    usize::from(crc16(hashed.as_bytes())) % SLOTS
}

/// CRC-16/XMODEM, as the cluster's specification has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

/// A server's host and port.
pub(super) type Address = (String, u16);

/// The primaries with the slots they serve.
#[derive(Debug, Default)]
pub(super) struct Slots {
    addresses: Vec<Arc<Address>>,
    /// For each slot the place of its server among the addresses.
    places: Vec<Option<u16>>,
}

impl Slots {
    /// Reads the answer to `CLUSTER SLOTS`; `host` is who gave it, which a server may call itself
    /// by no name.
    pub(super) fn read(answer: &Value, host: &str) -> Option<Self> {
        let Value::Array(ranges) = answer else {
            return None;
        };
        let mut slots = Self::default();
        for range in ranges {
            let Value::Array(parts) = range else {
                return None;
            };
            let [
                Value::Int(first),
                Value::Int(last),
                Value::Array(primary),
                ..,
            ] = &parts[..]
            else {
                return None;
            };
            let (first, last) = (usize::try_from(*first).ok()?, usize::try_from(*last).ok()?);
            let address = address_of(primary, host)?;
            (first..=last.min(SLOTS - 1)).for_each(|slot| slots.give(slot, &address));
        }
        (!slots.addresses.is_empty()).then_some(slots)
    }

    /// The server of a slot.
    pub(super) fn owner(&self, slot: usize) -> Option<&Arc<Address>> {
        let place = (*self.places.get(slot)?)?;
        self.addresses.get(usize::from(place))
    }

    /// Gives the slot to a server.
    pub(super) fn give(&mut self, slot: usize, address: &Address) {
        let known = self.addresses.iter().position(|known| **known == *address);
        let place = known.unwrap_or_else(|| {
            self.addresses.push(Arc::new(address.clone()));
            self.addresses.len() - 1
        });
        self.places.resize(SLOTS, None);
        if let Some(owner) = self.places.get_mut(slot) {
            *owner = u16::try_from(place).ok();
        }
    }

    /// Whether every slot is where it is by the other map.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        (0..SLOTS).all(|slot| self.owner(slot) == other.owner(slot))
    }

    /// All servers, that of the lowest slots first.
    pub(super) fn addresses(&self) -> &[Arc<Address>] {
        &self.addresses
    }
}

/// The address of a node in the answer to `CLUSTER SLOTS`: the name or number that clients are to
/// use, then the port, which is the one of TLS where TLS was spoken.
fn address_of(node: &[Value], host: &str) -> Option<Address> {
    let [name, Value::Int(port), ..] = node else {
        return None;
    };
    let name = text(name).filter(|name| !matches!(*name, "" | "?"));
    let name = name.unwrap_or(host).to_owned();
    Some((name, u16::try_from(*port).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_fall_into_the_slots_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(slot_of("foo"), 12_182);
        assert_eq!(
            slot_of("{user1000}.following"),
            slot_of("{user1000}.followers")
        );
        assert_eq!(
            slot_of("foo{}{bar}"),
            usize::from(crc16(b"foo{}{bar}")) % SLOTS
        );
        assert_eq!(slot_of("foo{{bar}}zap"), slot_of("{bar"));
        assert_eq!(slot_of("foo{bar"), usize::from(crc16(b"foo{bar")) % SLOTS);
    }

    #[test]
    fn maps_agree_by_slot_whatever_was_known_before() {
        let at = |host: &str| (host.to_owned(), 7000);
        let (mut patched, mut read) = (Slots::default(), Slots::default());
        assert!(patched.agrees_with(&read));
        patched.give(1, &at("a"));
        assert!(!patched.agrees_with(&read));
        patched.give(1, &at("b"));
        read.give(1, &at("b"));
        assert!(patched.agrees_with(&read), "`a` has nothing any more");
        read.give(2, &at("b"));
        assert!(!patched.agrees_with(&read) && !read.agrees_with(&patched));
    }

    #[test]
    fn hostile_answers_are_no_map() {
        let node = |host: Value, port: i64| Value::Array(vec![host, Value::Int(port)]);
        let range = |first, last, node| {
            Value::Array(vec![Value::Array(vec![
                Value::Int(first),
                Value::Int(last),
                node,
            ])])
        };
        let named = node(Value::SimpleString("a".into()), 7000);
        let read = |answer: &Value| Slots::read(answer, "asked");
        let slots = read(&range(0, i64::MAX, named.clone())).expect("it is one");
        assert_eq!(slots.owner(SLOTS - 1).map(|a| a.0.as_str()), Some("a"));
        assert_eq!(slots.owner(SLOTS), None);
        let slots = read(&range(5, 5, node(Value::Nil, 7000))).expect("it is one");
        assert_eq!(slots.owner(5).map(|a| a.0.as_str()), Some("asked"));
        assert_eq!(slots.owner(4), None);
        assert!(read(&range(-1, 5, named.clone())).is_none());
        assert!(read(&range(0, 5, node(Value::Nil, 70_000))).is_none());
        assert!(read(&Value::Array(vec![Value::Nil])).is_none());
        assert!(read(&Value::Array(Vec::new())).is_none());
        assert!(read(&Value::Nil).is_none());
    }
}

//! Values that more than one section has, and how they are read.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::de::{Deserialize, Deserializer, Error};
use status_domain::ids::System;
use status_domain::principal::Role;
use status_domain::status::Status;

/// A SHA-256 hash, written as 64 hexadecimal digits.
///
/// Not printed: what it is the hash of may be short enough to be guessed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Sha256Hash([u8; 32]);

impl Sha256Hash {
    /// The hash of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash as it is written in the configuration.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256Hash(..)")
    }
}

/// A SHA-256 hash is written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a SHA-256 hash is written as 64 hexadecimal digits")]
pub struct InvalidHash;

impl FromStr for Sha256Hash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidHash);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| InvalidHash)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidHash)?;
        }
        Ok(Self(bytes))
    }
}

impl<'de> Deserialize<'de> for Sha256Hash {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}

/// A canonical status by its name in capitals.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct StatusName(pub Status);

impl<'de> Deserialize<'de> for StatusName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let known = || Status::ALL.map(Status::as_str).join(", ");
        let text = String::deserialize(input)?;
        text.parse()
            .map(Self)
            .map_err(|_| D::Error::custom(format!("not a status; the statuses are {}", known())))
    }
}

/// One of the four wire formats by its name.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FormatName {
    /// NetXD's JSON-RPC.
    Netxd,
    /// Network International's `NISrvRequest` in front of WAY4.
    Way4,
    /// Capillary's request workflow.
    Capillary,
    /// NATS For Networks.
    N4n,
}

impl<'de> Deserialize<'de> for FormatName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(
            input,
            &[
                ("netxd", Self::Netxd),
                ("way4", Self::Way4),
                ("capillary", Self::Capillary),
                ("n4n", Self::N4n),
            ],
        )
    }
}

impl FormatName {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Netxd, Self::Way4, Self::Capillary, Self::N4n];

    /// The format as the domain names it.
    #[must_use]
    pub const fn system(self) -> System {
        match self {
            Self::Netxd => System::new("netxd"),
            Self::Way4 => System::new("way4"),
            Self::Capillary => System::new("capillary"),
            Self::N4n => System::new("n4n"),
        }
    }

    /// The format with this name.
    #[must_use]
    pub fn of(system: &System) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.system() == *system)
    }
}

/// What a person or account may do in a workflow.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RoleName {
    /// May ask for changes.
    Maker,
    /// May decide changes that others asked for.
    Checker,
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("maker", Self::Maker), ("checker", Self::Checker)])
    }
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Maker => Self::Maker,
            RoleName::Checker => Self::Checker,
        }
    }
}

/// When a client is told of success.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AnswerWhen {
    /// When every required upstream has confirmed.
    #[default]
    Applied,
    /// As soon as the change is durable.
    Recorded,
}

impl<'de> Deserialize<'de> for AnswerWhen {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("applied", Self::Applied), ("recorded", Self::Recorded)])
    }
}

/// An address or a range of addresses: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AddressRange(IpNet);

impl AddressRange {
    /// Whether the range has `address`. An IPv4 address mapped into IPv6 counts as the IPv4 one.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl<'de> Deserialize<'de> for AddressRange {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let range = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        range
            .map(Self)
            .ok_or_else(|| D::Error::custom("an IP address or a range such as 192.0.2.0/24"))
    }
}

/// Where the record is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoreUrl {
    /// An SQLite file.
    Sqlite(PathBuf),
}

impl<'de> Deserialize<'de> for StoreUrl {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        // The text is not repeated: a URL of another kind may hold a password.
        let text = String::deserialize(input)?;
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            let why = "PostgreSQL is not supported by this version; use sqlite:PATH";
            return Err(D::Error::custom(why));
        }
        let path = text.strip_prefix("sqlite:").unwrap_or_default();
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(D::Error::custom("a store is written as sqlite:PATH"));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

/// Reads one of a few words. Unlike a derived implementation, it tells which there are.
pub(super) fn word<'de, D: Deserializer<'de>, T: Copy>(
    input: D,
    words: &[(&str, T)],
) -> Result<T, D::Error> {
    let text = String::deserialize(input)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*meaning);
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    Err(D::Error::custom(format!("must be one of {}", known.join(", "))))
}

/// Reads a positive number of milliseconds.
pub(super) fn milliseconds<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    match u32::deserialize(input)? {
        0 => Err(D::Error::custom("a time is at least 1 ms")),
        ms => Ok(Duration::from_millis(ms.into())),
    }
}

/// Reads a positive number of seconds.
pub(super) fn seconds<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    match u32::deserialize(input)? {
        0 => Err(D::Error::custom("a time is at least 1 s")),
        s => Ok(Duration::from_secs(s.into())),
    }
}

/// The tenant of whoever has none of its own.
pub(super) fn default_tenant() -> String {
    "default".to_owned()
}

/// For settings that are on unless they are switched off.
pub(super) const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error as ValueError, StrDeserializer};

    use super::*;

    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
        let input: StrDeserializer<'a, ValueError> = text.into_deserializer();
        T::deserialize(input).map_err(|error| error.to_string())
    }

    #[test]
    fn a_hash_is_read_back_as_it_is_written() {
        let hash = Sha256Hash::of(b"secret");
        assert_eq!(read::<Sha256Hash>(&hash.to_hex()), Ok(hash));
        assert_eq!(read::<Sha256Hash>(&hash.to_hex().to_uppercase()), Ok(hash));
    }

    #[test]
    fn a_hash_of_another_length_or_alphabet_is_refused_without_repeating_it() {
        for text in ["", "abc", &"g".repeat(64), &"é".repeat(32), &"a".repeat(63)] {
            let error = read::<Sha256Hash>(text).unwrap_err();
            assert_eq!(error, InvalidHash.to_string());
        }
    }

    #[test]
    fn a_range_has_its_addresses_and_no_others() {
        let range: AddressRange = read("192.0.2.0/24").unwrap();
        assert!(range.contains("192.0.2.200".parse().unwrap()));
        assert!(range.contains("::ffff:192.0.2.1".parse().unwrap()));
        assert!(!range.contains("192.0.3.1".parse().unwrap()));
        let one: AddressRange = read("192.0.2.7").unwrap();
        assert!(one.contains("192.0.2.7".parse().unwrap()));
        assert!(!one.contains("192.0.2.8".parse().unwrap()));
        assert!(read::<AddressRange>("somewhere").is_err());
    }

    #[test]
    fn a_store_is_a_sqlite_file() {
        let file = |path: &str| Ok(StoreUrl::Sqlite(path.into()));
        assert_eq!(read::<StoreUrl>("sqlite:var/gate.db"), file("var/gate.db"));
        assert_eq!(read::<StoreUrl>("sqlite:///srv/gate.db"), file("/srv/gate.db"));
        assert!(read::<StoreUrl>("sqlite:").is_err());
        assert!(read::<StoreUrl>("gate.db").is_err());
    }

    #[test]
    fn postgres_is_refused_by_name_and_its_password_is_not_repeated() {
        let error = read::<StoreUrl>("postgres://gate:hunter2@db/gate").unwrap_err();
        assert!(error.contains("not supported by this version"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

//! The small parts of the mirrors.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use status_domain::command::Scope;
use status_domain::facet::EditLock;
use status_domain::hold::{NativeCode, Slot};
use status_domain::ids::{Identifier, SubjectId};
use status_domain::principal::Role;
use status_domain::profile::{Gender, Title};
use status_domain::status::Status;
use status_domain::subject::SubjectKind;
use status_domain::text::Native;
use uuid::Uuid;

use super::Stored;

/// Text: borrowed for writing, owned when read.
pub(super) type Text<'a> = Cow<'a, str>;

/// A text to write.
pub(super) const fn text(value: &str) -> Text<'_> {
    Cow::Borrowed(value)
}

/// A text that was read.
pub(super) fn boxed(value: Text<'_>) -> Box<str> {
    value.into_owned().into_boxed_str()
}

/// An optional text to write.
pub(super) fn optional(value: Option<&str>) -> Option<Text<'_>> {
    value.map(Cow::Borrowed)
}

/// Restores an optional part: `None` only if it is there and cannot be restored.
pub(super) fn restore_optional<M, T>(
    mirror: Option<M>,
    restore: impl FnOnce(M) -> Option<T>,
) -> Option<Option<T>> {
    match mirror {
        Some(mirror) => restore(mirror).map(Some),
        None => Some(None),
    }
}

/// A subject's id, as a UUID in its usual text form.
#[derive(Clone, Copy)]
pub(super) struct Id(pub(super) SubjectId);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = Uuid::encode_buffer();
        serializer.serialize_str(self.0.0.as_hyphenated().encode_lower(&mut buffer))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let uuid = Uuid::parse_str(&String::deserialize(deserializer)?);
        uuid.map(|uuid| Self(SubjectId(uuid))).map_err(|_| serde::de::Error::custom("not a UUID"))
    }
}

/// An instant, to the microsecond, as RFC 3339 writes it.
#[derive(Clone, Copy)]
pub(super) struct Instant(pub(super) DateTime<Utc>);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let at = DateTime::parse_from_rfc3339(&String::deserialize(deserializer)?);
        at.map(|at| Self(at.to_utc())).map_err(|_| serde::de::Error::custom("not an instant"))
    }
}

/// A status by its name.
#[derive(Clone, Copy)]
pub(super) struct StatusName(pub(super) Status);

impl Serialize for StatusName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for StatusName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let status = String::deserialize(deserializer)?.parse();
        status.map(Self).map_err(|_| serde::de::Error::custom("not a status"))
    }
}

/// Declares the mirror of an enum without particulars and both ways between them.
macro_rules! names {
    ($mirror:ident = $domain:ident { $($variant:ident),+ }) => {
        #[derive(Clone, Copy, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $mirror {
            $($variant),+
        }

        impl From<$domain> for $mirror {
            fn from(value: $domain) -> Self {
                match value {
                    $($domain::$variant => Self::$variant),+
                }
            }
        }

        impl From<$mirror> for $domain {
            fn from(value: $mirror) -> Self {
                match value {
                    $($mirror::$variant => Self::$variant),+
                }
            }
        }
    };
}

names!(EditLockName = EditLock { Unlocked, Locked });
names!(TitleName = Title { Mr, Ms, Mrs });
names!(GenderName = Gender { Male, Female });
names!(RoleName = Role { Maker, Checker });
names!(ScopeName = Scope { Account, Customer });
names!(KindName = SubjectKind { Customer, Account });

/// A native code with the slot it stands in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeMirror<'a> {
    system: Text<'a>,
    slot: Text<'a>,
    code: Text<'a>,
}

impl<'a> CodeMirror<'a> {
    pub(super) fn new(slot: &'a Slot, code: &'a str) -> Self {
        Self { system: text(slot.system.as_str()), slot: text(&slot.name), code: text(code) }
    }

    pub(super) fn restore(self) -> Option<NativeCode> {
        let slot =
            Slot { system: self.system.parse().ok()?, name: Cow::Owned(self.slot.into_owned()) };
        Some(NativeCode { slot, code: boxed(self.code) })
    }
}

/// A slot alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlotMirror<'a> {
    system: Text<'a>,
    slot: Text<'a>,
}

impl<'a> SlotMirror<'a> {
    pub(super) fn new(slot: &'a Slot) -> Self {
        Self { system: text(slot.system.as_str()), slot: text(&slot.name) }
    }

    pub(super) fn restore(self) -> Option<Slot> {
        let system = self.system.parse().ok()?;
        Some(Slot { system, name: Cow::Owned(self.slot.into_owned()) })
    }
}

/// An identifier.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentifierMirror<'a> {
    system: Text<'a>,
    kind: Text<'a>,
    value: Text<'a>,
}

impl<'a> IdentifierMirror<'a> {
    pub(super) fn new(identifier: &'a Identifier) -> Self {
        Self {
            system: text(identifier.system.as_str()),
            kind: text(identifier.kind.as_str()),
            value: text(identifier.value.expose()),
        }
    }

    pub(super) fn restore(self) -> Option<Identifier> {
        Some(Identifier {
            system: self.system.parse().ok()?,
            kind: self.kind.parse().ok()?,
            value: self.value.parse().ok()?,
        })
    }
}

/// A piece of a request in its own format.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NativeMirror<'a> {
    text: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<(Text<'a>, Text<'a>)>,
}

impl Stored for Native {
    type Mirror<'a> = NativeMirror<'a>;

    fn mirror(&self) -> NativeMirror<'_> {
        let pairs = self.attributes.iter();
        NativeMirror {
            text: text(&self.text),
            attributes: pairs.map(|(name, value)| (text(name), text(value))).collect(),
        }
    }

    fn from_mirror(mirror: NativeMirror<'static>) -> Option<Self> {
        let pairs = mirror.attributes.into_iter();
        Some(Self {
            text: boxed(mirror.text),
            attributes: pairs.map(|(name, value)| (boxed(name), boxed(value))).collect(),
        })
    }
}

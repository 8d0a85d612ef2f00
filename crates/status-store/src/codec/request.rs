//! A change as it was asked for.

use serde::{Deserialize, Serialize};
use status_domain::command::{Action, ChangeRequest, SlotShows};
use status_domain::hold::HoldOwner;
use status_domain::ids::IdempotencyKey;
use status_domain::text::Native;

use super::Stored;
use super::state::ProfileMirror;
use super::value::{
    CodeMirror, EditLockName, IdentifierMirror, KindName, NativeMirror, ScopeName, SlotMirror,
    StatusName, Text, boxed, optional, restore_optional, text,
};

/// A request.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestMirror<'a> {
    named_by: Vec<IdentifierMirror<'a>>,
    kind: KindName,
    action: ActionMirror<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    native: Option<NativeMirror<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency: Option<KeyMirror<'a>>,
    shown_as_request: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyMirror<'a> {
    key: Text<'a>,
    content: Text<'a>,
}

impl Stored for ChangeRequest {
    type Mirror<'a> = RequestMirror<'a>;

    fn mirror(&self) -> RequestMirror<'_> {
        RequestMirror {
            named_by: self.named_by.iter().map(IdentifierMirror::new).collect(),
            kind: self.kind.into(),
            action: ActionMirror::new(&self.action),
            reason: optional(self.reason.as_ref().map(|reason| reason.as_str())),
            native: self.native.as_ref().map(Stored::mirror),
            idempotency: self
                .idempotency
                .as_ref()
                .map(|one| KeyMirror { key: text(&one.key), content: text(&one.content) }),
            shown_as_request: self.shown_as_request,
        }
    }

    fn from_mirror(mirror: RequestMirror<'static>) -> Option<Self> {
        let named_by = mirror.named_by.into_iter().map(IdentifierMirror::restore);
        Some(Self {
            named_by: named_by.collect::<Option<_>>()?,
            kind: mirror.kind.into(),
            action: mirror.action.restore()?,
            reason: restore_optional(mirror.reason, |reason| reason.parse().ok())?,
            native: restore_optional(mirror.native, Native::from_mirror)?,
            idempotency: mirror
                .idempotency
                .map(|one| IdempotencyKey { key: boxed(one.key), content: boxed(one.content) }),
            shown_as_request: mirror.shown_as_request,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ActionMirror<'a> {
    SetLifecycle {
        status: StatusName,
    },
    PlaceHold {
        owner: Text<'a>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        severity: Option<StatusName>,
        native: CodeMirror<'a>,
        reversible: bool,
        scope: ScopeName,
    },
    ReleaseHold {
        owner: Text<'a>,
        slot: SlotMirror<'a>,
        shows: ShowsMirror<'a>,
    },
    SetResting {
        owner: Text<'a>,
        native: CodeMirror<'a>,
        shows: ShowsMirror<'a>,
    },
    SetEditLock {
        lock: EditLockName,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept_while: Vec<StatusName>,
    },
    UpdateProfile {
        profile: Box<ProfileMirror<'a>>,
    },
}

impl<'a> ActionMirror<'a> {
    fn new(action: &'a Action) -> Self {
        match action {
            Action::SetLifecycle(status) => Self::SetLifecycle { status: StatusName(*status) },
            Action::PlaceHold { owner, severity, native, reversible, scope } => Self::PlaceHold {
                owner: text(owner.as_str()),
                severity: severity.map(StatusName),
                native: CodeMirror::new(&native.slot, &native.code),
                reversible: *reversible,
                scope: (*scope).into(),
            },
            Action::ReleaseHold { owner, slot, shows } => Self::ReleaseHold {
                owner: text(owner.as_str()),
                slot: SlotMirror::new(slot),
                shows: ShowsMirror::new(shows),
            },
            Action::SetResting { owner, native, shows } => Self::SetResting {
                owner: text(owner.as_str()),
                native: CodeMirror::new(&native.slot, &native.code),
                shows: ShowsMirror::new(shows),
            },
            Action::SetEditLock { lock, kept_while } => Self::SetEditLock {
                lock: (*lock).into(),
                kept_while: kept_while.iter().copied().map(StatusName).collect(),
            },
            Action::UpdateProfile(profile) => {
                Self::UpdateProfile { profile: Box::new(ProfileMirror::new(profile)) }
            }
        }
    }

    fn restore(self) -> Option<Action> {
        Some(match self {
            Self::SetLifecycle { status } => Action::SetLifecycle(status.0),
            Self::PlaceHold { owner, severity, native, reversible, scope } => Action::PlaceHold {
                owner: owner.parse().ok()?,
                severity: severity.map(|severity| severity.0),
                native: native.restore()?,
                reversible,
                scope: scope.into(),
            },
            Self::ReleaseHold { owner, slot, shows } => Action::ReleaseHold {
                owner: owner.parse().ok()?,
                slot: slot.restore()?,
                shows: shows.restore()?,
            },
            Self::SetResting { owner, native, shows } => Action::SetResting {
                owner: owner.parse().ok()?,
                native: native.restore()?,
                shows: shows.restore()?,
            },
            Self::SetEditLock { lock, kept_while } => Action::SetEditLock {
                lock: lock.into(),
                kept_while: kept_while.into_iter().map(|status| status.0).collect(),
            },
            Self::UpdateProfile { profile } => Action::UpdateProfile(profile.restore()),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ShowsMirror<'a> {
    OwnerOnly,
    AllBut { owners: Vec<Text<'a>> },
}

impl<'a> ShowsMirror<'a> {
    fn new(shows: &'a SlotShows) -> Self {
        match shows {
            SlotShows::OwnerOnly => Self::OwnerOnly,
            SlotShows::AllBut(owners) => {
                Self::AllBut { owners: owners.iter().map(|owner| text(owner.as_str())).collect() }
            }
        }
    }

    fn restore(self) -> Option<SlotShows> {
        match self {
            Self::OwnerOnly => Some(SlotShows::OwnerOnly),
            Self::AllBut { owners } => {
                let owners = owners.iter().map(|owner| owner.parse::<HoldOwner>().ok());
                owners.collect::<Option<_>>().map(SlotShows::AllBut)
            }
        }
    }
}

//! What is true of a subject.

use serde::{Deserialize, Serialize};
use status_domain::hold::{Hold, HoldOwner, NativeCode};
use status_domain::profile::Profile;
use status_domain::subject::SubjectState;

use super::Stored;
use super::value::{
    CodeMirror, EditLockName, GenderName, Instant, StatusName, Text, TitleName, boxed, optional,
    restore_optional, text,
};

/// The state of a subject.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateMirror<'a> {
    lifecycle: StatusName,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<HoldMirror<'a>>,
    edit_lock: EditLockName,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resting: Vec<RestingMirror<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending_profile: Option<ProfileMirror<'a>>,
}

impl Stored for SubjectState {
    type Mirror<'a> = StateMirror<'a>;

    fn mirror(&self) -> StateMirror<'_> {
        StateMirror {
            lifecycle: StatusName(self.lifecycle),
            holds: self.holds.iter().map(|(owner, hold)| HoldMirror::new(owner, hold)).collect(),
            edit_lock: self.edit_lock.into(),
            resting: self.resting.iter().map(RestingMirror::new).collect(),
            pending_profile: self.pending_profile.as_ref().map(ProfileMirror::new),
        }
    }

    fn from_mirror(mirror: StateMirror<'static>) -> Option<Self> {
        Some(Self {
            lifecycle: mirror.lifecycle.0,
            holds: mirror.holds.into_iter().map(HoldMirror::restore).collect::<Option<_>>()?,
            edit_lock: mirror.edit_lock.into(),
            resting: mirror
                .resting
                .into_iter()
                .map(RestingMirror::restore)
                .collect::<Option<_>>()?,
            pending_profile: mirror.pending_profile.map(ProfileMirror::restore),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RestingMirror<'a> {
    owner: Text<'a>,
    native: CodeMirror<'a>,
}

impl<'a> RestingMirror<'a> {
    fn new((owner, code): (&'a HoldOwner, &'a NativeCode)) -> Self {
        let native = CodeMirror::new(&code.slot, &code.code);
        Self { owner: text(owner.as_str()), native }
    }

    fn restore(self) -> Option<(HoldOwner, NativeCode)> {
        Some((self.owner.parse().ok()?, self.native.restore()?))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldMirror<'a> {
    owner: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    severity: Option<StatusName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    native: Option<CodeMirror<'a>>,
    reversible: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Text<'a>>,
    placed_at: Instant,
}

impl<'a> HoldMirror<'a> {
    fn new(owner: &'a HoldOwner, hold: &'a Hold) -> Self {
        let native = hold.native.as_ref();
        Self {
            owner: text(owner.as_str()),
            severity: hold.severity.map(StatusName),
            native: native.map(|native| CodeMirror::new(&native.slot, &native.code)),
            reversible: hold.reversible,
            reason: optional(hold.reason.as_ref().map(|reason| reason.as_str())),
            placed_at: Instant(hold.placed_at),
        }
    }

    fn restore(self) -> Option<(HoldOwner, Hold)> {
        let hold = Hold {
            severity: self.severity.map(|severity| severity.0),
            native: restore_optional(self.native, CodeMirror::restore)?,
            reversible: self.reversible,
            reason: restore_optional(self.reason, |reason| reason.parse().ok())?,
            placed_at: self.placed_at.0,
        };
        Some((self.owner.parse().ok()?, hold))
    }
}

/// Consumer details; what is not given is not written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileMirror<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_name: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_name: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<TitleName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gender: Option<GenderName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address_line: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    city: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    postal_code: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone_number: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    institution_name: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    institution_id: Option<Text<'a>>,
}

impl<'a> ProfileMirror<'a> {
    pub(super) fn new(profile: &'a Profile) -> Self {
        Self {
            first_name: optional(profile.first_name.as_deref()),
            last_name: optional(profile.last_name.as_deref()),
            date_of_birth: optional(profile.date_of_birth.as_deref()),
            title: profile.title.map(TitleName::from),
            gender: profile.gender.map(GenderName::from),
            address_line: optional(profile.address_line.as_deref()),
            city: optional(profile.city.as_deref()),
            state: optional(profile.state.as_deref()),
            country: optional(profile.country.as_deref()),
            postal_code: optional(profile.postal_code.as_deref()),
            phone_number: optional(profile.phone_number.as_deref()),
            email: optional(profile.email.as_deref()),
            institution_name: optional(profile.institution_name.as_deref()),
            institution_id: optional(profile.institution_id.as_deref()),
        }
    }

    pub(super) fn restore(self) -> Profile {
        Profile {
            first_name: self.first_name.map(boxed),
            last_name: self.last_name.map(boxed),
            date_of_birth: self.date_of_birth.map(boxed),
            title: self.title.map(Into::into),
            gender: self.gender.map(Into::into),
            address_line: self.address_line.map(boxed),
            city: self.city.map(boxed),
            state: self.state.map(boxed),
            country: self.country.map(boxed),
            postal_code: self.postal_code.map(boxed),
            phone_number: self.phone_number.map(boxed),
            email: self.email.map(boxed),
            institution_name: self.institution_name.map(boxed),
            institution_id: self.institution_id.map(boxed),
        }
    }
}

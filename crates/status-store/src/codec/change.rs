//! Who changed what, and what came of it.

use serde::{Deserialize, Serialize};
use status_domain::failure::UpstreamRefusal;
use status_domain::ids::SubjectId;
use status_domain::principal::{Person, Principal};
use status_domain::register::RegisterName;
use status_domain::settle::{Assertion, AssertionState};
use status_domain::subject::SubjectState;

use super::Stored;
use super::state::StateMirror;
use super::value::{Id, RoleName, Text, boxed, text};
use crate::record::ChangeOutcome;

/// A caller.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrincipalMirror<'a> {
    format: Text<'a>,
    client: Text<'a>,
    tenant: Text<'a>,
    person: PersonMirror<'a>,
    roles: Vec<RoleName>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonMirror<'a> {
    id: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    name: Text<'a>,
}

impl Stored for Principal {
    type Mirror<'a> = PrincipalMirror<'a>;

    fn mirror(&self) -> PrincipalMirror<'_> {
        PrincipalMirror {
            format: text(self.format.as_str()),
            client: text(&self.client),
            tenant: text(&self.tenant),
            person: PersonMirror {
                id: text(&self.person.id),
                number: self.person.number,
                name: text(&self.person.name),
            },
            roles: self.roles.iter().map(|role| RoleName::from(*role)).collect(),
        }
    }

    fn from_mirror(mirror: PrincipalMirror<'static>) -> Option<Self> {
        Some(Self {
            format: mirror.format.parse().ok()?,
            client: boxed(mirror.client),
            tenant: boxed(mirror.tenant),
            person: Person {
                id: boxed(mirror.person.id),
                number: mirror.person.number,
                name: boxed(mirror.person.name),
            },
            roles: mirror.roles.into_iter().map(Into::into).collect(),
        })
    }
}

/// An upstream's refusal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefusalMirror<'a> {
    http_status: u16,
    code: Text<'a>,
    message: Text<'a>,
}

impl Stored for UpstreamRefusal {
    type Mirror<'a> = RefusalMirror<'a>;

    fn mirror(&self) -> RefusalMirror<'_> {
        RefusalMirror {
            http_status: self.http_status,
            code: text(&self.code),
            message: text(&self.message),
        }
    }

    fn from_mirror(mirror: RefusalMirror<'static>) -> Option<Self> {
        Some(Self {
            http_status: mirror.http_status,
            code: boxed(mirror.code),
            message: boxed(mirror.message),
        })
    }
}

/// What a change has come to.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum OutcomeMirror<'a> {
    Waiting,
    Open,
    Applied,
    Partly { missing: Vec<Text<'a>> },
    Refused { system: Text<'a>, refusal: RefusalMirror<'a> },
    Rejected,
    Unknown,
    Superseded,
}

impl Stored for ChangeOutcome {
    type Mirror<'a> = OutcomeMirror<'a>;

    fn mirror(&self) -> OutcomeMirror<'_> {
        match self {
            Self::Waiting => OutcomeMirror::Waiting,
            Self::Open => OutcomeMirror::Open,
            Self::Applied => OutcomeMirror::Applied,
            Self::Partly(missing) => OutcomeMirror::Partly {
                missing: missing.iter().map(|system| text(system.as_str())).collect(),
            },
            Self::Refused(system, refusal) => {
                OutcomeMirror::Refused { system: text(system.as_str()), refusal: refusal.mirror() }
            }
            Self::Rejected => OutcomeMirror::Rejected,
            Self::Unknown => OutcomeMirror::Unknown,
            Self::Superseded => OutcomeMirror::Superseded,
        }
    }

    fn from_mirror(mirror: OutcomeMirror<'static>) -> Option<Self> {
        Some(match mirror {
            OutcomeMirror::Waiting => Self::Waiting,
            OutcomeMirror::Open => Self::Open,
            OutcomeMirror::Applied => Self::Applied,
            OutcomeMirror::Partly { missing } => {
                let missing = missing.into_iter().map(|system| system.parse().ok());
                Self::Partly(missing.collect::<Option<_>>()?)
            }
            OutcomeMirror::Refused { system, refusal } => {
                Self::Refused(system.parse().ok()?, UpstreamRefusal::from_mirror(refusal)?)
            }
            OutcomeMirror::Rejected => Self::Rejected,
            OutcomeMirror::Unknown => Self::Unknown,
            OutcomeMirror::Superseded => Self::Superseded,
        })
    }
}

/// An asserted register.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssertionMirror<'a> {
    subject: Id,
    system: Text<'a>,
    register: Text<'a>,
    version: u64,
    required: bool,
    state: AssertionStateMirror<'a>,
}

impl<'a> AssertionMirror<'a> {
    fn new(assertion: &'a Assertion) -> Self {
        let Assertion { subject, system, register, version, required, state } = assertion;
        Self {
            subject: Id(*subject),
            system: text(system.as_str()),
            register: text(register.as_str()),
            version: *version,
            required: *required,
            state: AssertionStateMirror::new(state),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum AssertionStateMirror<'a> {
    Pending,
    InFlight,
    Confirmed,
    Refused(RefusalMirror<'a>),
    Superseded,
    Parked,
    Withdrawn,
}

impl<'a> AssertionStateMirror<'a> {
    fn new(state: &'a AssertionState) -> Self {
        match state {
            AssertionState::Pending => Self::Pending,
            AssertionState::InFlight => Self::InFlight,
            AssertionState::Confirmed => Self::Confirmed,
            AssertionState::Refused(refusal) => Self::Refused(refusal.mirror()),
            AssertionState::Superseded => Self::Superseded,
            AssertionState::Parked => Self::Parked,
            AssertionState::Withdrawn => Self::Withdrawn,
        }
    }
}

impl AssertionStateMirror<'static> {
    fn restore(self) -> Option<AssertionState> {
        Some(match self {
            Self::Pending => AssertionState::Pending,
            Self::InFlight => AssertionState::InFlight,
            Self::Confirmed => AssertionState::Confirmed,
            Self::Refused(refusal) => {
                AssertionState::Refused(UpstreamRefusal::from_mirror(refusal)?)
            }
            Self::Superseded => AssertionState::Superseded,
            Self::Parked => AssertionState::Parked,
            Self::Withdrawn => AssertionState::Withdrawn,
        })
    }
}

impl Stored for Vec<Assertion> {
    type Mirror<'a> = Vec<AssertionMirror<'a>>;

    fn mirror(&self) -> Vec<AssertionMirror<'_>> {
        self.iter().map(AssertionMirror::new).collect()
    }

    fn from_mirror(mirror: Vec<AssertionMirror<'static>>) -> Option<Self> {
        let restore = |one: AssertionMirror<'static>| {
            Some(Assertion {
                subject: one.subject.0,
                system: one.system.parse().ok()?,
                register: RegisterName::recorded(&one.register),
                version: one.version,
                required: one.required,
                state: one.state.restore()?,
            })
        };
        mirror.into_iter().map(restore).collect()
    }
}

/// The state of one subject before a change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeforeMirror<'a> {
    subject: Id,
    state: StateMirror<'a>,
}

impl Stored for Vec<(SubjectId, SubjectState)> {
    type Mirror<'a> = Vec<BeforeMirror<'a>>;

    fn mirror(&self) -> Vec<BeforeMirror<'_>> {
        let states = self.iter();
        states.map(|(id, state)| BeforeMirror { subject: Id(*id), state: state.mirror() }).collect()
    }

    fn from_mirror(mirror: Vec<BeforeMirror<'static>>) -> Option<Self> {
        let restore = |one: BeforeMirror<'static>| {
            Some((one.subject.0, SubjectState::from_mirror(one.state)?))
        };
        mirror.into_iter().map(restore).collect()
    }
}

/// Header names and values.
impl Stored for Vec<(Box<str>, Box<str>)> {
    type Mirror<'a> = Vec<(Text<'a>, Text<'a>)>;

    fn mirror(&self) -> Vec<(Text<'_>, Text<'_>)> {
        self.iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn from_mirror(mirror: Vec<(Text<'static>, Text<'static>)>) -> Option<Self> {
        Some(mirror.into_iter().map(|(name, value)| (boxed(name), boxed(value))).collect())
    }
}

//! Block codes and what they mean.
//!
//! # Source
//!
//! Network International, API Center, *Post account status*: the codes of `ACC1` and `ACC2` and their
//! names. That the NISrv call takes the same ones is our reading, as is what they restrict; an
//! institution's own table takes the place of the shipped one.

use std::borrow::Cow;

use status_domain::command::{Action, Scope, SlotShows};
use status_domain::hold::{HoldOwner, NativeCode, Slot};
use status_domain::register::RegisterName;
use status_domain::status::Status;

use crate::SYSTEM;
use crate::settings::InvalidSettings;
use crate::wire::max;

/// The code that says that no block stands in a slot.
///
/// # Source
///
/// Network International, API Center, *Post account status*. That it clears a slot through NISrv too is
/// our reading.
pub const NO_BLOCK: &str = "_";

/// The same as [`NO_BLOCK`], by its name on that page (SPACE). Read, never written.
const NO_BLOCK_SPACE: &str = " ";

/// Owner of the holds that `ACC1` shows.
pub(crate) const FRAUD: HoldOwner = HoldOwner::new("fraud");

/// Owner of the holds that `ACC2` sets, unless a code's entry names another.
pub(crate) const BANK: HoldOwner = HoldOwner::new("bank");

/// One of the two places that hold a block code of an account.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum BlockSlot {
    /// Fraud blocks.
    Acc1,
    /// Everything else.
    Acc2,
}

impl BlockSlot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Acc1, Self::Acc2];

    /// The vendor's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acc1 => "ACC1",
            Self::Acc2 => "ACC2",
        }
    }

    /// The slot with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.name() == name)
    }

    /// Whose hold is released when the slot is cleared, and whose resting value it shows.
    #[must_use]
    pub const fn owner(self) -> HoldOwner {
        match self {
            Self::Acc1 => FRAUD,
            Self::Acc2 => BANK,
        }
    }

    /// The slot in canonical words.
    #[must_use]
    pub const fn slot(self) -> Slot {
        Slot { system: SYSTEM, name: Cow::Borrowed(self.name()) }
    }

    /// The register that a slot is.
    #[must_use]
    pub const fn register(self) -> RegisterName {
        RegisterName::new(self.name())
    }

    fn shows(self) -> SlotShows {
        match self {
            Self::Acc1 => SlotShows::OwnerOnly,
            Self::Acc2 => SlotShows::AllBut(vec![FRAUD]),
        }
    }
}

/// What one code means in one slot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodeEntry {
    /// The code, 1-32 printable characters; `_` and a space are reserved.
    pub code: Box<str>,
    /// Where it may stand.
    pub slot: BlockSlot,
    /// Whose hold it places: `fraud` in `ACC1`, anyone else in `ACC2`.
    pub owner: HoldOwner,
    /// How restrictive the hold is; `None` for one that restricts nothing.
    pub severity: Option<Status>,
    /// On whom it is placed.
    pub scope: Scope,
    /// Whether the hold may later be released or replaced by another code.
    pub reversible: bool,
    /// Whether the code is a marker: no hold, but what the slot shows while none stands in it. A marker
    /// has no severity, and its owner, scope and reversibility say nothing.
    pub marker: bool,
}

/// What the codes of one institution mean.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodeTable {
    entries: Vec<CodeEntry>,
}

impl CodeTable {
    /// A table of these entries.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] if a code is not writable, reserved or given twice for a slot, if a marker
    /// has a severity, or if an owner does not belong to the slot: `ACC1` shows the holds of `fraud`
    /// and nothing else does.
    pub fn new(entries: Vec<CodeEntry>) -> Result<Self, InvalidSettings> {
        let problem = |problem| Err(InvalidSettings { setting: "codes", problem });
        for (index, entry) in entries.iter().enumerate() {
            let length = entry.code.chars().count();
            if !(1..=max::STATUS_VALUE).contains(&length)
                || entry.code.chars().any(char::is_control)
            {
                return problem("a code is 1-32 printable characters");
            }
            if is_no_block(&entry.code) {
                return problem("'_' and ' ' always clear a slot");
            }
            if (entry.slot == BlockSlot::Acc1) != (entry.owner == FRAUD) {
                return problem("ACC1 codes belong to fraud, ACC2 codes to anyone else");
            }
            if entry.marker && entry.severity.is_some() {
                return problem("a marker has no severity");
            }
            let same = |other: &CodeEntry| other.slot == entry.slot && other.code == entry.code;
            if entries.iter().take(index).any(same) {
                return problem("a code is given twice for a slot");
            }
        }
        Ok(Self { entries })
    }

    /// The shipped table.
    #[must_use]
    pub fn shipped() -> Self {
        let hold = |slot: BlockSlot, code: &str, severity, scope, reversible| CodeEntry {
            code: code.into(),
            slot,
            owner: slot.owner(),
            severity,
            scope,
            reversible,
            marker: false,
        };
        let marker = |slot: BlockSlot, code: &str| CodeEntry {
            marker: true,
            ..hold(slot, code, None, Scope::Account, true)
        };
        let (customer, account) = (Scope::Customer, Scope::Account);
        let (acc1, acc2) = (BlockSlot::Acc1, BlockSlot::Acc2);
        let entries = vec![
            hold(acc1, "F", Some(Status::Blocked), customer, false),
            hold(acc1, "O", Some(Status::Blocked), customer, true),
            marker(acc1, "V"),
            marker(acc1, "W"),
            hold(acc2, "B", Some(Status::Closed), account, false),
            hold(acc2, "C", Some(Status::Closed), account, false),
            hold(acc2, "D", Some(Status::Blocked), customer, false),
            hold(acc2, "E", Some(Status::Blocked), customer, false),
            hold(acc2, "G", Some(Status::Blocked), customer, true),
            hold(acc2, "H", Some(Status::Suspended), account, true),
            hold(acc2, "K", Some(Status::Suspended), account, true),
            hold(acc2, "M", Some(Status::Suspended), account, true),
            hold(acc2, "R", None, account, true),
            hold(acc2, "T", Some(Status::Suspended), account, true),
            hold(acc2, "U", Some(Status::Suspended), account, true),
            marker(acc2, "V"),
            marker(acc2, "W"),
        ];
        Self { entries }
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &[CodeEntry] {
        &self.entries
    }

    /// What it means to write `value` into `slot`; `None` if no entry says so.
    pub(crate) fn action(&self, slot: BlockSlot, value: &str) -> Option<Action> {
        if is_no_block(value) {
            let (owner, shows) = (slot.owner(), slot.shows());
            return Some(Action::ReleaseHold { owner, slot: slot.slot(), shows });
        }
        let entry = self.entries.iter().find(|one| one.slot == slot && *one.code == *value)?;
        let native = NativeCode { slot: slot.slot(), code: entry.code.clone() };
        if entry.marker {
            let (owner, shows) = (slot.owner(), slot.shows());
            return Some(Action::SetResting { owner, native, shows });
        }
        Some(Action::PlaceHold {
            owner: entry.owner.clone(),
            severity: entry.severity,
            native,
            reversible: entry.reversible,
            scope: entry.scope,
        })
    }
}

fn is_no_block(code: &str) -> bool {
    code == NO_BLOCK || code == NO_BLOCK_SPACE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(slot: BlockSlot, code: &str, owner: HoldOwner) -> CodeEntry {
        CodeEntry {
            code: code.into(),
            slot,
            owner,
            severity: None,
            scope: Scope::Account,
            reversible: true,
            marker: false,
        }
    }

    #[test]
    fn the_shipped_table_passes_its_own_check() {
        let shipped = CodeTable::shipped();
        assert_eq!(CodeTable::new(shipped.entries().to_vec()), Ok(shipped));
    }

    #[test]
    fn a_table_that_contradicts_the_registers_is_refused() {
        let legal = HoldOwner::new("legal");
        assert!(CodeTable::new(vec![entry(BlockSlot::Acc2, "G", legal.clone())]).is_ok());
        let wrong = [
            vec![entry(BlockSlot::Acc1, "X", legal)],
            vec![entry(BlockSlot::Acc2, "X", FRAUD)],
            vec![entry(BlockSlot::Acc2, "_", BANK)],
            vec![entry(BlockSlot::Acc2, " ", BANK)],
            vec![entry(BlockSlot::Acc2, "", BANK)],
            vec![entry(BlockSlot::Acc2, "X", BANK), entry(BlockSlot::Acc2, "X", BANK)],
        ];
        for entries in wrong {
            assert!(CodeTable::new(entries).is_err());
        }
        let marker = CodeEntry {
            marker: true,
            severity: Some(Status::Blocked),
            ..entry(BlockSlot::Acc2, "V", BANK)
        };
        assert!(CodeTable::new(vec![marker]).is_err());
    }

    #[test]
    fn an_institutions_own_code_may_belong_to_another_owner() {
        let legal = HoldOwner::new("legal");
        let table = CodeTable::new(vec![entry(BlockSlot::Acc2, "G", legal.clone())]).unwrap();
        let action = table.action(BlockSlot::Acc2, "G");
        assert!(matches!(action, Some(Action::PlaceHold { owner, .. }) if owner == legal));
        assert_eq!(table.action(BlockSlot::Acc2, "T"), None);
    }
}

//! An organisation's labels and what they mean.

use std::collections::BTreeMap;

use status_domain::register::{Projected, RegisterValue};
use status_domain::status::Status;

/// The labels of one organisation. The two directions are set separately, because several statuses may
/// be shown by one label and several labels may mean one status.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LabelTable {
    /// What a label in a request means. The labels are written as the organisation spells them.
    pub statuses: BTreeMap<Box<str>, Status>,
    /// By which label a status is shown. A status that is not here cannot be held by the CRM.
    pub labels: BTreeMap<Status, Box<str>>,
}

/// Longest label, in characters. The vendor states no limit; this is ours.
const LABEL_CHARS_MAX: usize = 100;

impl LabelTable {
    /// What a label means: spelt exactly, or else differing in letter case from only one known label.
    #[must_use]
    pub fn status(&self, label: &str) -> Option<(&str, Status)> {
        if let Some((known, status)) = self.statuses.get_key_value(label) {
            return Some((known, *status));
        }
        let folded = label.to_lowercase();
        let mut alike = self.statuses.iter().filter(|(known, _)| known.to_lowercase() == folded);
        let (known, status) = alike.next()?;
        alike.next().is_none().then_some((known, *status))
    }

    /// By what label the CRM is to show a status.
    #[must_use]
    pub fn project(&self, status: Status) -> Projected {
        let Some(label) = self.labels.get(&status) else {
            return Projected::NotRepresentable {
                why: format!("no label is configured for {status}").into(),
            };
        };
        let value = RegisterValue(label.clone());
        let others: Vec<&str> = self
            .labels
            .iter()
            .filter(|(other, known)| **other != status && *known == label)
            .map(|(other, _)| other.as_str())
            .collect();
        match self.statuses.get(label) {
            Some(meant) if *meant == status => Projected::Exact(value),
            Some(meant) => Projected::Narrowed {
                value,
                why: format!("the label for {status} is read back as {meant}").into(),
            },
            None if others.is_empty() => Projected::Exact(value),
            None => Projected::Narrowed {
                value,
                why: format!("the label for {status} also stands for {}", others.join(", ")).into(),
            },
        }
    }

    /// Says what is contradictory in the table.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: an unusable label, or a restricting status (SUSPENDED and above)
    /// shown by a label that means an unrestricted one.
    pub fn check(&self) -> Result<(), String> {
        for label in self.statuses.keys().chain(self.labels.values()) {
            let length = label.chars().count();
            let is_usable = (1..=LABEL_CHARS_MAX).contains(&length)
                && label.trim().len() == label.len()
                && !label.chars().any(char::is_control);
            if !is_usable {
                return Err(format!(
                    "label {label:?}: a label is 1-{LABEL_CHARS_MAX} characters without control \
                     characters or surrounding white space"
                ));
            }
        }
        for (status, label) in &self.labels {
            if let Some(meant) = self.statuses.get(label)
                && *status >= Status::Suspended
                && *meant < Status::Suspended
            {
                return Err(format!(
                    "label {label:?} is to show {status} and means {meant}, which restricts nothing"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(statuses: &[(&str, Status)], labels: &[(Status, &str)]) -> LabelTable {
        LabelTable {
            statuses: statuses.iter().map(|(label, status)| ((*label).into(), *status)).collect(),
            labels: labels.iter().map(|(status, label)| (*status, (*label).into())).collect(),
        }
    }

    #[test]
    fn a_label_is_found_exactly_first_and_then_in_another_case_if_only_one_is_alike() {
        let labels = table(
            &[
                ("Gone", Status::Closed),
                ("gone", Status::Blocked),
                ("Suspended", Status::Suspended),
            ],
            &[],
        );
        assert_eq!(labels.status("gone"), Some(("gone", Status::Blocked)));
        assert_eq!(labels.status("SUSPENDED"), Some(("Suspended", Status::Suspended)));
        assert_eq!(labels.status("GONE"), None);
        assert_eq!(labels.status("Suspended "), None);
    }

    #[test]
    fn statuses_that_share_a_label_are_narrowed_except_the_one_it_means() {
        let labels = table(
            &[("Stopped", Status::Suspended)],
            &[(Status::Suspended, "Stopped"), (Status::Blocked, "Stopped")],
        );
        assert_eq!(
            labels.project(Status::Suspended),
            Projected::Exact(RegisterValue("Stopped".into()))
        );
        assert_eq!(
            labels.project(Status::Blocked),
            Projected::Narrowed {
                value: RegisterValue("Stopped".into()),
                why: "the label for BLOCKED is read back as SUSPENDED".into()
            }
        );
        let unread = LabelTable { statuses: BTreeMap::new(), ..labels };
        assert!(matches!(unread.project(Status::Suspended), Projected::Narrowed { .. }));
    }

    #[test]
    fn a_status_without_a_label_is_refused_by_name() {
        assert_eq!(
            LabelTable::default().project(Status::Closed),
            Projected::NotRepresentable { why: "no label is configured for CLOSED".into() }
        );
    }

    #[test]
    fn a_restriction_shown_by_an_unrestricted_label_is_a_contradiction() {
        let bad = table(&[("Active", Status::Active)], &[(Status::Blocked, "Active")]);
        assert!(bad.check().unwrap_err().contains("BLOCKED"));
        let coarse = table(&[("Active", Status::Active)], &[(Status::Dormant, "Active")]);
        assert_eq!(coarse.check(), Ok(()));
        assert!(table(&[], &[(Status::Active, " x")]).check().is_err());
        assert!(table(&[("", Status::Active)], &[]).check().is_err());
    }
}

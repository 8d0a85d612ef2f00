//! Which moves are allowed, denied, or need a second person.

use crate::facet::Facet;
use crate::ids::System;
use crate::principal::Principal;
use crate::status::Status;

/// The whole policy. The first rule that matches decides; where none matches, the move is allowed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// Accept a change that has no effect because something more restrictive stands.
    pub allow_ineffective: bool,
    /// Let irreversible holds be released and replaced.
    pub allow_leaving_irreversible: bool,
    /// What becomes of a subject that nobody knows.
    pub unknown_subject: UnknownSubject,
}

/// What becomes of a change to a subject that is not in the crosswalk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UnknownSubject {
    /// It is registered, linked to the one system whose identifier named it.
    #[default]
    Register,
    /// The change is refused.
    Refuse,
}

/// One row of the policy. An empty condition matches everything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Wire formats it applies to.
    pub formats: Vec<System>,
    /// Clients it applies to, by configured name.
    pub clients: Vec<Box<str>>,
    /// Facets it applies to, as [`Facet`] displays itself; `hold` matches the holds of every owner.
    pub facets: Vec<Box<str>>,
    /// Statuses the facet has before.
    pub from: Vec<Status>,
    /// Statuses the facet is to have.
    pub to: Vec<Status>,
    /// Whether the rule applies to a move that changes nothing.
    pub same: bool,
    /// What it says.
    pub effect: Effect,
}

/// What a rule says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Go ahead.
    Allow,
    /// No, because.
    Deny(Box<str>),
    /// Only when a second person agrees.
    Approve,
}

/// A move of one facet from one status to another.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    /// The facet.
    pub facet: &'a Facet,
    /// What it is. A hold that does not stand counts as ACTIVE; so do edit lock and profile.
    pub from: Status,
    /// What it is to be.
    pub to: Status,
}

impl Policy {
    /// The shipped rules: CLOSED is final, BLACKLISTED is left only with approval, and what comes in by
    /// `approving` formats always needs approval for the lifecycle.
    #[must_use]
    pub fn shipped(approving: Vec<System>) -> Self {
        let rule = |from: Vec<Status>, effect: Effect| Rule {
            formats: Vec::new(),
            clients: Vec::new(),
            facets: vec!["lifecycle".into()],
            from,
            to: Vec::new(),
            same: false,
            effect,
        };
        let mut rules = vec![rule(vec![Status::Closed], Effect::Deny("CLOSED is final".into()))];
        if !approving.is_empty() {
            rules.push(Rule {
                formats: approving,
                same: true,
                ..rule(Vec::new(), Effect::Approve)
            });
        }
        rules.push(rule(vec![Status::Blacklisted], Effect::Approve));
        Self { rules, ..Self::default() }
    }

    /// What the policy says of a move.
    #[must_use]
    pub fn effect(&self, by: &Principal, step: &Move<'_>) -> &Effect {
        let matching = self.rules.iter().find(|rule| rule.matches(by, step));
        matching.map_or(&Effect::Allow, |rule| &rule.effect)
    }

    /// Statuses to which the caller may move the facet from where it is, with or without approval.
    #[must_use]
    pub fn allowed(&self, by: &Principal, facet: &Facet, from: Status) -> Vec<Status> {
        let permitted = |to: &Status| {
            let effect = self.effect(by, &Move { facet, from, to: *to });
            !matches!(effect, Effect::Deny(_))
        };
        Status::ALL.into_iter().filter(|to| *to != from).filter(permitted).collect()
    }
}

impl Rule {
    fn matches(&self, by: &Principal, step: &Move<'_>) -> bool {
        let facet = step.facet.to_string();
        let is_hold = facet.starts_with("hold:");
        let facet_matches =
            self.facets.iter().any(|wanted| **wanted == *facet || (is_hold && &**wanted == "hold"));
        (self.formats.is_empty() || self.formats.contains(&by.format))
            && (self.clients.is_empty() || self.clients.contains(&by.client))
            && (self.facets.is_empty() || facet_matches)
            && (self.from.is_empty() || self.from.contains(&step.from))
            && (self.to.is_empty() || self.to.contains(&step.to))
            && (self.same || step.from != step.to)
    }
}

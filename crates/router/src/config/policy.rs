//! The policy as it is configured, and what is wrong with it.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Deserializer};
use status_domain::facet::Facet;
use status_domain::hold::HoldOwner;
use status_domain::policy::{Effect, Move, Policy, Rule, UnknownSubject};
use status_domain::principal::{Person, Principal};
use status_domain::status::Status;

use super::Config;
use super::check::Finding;
use super::values::{FormatName, StatusName, word};

/// Which moves are allowed, denied, or need a second person.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// Accept a change that has no effect because something more restrictive stands. Default `false`.
    pub allow_ineffective: bool,
    /// Let irreversible holds be released and replaced. Default `false`.
    pub allow_leaving_irreversible: bool,
    /// What becomes of a subject that nobody knows. Default `register`.
    pub unknown_subject: UnknownSubjectName,
    /// The rules, in order; the first that matches decides, and where none matches the move is allowed.
    /// Default: the shipped ones.
    pub rules: Vec<RuleConfig>,
}

/// What becomes of a change to a subject that is not in the crosswalk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UnknownSubjectName {
    /// It is registered, linked to the one system whose identifier named it.
    #[default]
    Register,
    /// The change is refused.
    Refuse,
}

impl<'de> Deserialize<'de> for UnknownSubjectName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("register", Self::Register), ("refuse", Self::Refuse)])
    }
}

/// One rule. An empty condition matches everything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// Formats: `netxd`, `way4`, `capillary`, `n4n`. Default: all.
    #[serde(default)]
    pub formats: Vec<FormatName>,
    /// Clients by name. Default: all.
    #[serde(default)]
    pub clients: Vec<String>,
    /// Facets: `lifecycle`, `hold`, `hold:OWNER`, `edit_lock`, `profile`. Default: all.
    #[serde(default)]
    pub facets: Vec<String>,
    /// Statuses before. Default: all.
    #[serde(default)]
    pub from: Vec<StatusName>,
    /// Statuses after. Default: all.
    #[serde(default)]
    pub to: Vec<StatusName>,
    /// Whether the rule applies to a move that changes nothing. Default `false`.
    #[serde(default)]
    pub same: bool,
    /// What it says.
    pub effect: EffectName,
    /// Why; told to the caller. Needed for `deny`, out of place otherwise.
    pub why: Option<String>,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EffectName {
    /// Go ahead.
    Allow,
    /// Only when a second person agrees.
    Approve,
    /// No.
    Deny,
}

impl<'de> Deserialize<'de> for EffectName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("allow", Self::Allow), ("approve", Self::Approve), ("deny", Self::Deny)])
    }
}

impl Config {
    /// The policy. Where no rules are configured it is the shipped one, with the requests of
    /// organisations that approve automatically let through.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let rules = if self.policy.rules.is_empty() {
            self.shipped_rules()
        } else {
            self.policy.rules.iter().map(rule).collect()
        };
        Policy {
            rules,
            allow_ineffective: self.policy.allow_ineffective,
            allow_leaving_irreversible: self.policy.allow_leaving_irreversible,
            unknown_subject: match self.policy.unknown_subject {
                UnknownSubjectName::Register => UnknownSubject::Register,
                UnknownSubjectName::Refuse => UnknownSubject::Refuse,
            },
        }
    }

    fn shipped_rules(&self) -> Vec<Rule> {
        let mut rules = Policy::shipped(vec![FormatName::Capillary.system()]).rules;
        let orgs = self.capillary.iter().flat_map(|capillary| &capillary.orgs);
        let clients: Vec<Box<str>> =
            orgs.filter(|org| org.auto_approval).map(|org| org.client().into()).collect();
        if !clients.is_empty() {
            let all_but_blacklisted =
                Status::ALL.into_iter().filter(|status| *status != Status::Blacklisted).collect();
            let automatic = Rule {
                formats: vec![FormatName::Capillary.system()],
                clients,
                facets: vec![Facet::Lifecycle.to_string().into()],
                from: all_but_blacklisted,
                to: Vec::new(),
                same: true,
                effect: Effect::Allow,
            };
            // After "CLOSED is final", before "what Capillary asks for needs approval".
            let place = rules.iter().position(|rule| rule.effect == Effect::Approve);
            rules.insert(place.unwrap_or(rules.len()), automatic);
        }
        rules
    }

    /// What is wrong with the configured rules.
    pub(super) fn check_policy(&self, findings: &mut Vec<Finding>) {
        let clients = self.client_names();
        for (index, rule) in self.policy.rules.iter().enumerate() {
            let key = format!("policy.rules[{index}]");
            check_rule(&key, rule, &clients, findings);
        }
        if self.policy.rules.is_empty() {
            return;
        }
        let auto = |org: &super::capillary::OrgConfig| org.auto_approval;
        if self.capillary.iter().any(|capillary| capillary.orgs.iter().any(auto)) {
            findings.push(Finding::warning(
                "policy.rules",
                "auto_approval has no effect where rules are given; write a rule for it",
            ));
        }
        self.find_dead_rules(&clients, findings);
    }

    /// Asks the policy about every move there is and reports the rules that never decide.
    fn find_dead_rules(&self, clients: &[(FormatName, String)], findings: &mut Vec<Finding>) {
        let policy = self.policy();
        let mut alive = BTreeSet::new();
        let facets = facets(&policy);
        for by in callers(clients) {
            for facet in &facets {
                for from in Status::ALL {
                    for to in Status::ALL {
                        let effect = policy.effect(&by, &Move { facet, from, to });
                        let says = |rule: &Rule| std::ptr::eq(&raw const rule.effect, effect);
                        alive.extend(policy.rules.iter().position(says));
                    }
                }
            }
        }
        for index in (0..policy.rules.len()).filter(|index| !alive.contains(index)) {
            findings.push(Finding::error(
                &format!("policy.rules[{index}]"),
                "the rule never decides anything: earlier rules cover all that it matches, or it \
                 matches nothing",
            ));
        }
    }
}

fn rule(config: &RuleConfig) -> Rule {
    let statuses = |names: &[StatusName]| names.iter().map(|name| name.0).collect();
    Rule {
        formats: config.formats.iter().map(|format| format.system()).collect(),
        clients: config.clients.iter().map(|name| name.as_str().into()).collect(),
        facets: config.facets.iter().map(|name| name.as_str().into()).collect(),
        from: statuses(&config.from),
        to: statuses(&config.to),
        same: config.same,
        effect: match config.effect {
            EffectName::Allow => Effect::Allow,
            EffectName::Approve => Effect::Approve,
            EffectName::Deny => Effect::Deny(config.why.as_deref().unwrap_or_default().into()),
        },
    }
}

fn check_rule(
    key: &str,
    rule: &RuleConfig,
    clients: &[(FormatName, String)],
    findings: &mut Vec<Finding>,
) {
    let why = rule.why.as_deref().map(str::trim);
    match (rule.effect, why) {
        (EffectName::Deny, None | Some("")) => findings.push(Finding::error(
            &format!("{key}.why"),
            "a rule that denies must say why: callers are told",
        )),
        (EffectName::Allow | EffectName::Approve, Some(_)) => {
            findings.push(Finding::error(&format!("{key}.why"), "only a rule that denies says why"))
        }
        (EffectName::Deny, Some(_)) | (EffectName::Allow | EffectName::Approve, None) => {}
    }
    for facet in rule.facets.iter().filter(|facet| !is_facet(facet)) {
        findings.push(Finding::error(
            &format!("{key}.facets"),
            &format!(
                "`{facet}` is no facet; there are lifecycle, hold, hold:OWNER, edit_lock, profile"
            ),
        ));
    }
    for wanted in &rule.clients {
        let applies =
            |format: &FormatName| rule.formats.is_empty() || rule.formats.contains(format);
        if !clients.iter().any(|(format, name)| name == wanted && applies(format)) {
            findings.push(Finding::error(
                &format!("{key}.clients"),
                &format!("no client is called `{wanted}` in the formats of this rule"),
            ));
        }
    }
}

fn is_facet(name: &str) -> bool {
    match name.strip_prefix("hold:") {
        Some(owner) => owner.parse::<HoldOwner>().is_ok(),
        None => ["lifecycle", "hold", "edit_lock", "profile"].contains(&name),
    }
}

/// Every client in its format, and in each format somebody who is none of them.
fn callers(clients: &[(FormatName, String)]) -> impl Iterator<Item = Principal> {
    let strangers = FormatName::ALL.into_iter().map(|format| (format, ""));
    let named = clients.iter().map(|(format, name)| (*format, name.as_str()));
    strangers.chain(named).map(|(format, client)| Principal {
        format: format.system(),
        client: client.into(),
        tenant: Box::default(),
        person: Person { id: Box::default(), number: None, name: Box::default() },
        roles: BTreeSet::new(),
    })
}

/// Every facet that the rules tell apart, with one hold that none of them names.
fn facets(policy: &Policy) -> HashSet<Facet> {
    let named = policy.rules.iter().flat_map(|rule| &rule.facets);
    let owners = named.filter_map(|name| name.strip_prefix("hold:")?.parse::<HoldOwner>().ok());
    let others = [Facet::Lifecycle, Facet::EditLock, Facet::Profile];
    let unnamed = Facet::Hold(HoldOwner::new(""));
    owners.map(Facet::Hold).chain(others).chain([unnamed]).collect()
}

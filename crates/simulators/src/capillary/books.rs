//! The customers of one organisation, their labels and their status logs.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{CapillaryCustomer, Refused, refused};
use crate::desk;

/// Log entries kept per customer.
const LOG_MAX: usize = 100;

/// Ids of enrolled customers start here, away from any that a test would choose.
const FIRST_ENROLLED_ID: u64 = 900_000_001;

/// The id of the till in the log. The vendor numbers its users; this one has a single till.
const TILL_ID: u64 = 1;

/// The identifiers a customer may be looked up by, in the order in which one names a customer.
///
/// # Source
/// Capillary, *Change customer status request*.
pub(super) const IDENTIFIER_NAMES: [&str; 8] = [
    "mobile",
    "email",
    "externalId",
    "cardnumber",
    "cardExternalId",
    "wechat",
    "fbid",
    "martjackId",
];

#[derive(Clone)]
pub(super) struct Books {
    enrol_unknown: bool,
    till: String,
    /// Label and system status, the default label first.
    labels: Vec<(String, String)>,
    next_id: u64,
    customers: BTreeMap<u64, Customer>,
    by_identifier: HashMap<(&'static str, String), u64>,
}

#[derive(Clone)]
struct Customer {
    identifiers: BTreeMap<&'static str, String>,
    log: VecDeque<LogEntry>,
}

/// One entry of the status log, in the vendor's own words.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogEntry {
    created_by_user: String,
    created_by: u64,
    reason: String,
    actions: [(); 0],
    auto_update_time: String,
    created_on: String,
    entity_id: u64,
    is_active: bool,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_label: Option<String>,
    status: String,
}

/// Whom a request is about.
#[derive(Clone)]
pub(super) enum Key {
    Id(u64),
    Identifier { name: &'static str, value: String },
}

impl Books {
    pub(super) fn new(
        enrol_unknown: bool,
        till: String,
        labels: Vec<(String, String)>,
        customers: Vec<CapillaryCustomer>,
        now: DateTime<Utc>,
    ) -> Self {
        let mut books = Self {
            enrol_unknown,
            till,
            labels,
            next_id: FIRST_ENROLLED_ID,
            customers: BTreeMap::new(),
            by_identifier: HashMap::new(),
        };
        for CapillaryCustomer { id, mobile, email, external_id } in customers {
            let identifiers = [("mobile", mobile), ("email", email), ("externalId", external_id)]
                .into_iter()
                .filter_map(|(name, value)| value.map(|value| (name, value)))
                .collect();
            books.add(id, identifiers, now);
        }
        books
    }

    /// Creates a customer nobody knew, if that is wanted, and returns the value that names the
    /// customer whichever identifier is used.
    pub(super) fn enrol(&mut self, key: &Key, now: DateTime<Utc>) -> String {
        if let Key::Identifier { name, value } = key
            && self.enrol_unknown
            && self.find(key).is_none()
        {
            let id = self.next_id;
            self.next_id += 1;
            self.add(id, BTreeMap::from([(*name, value.clone())]), now);
        }
        match (self.find(key).and_then(|id| self.customers.get_key_value(&id)), key) {
            (Some((id, customer)), _) => {
                customer.name().map_or_else(|| id.to_string(), str::to_owned)
            }
            (None, Key::Id(id)) => id.to_string(),
            (None, Key::Identifier { value, .. }) => value.clone(),
        }
    }

    /// Sets the label and returns the customer's id.
    pub(super) fn set_label(
        &mut self,
        key: &Key,
        label: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, Refused> {
        let (label, status) = self.label(label)?;
        let id = self.find(key).ok_or_else(unknown_customer)?;
        let customer = self.customers.get_mut(&id).ok_or_else(unknown_customer)?;
        let current = customer.log.back_mut();
        if current.as_ref().is_some_and(|now| now.status == "DELETED" && status != "DELETED") {
            return Err(refused(3042, "Customer status is deleted, it cannot be changed"));
        }
        let prev_label = current.map(|current| {
            current.is_active = false;
            current.label.clone()
        });
        let entry = LogEntry::new(&self.till, id, (label, status), reason, now);
        customer.log.push_back(LogEntry { prev_label, ..entry });
        if customer.log.len() > LOG_MAX {
            customer.log.pop_front();
        }
        Ok(id)
    }

    /// The status log, oldest first.
    pub(super) fn log(&self, id: u64) -> Result<Value, Refused> {
        self.customers.get(&id).map(|customer| json!(customer.log)).ok_or_else(unknown_customer)
    }

    /// An exact label, or else the only one that differs in case alone.
    fn label(&self, wanted: &str) -> Result<(String, String), Refused> {
        if let Some(exact) = self.labels.iter().find(|(label, _)| label == wanted) {
            return Ok(exact.clone());
        }
        let mut alike =
            self.labels.iter().filter(|(label, _)| label.to_lowercase() == wanted.to_lowercase());
        match (alike.next(), alike.next()) {
            (Some(only), None) => Ok(only.clone()),
            _ => Err(refused(3017, "Status label is invalid")),
        }
    }

    fn find(&self, key: &Key) -> Option<u64> {
        match key {
            Key::Id(id) => self.customers.contains_key(id).then_some(*id),
            Key::Identifier { name, value } => {
                self.by_identifier.get(&(*name, value.clone())).copied()
            }
        }
    }

    fn add(&mut self, id: u64, identifiers: BTreeMap<&'static str, String>, now: DateTime<Utc>) {
        for (name, value) in &identifiers {
            self.by_identifier.insert((name, value.clone()), id);
        }
        let first = self.labels.first().cloned().unwrap_or_default();
        let log = VecDeque::from([LogEntry::new(&self.till, id, first, "", now)]);
        self.customers.insert(id, Customer { identifiers, log });
    }
}

impl desk::Books for Books {
    fn show(&self) -> Map<String, Value> {
        let customers: Vec<Value> = self
            .customers
            .iter()
            .map(|(id, customer)| {
                let mut shown = Map::new();
                shown.insert("id".to_owned(), (*id).into());
                for (name, value) in &customer.identifiers {
                    shown.insert((*name).to_owned(), value.as_str().into());
                }
                if let Some(current) = customer.log.back() {
                    shown.insert("label".to_owned(), current.label.as_str().into());
                    shown.insert("status".to_owned(), current.status.as_str().into());
                }
                shown.insert("log".to_owned(), json!(customer.log));
                Value::Object(shown)
            })
            .collect();
        Map::from_iter([("customers".to_owned(), Value::Array(customers))])
    }
}

impl Customer {
    fn name(&self) -> Option<&str> {
        IDENTIFIER_NAMES.iter().find_map(|name| self.identifiers.get(name)).map(String::as_str)
    }
}

impl LogEntry {
    fn new(
        till: &str,
        entity_id: u64,
        (label, status): (String, String),
        reason: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            created_by_user: till.to_owned(),
            created_by: TILL_ID,
            reason: reason.to_owned(),
            actions: [],
            auto_update_time: now.format("%Y-%m-%d").to_string(),
            created_on: now.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            entity_id,
            is_active: true,
            label,
            prev_label: None,
            status,
        }
    }
}

fn unknown_customer() -> Refused {
    refused(8015, "No customer found for the given identifier")
}

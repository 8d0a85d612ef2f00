//! What the ledger holds about its customers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::NetxdCustomer;
use super::envelope::{RawObject, Refused, refused};
use crate::desk;

/// The six customer statuses.
///
/// # Source
/// NetXD, *Update Customer - Consumer*, 1.0.2.
const STATUSES: [&str; 6] =
    ["ACTIVE", "IN_ACTIVE", "DORMANT", "SUSPENDED", "BLOCKED", "BLACK_LISTED"];

#[derive(Clone)]
pub(super) struct Books {
    enrol_unknown: bool,
    customers: BTreeMap<String, Customer>,
}

#[derive(Clone)]
struct Customer {
    status: &'static str,
    notes: Option<String>,
    profile: Map<String, Value>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A read or understood change, ready to be applied.
pub(super) struct StatusUpdate {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) notes: Option<String>,
}

/// New consumer details; absent members stay as they are.
pub(super) struct ProfileUpdate {
    pub(super) id: String,
    fields: Map<String, Value>,
}

/// How a customer is looked up.
pub(super) enum Lookup {
    Id(String),
    Email(String),
    Phone(String),
    Identification { kind: String, value: String },
}

impl Books {
    pub(super) fn new(
        enrol_unknown: bool,
        customers: Vec<NetxdCustomer>,
        now: DateTime<Utc>,
    ) -> Self {
        let customers = customers
            .into_iter()
            .map(|NetxdCustomer { id, profile }| (id, Customer::new(profile, now)))
            .collect();
        Self { enrol_unknown, customers }
    }

    /// Creates a customer nobody knew, if that is wanted and the id has the ledger's form.
    pub(super) fn enrol(&mut self, id: &str, now: DateTime<Utc>) {
        let is_well_formed = id.len() == 15 && id.bytes().all(|byte| byte.is_ascii_digit());
        if self.enrol_unknown && is_well_formed && !self.customers.contains_key(id) {
            let mut profile = Map::new();
            profile.insert("type".to_owned(), "INDIVIDUAL".into());
            self.customers.insert(id.to_owned(), Customer::new(profile, now));
        }
    }

    pub(super) fn set_status(
        &mut self,
        update: StatusUpdate,
        now: DateTime<Utc>,
    ) -> Result<Value, Refused> {
        let status = STATUSES
            .into_iter()
            .find(|status| *status == update.status)
            .ok_or_else(|| refused("INVALID_REQUEST", "status is not a customer status"))?;
        let customer = self.customer(&update.id)?;
        customer.status = status;
        customer.notes = update.notes;
        customer.updated_at = now;
        Ok(json!({ "Id": update.id, "Status": status }))
    }

    pub(super) fn set_profile(
        &mut self,
        update: ProfileUpdate,
        now: DateTime<Utc>,
    ) -> Result<Value, Refused> {
        let customer = self.customer(&update.id)?;
        for (name, new) in update.fields {
            match (customer.profile.get_mut(&name), new) {
                (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
                (_, new) => {
                    customer.profile.insert(name, new);
                }
            }
        }
        customer.updated_at = now;
        Ok(customer.result(&update.id))
    }

    pub(super) fn look_up(
        &mut self,
        lookup: &Lookup,
        now: DateTime<Utc>,
    ) -> Result<Value, Refused> {
        if let Lookup::Id(id) = lookup {
            self.enrol(id, now);
            return self.customer(id).map(|customer| customer.read_result(id));
        }
        self.customers
            .iter()
            .find(|(_, customer)| customer.is_meant_by(lookup))
            .map(|(id, customer)| customer.read_result(id))
            .ok_or_else(unknown_customer)
    }

    fn customer(&mut self, id: &str) -> Result<&mut Customer, Refused> {
        self.customers.get_mut(id).ok_or_else(unknown_customer)
    }
}

impl desk::Books for Books {
    fn show(&self) -> Map<String, Value> {
        let customers: Map<String, Value> = self
            .customers
            .iter()
            .map(|(id, customer)| {
                let shown = json!({
                    "status": customer.status,
                    "notes": customer.notes,
                    "profile": customer.profile,
                    "createdDate": go_time(customer.created_at),
                    "updatedDate": go_time(customer.updated_at),
                });
                (id.clone(), shown)
            })
            .collect();
        Map::from_iter([("customers".to_owned(), Value::Object(customers))])
    }
}

impl Customer {
    fn new(profile: Map<String, Value>, now: DateTime<Utc>) -> Self {
        Self { status: "ACTIVE", notes: None, profile, created_at: now, updated_at: now }
    }

    /// The customer as `UpdateCustomer` answers it: what only requests carry is not echoed.
    fn result(&self, id: &str) -> Value {
        let mut result = Map::new();
        result.insert("ID".to_owned(), id.into());
        for name in ["type", "identification", "contact", "address", "DOB", "title"] {
            self.copy(name, &mut result);
        }
        self.copy("firstName", &mut result);
        self.copy("lastName", &mut result);
        result.insert("createdDate".to_owned(), go_time(self.created_at).into());
        result.insert("updatedDate".to_owned(), go_time(self.updated_at).into());
        result.insert("status".to_owned(), self.status.into());
        Value::Object(result)
    }

    /// The customer as `GetCustomer` answers it: with the list of accounts, here always empty.
    fn read_result(&self, id: &str) -> Value {
        let mut result = self.result(id);
        result["accounts"] = Value::Array(Vec::new());
        result
    }

    fn copy(&self, name: &str, into: &mut Map<String, Value>) {
        if let Some(value) = self.profile.get(name) {
            into.insert(name.to_owned(), value.clone());
        }
    }

    fn is_meant_by(&self, lookup: &Lookup) -> bool {
        let contact = |name: &str| self.profile.get("contact").and_then(|c| c.get(name));
        match lookup {
            Lookup::Id(_) => false,
            Lookup::Email(email) => contact("email").is_some_and(|held| held == email),
            Lookup::Phone(phone) => contact("phoneNumber").is_some_and(|held| held == phone),
            Lookup::Identification { kind, value } => self
                .profile
                .get("identification")
                .and_then(Value::as_array)
                .is_some_and(|held| held.contains(&json!({ "type": kind, "value": value }))),
        }
    }
}

impl StatusUpdate {
    pub(super) fn read(payload: &str) -> Result<Self, Refused> {
        let payload = RawObject::read(payload, "payload")?;
        Ok(Self {
            id: payload.required("ID")?,
            status: payload.required("status")?,
            notes: payload.text("notes")?,
        })
    }
}

impl ProfileUpdate {
    pub(super) fn read(payload: &str) -> Result<Self, Refused> {
        let payload = RawObject::read(payload, "payload")?;
        let id = payload.required("ID")?;
        let mut fields = Map::new();
        for name in ["firstName", "lastName"] {
            fields.insert(name.to_owned(), payload.required(name)?.into());
        }
        let optional = ["type", "DOB", "title", "gender", "institutionName", "institutionId"];
        copy_texts(&payload, &optional, &mut fields)?;
        let address = ["addressLine1", "city", "state", "country", "zip"];
        for (name, members) in
            [("address", address.as_slice()), ("contact", ["phoneNumber", "email"].as_slice())]
        {
            if let Some(object) = payload.object(name)? {
                let mut inner = Map::new();
                copy_texts(&object, members, &mut inner)?;
                fields.insert(name.to_owned(), Value::Object(inner));
            }
        }
        allow(&fields, "type", &["INDIVIDUAL"])?;
        allow(&fields, "title", &["Mr", "Ms", "Mrs"])?;
        allow(&fields, "gender", &["MALE", "FEMALE"])?;
        Ok(Self { id, fields })
    }
}

impl Lookup {
    /// Exactly one of the documented keys.
    ///
    /// # Source
    /// NetXD, *Get Customer*.
    pub(super) fn read(payload: &str) -> Result<Self, Refused> {
        let payload = RawObject::read(payload, "payload")?;
        let contact = payload.object("contact")?;
        let from_contact = |name| match &contact {
            Some(contact) => contact.text(name),
            None => Ok(None),
        };
        let identification = match payload.object("Identification")? {
            None => None,
            Some(identification) => Some(Self::Identification {
                kind: identification.required("type")?,
                value: identification.required("value")?,
            }),
        };
        let mut given = [
            payload.text("customerID")?.map(Self::Id),
            payload.text("customerNumber")?.map(Self::Id),
            from_contact("email")?.map(Self::Email),
            from_contact("phoneNumber")?.map(Self::Phone),
            identification,
        ]
        .into_iter()
        .flatten();
        match (given.next(), given.next()) {
            (Some(lookup), None) => Ok(lookup),
            _ => Err(refused("INVALID_REQUEST", "exactly one look-up key is needed")),
        }
    }
}

/// Copies the texts that are given; an empty one counts as not given.
fn copy_texts(
    from: &RawObject<'_>,
    names: &[&str],
    into: &mut Map<String, Value>,
) -> Result<(), Refused> {
    for name in names {
        if let Some(text) = from.text(name)?.filter(|text| !text.is_empty()) {
            into.insert((*name).to_owned(), text.into());
        }
    }
    Ok(())
}

fn allow(fields: &Map<String, Value>, name: &str, values: &[&str]) -> Result<(), Refused> {
    match fields.get(name).and_then(Value::as_str) {
        Some(given) if !values.contains(&given) => {
            Err(refused("INVALID_REQUEST", format!("{name} is not one of its values")))
        }
        Some(_) | None => Ok(()),
    }
}

fn unknown_customer() -> Refused {
    refused("NOT_FOUND_CUSTOMER", "Customer does not exist")
}

/// RFC 3339 in UTC, the fraction without trailing zeros.
fn go_time(at: DateTime<Utc>) -> String {
    let text = at.format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    format!("{}Z", text.trim_end_matches('0').trim_end_matches('.'))
}

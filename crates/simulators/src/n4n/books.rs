//! The customers and their edit lock.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::N4nCustomer;
use super::form::Lookup;
use crate::desk;

/// Ids of customers enrolled by another key start here, away from any that a test would choose.
const FIRST_ENROLLED_ID: u64 = 9_000_000_001;

#[derive(Clone)]
pub(super) struct Books {
    enrol_unknown: bool,
    next_id: u64,
    customers: BTreeMap<String, Customer>,
    by_subscription: HashMap<String, String>,
    by_order: HashMap<String, String>,
}

#[derive(Clone, Default)]
struct Customer {
    is_locked: bool,
    subscription_ids: Vec<String>,
    orderids: Vec<String>,
}

/// What the look-up keys lead to.
enum Found {
    Customer(String),
    Nobody,
    /// Keys that name different customers, or a mix of known and unknown ones.
    Disagreement,
}

impl Books {
    pub(super) fn new(enrol_unknown: bool, customers: Vec<N4nCustomer>) -> Self {
        let mut books = Self {
            enrol_unknown,
            next_id: FIRST_ENROLLED_ID,
            customers: BTreeMap::new(),
            by_subscription: HashMap::new(),
            by_order: HashMap::new(),
        };
        for customer in customers {
            books.add(customer);
        }
        books
    }

    /// The customer's id if the keys lead to one, who is created first if that is wanted.
    pub(super) fn enrol(&mut self, lookup: &Lookup) -> Option<String> {
        match self.find(lookup) {
            Found::Customer(id) => Some(id),
            Found::Disagreement => None,
            Found::Nobody if self.enrol_unknown => {
                let customer_id = match &lookup.customer_id {
                    Some(id) if !is_customer_id(id) => return None,
                    Some(id) => id.clone(),
                    None => self.fresh_id(),
                };
                self.add(N4nCustomer {
                    customer_id: customer_id.clone(),
                    subscription_ids: lookup.subscription_id.iter().cloned().collect(),
                    orderids: lookup.orderid.iter().cloned().collect(),
                });
                Some(customer_id)
            }
            Found::Nobody => None,
        }
    }

    /// Sets the flag; `false` if the keys do not lead to one customer.
    pub(super) fn set_lock(&mut self, lookup: &Lookup, locked: bool) -> bool {
        let Found::Customer(id) = self.find(lookup) else { return false };
        match self.customers.get_mut(&id) {
            Some(customer) => {
                customer.is_locked = locked;
                true
            }
            None => false,
        }
    }

    fn find(&self, lookup: &Lookup) -> Found {
        let by_id =
            lookup.customer_id.as_ref().map(|id| self.customers.contains_key(id).then_some(id));
        let by_subscription =
            lookup.subscription_id.as_ref().map(|id| self.by_subscription.get(id));
        let by_order = lookup.orderid.as_ref().map(|id| self.by_order.get(id));
        let mut found = [by_id, by_subscription, by_order].into_iter().flatten();
        let Some(first) = found.next() else { return Found::Nobody };
        if found.any(|other| other != first) {
            return Found::Disagreement;
        }
        first.map_or(Found::Nobody, |id| Found::Customer(id.clone()))
    }

    fn add(&mut self, customer: N4nCustomer) {
        let N4nCustomer { customer_id, subscription_ids, orderids } = customer;
        for id in &subscription_ids {
            self.by_subscription.insert(id.clone(), customer_id.clone());
        }
        for id in &orderids {
            self.by_order.insert(id.clone(), customer_id.clone());
        }
        self.customers
            .insert(customer_id, Customer { is_locked: false, subscription_ids, orderids });
    }

    fn fresh_id(&mut self) -> String {
        let id = self.next_id.to_string();
        self.next_id += 1;
        id
    }
}

impl desk::Books for Books {
    fn show(&self) -> Map<String, Value> {
        let customers: Map<String, Value> = self
            .customers
            .iter()
            .map(|(id, customer)| {
                let shown = json!({
                    "locked": customer.is_locked,
                    "subscription_ids": customer.subscription_ids,
                    "orderids": customer.orderids,
                });
                (id.clone(), shown)
            })
            .collect();
        Map::from_iter([("customers".to_owned(), Value::Object(customers))])
    }
}

fn is_customer_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

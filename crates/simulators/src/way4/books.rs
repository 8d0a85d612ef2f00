//! The contracts, their block codes, and the answers given so far.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::wire::{
    Failed, Header, NO_CONTRACT, NO_SUCH_CODE, Order, REUSED_ID, Slot, WRONG_FI, failed,
};
use crate::desk;

/// No block, in both slots.
const CLEAR: &str = "_";

/// The codes each slot takes.
///
/// # Source
/// Network International, *Change account status* (the newer REST interface, which has the only
/// public list).
const ACC1_CODES: &str = "_FOVW";
const ACC2_CODES: &str = "_BCDEGHKMRTUVW";

/// How many answers are kept for repeated message ids.
const ANSWERS_MAX: usize = 100_000;

#[derive(Clone)]
pub(super) struct Books {
    enrol_unknown: bool,
    fi_code: String,
    contracts: BTreeMap<String, Blocks>,
    answers: Answers,
}

#[derive(Clone)]
struct Blocks {
    acc1: String,
    acc2: String,
}

/// What makes a message unique.
#[derive(Clone, PartialEq, Eq, Hash)]
struct MessageKey {
    bank_id: String,
    src_application: String,
    msg_id: String,
}

#[derive(Clone, Default)]
struct Answers {
    by_key: HashMap<MessageKey, (Order, Bytes)>,
    oldest_first: VecDeque<MessageKey>,
}

/// What the books say to an order.
pub(super) enum Reaction {
    Applied,
    /// The message was answered before; this is that answer.
    Repeated(Bytes),
    Failed(Failed),
}

impl Books {
    pub(super) fn new(enrol_unknown: bool, fi_code: String, contracts: Vec<String>) -> Self {
        let contracts = contracts.into_iter().map(|number| (number, Blocks::clear())).collect();
        Self { enrol_unknown, fi_code, contracts, answers: Answers::default() }
    }

    /// Creates a contract nobody knew, if that is wanted. A masked number never becomes one.
    pub(super) fn enrol(&mut self, number: &str) {
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        if self.enrol_unknown && is_plain && !self.contracts.contains_key(number) {
            self.contracts.insert(number.to_owned(), Blocks::clear());
        }
    }

    pub(super) fn react(&mut self, header: &Header, order: &Order) -> Reaction {
        if let Some((earlier, answer)) = self.answers.by_key.get(&MessageKey::of(header)) {
            return if earlier == order {
                Reaction::Repeated(answer.clone())
            } else {
                Reaction::Failed(failed(REUSED_ID, "msg_id was used for another request"))
            };
        }
        if order.fi_code != self.fi_code {
            return Reaction::Failed(failed(WRONG_FI, "FI code does not fit the contract"));
        }
        let codes = match order.slot {
            Slot::Acc1 => ACC1_CODES,
            Slot::Acc2 => ACC2_CODES,
        };
        if order.value.len() != 1 || !codes.contains(&order.value) {
            return Reaction::Failed(failed(NO_SUCH_CODE, "Block code is not known for this slot"));
        }
        let Some(blocks) = self.contracts.get_mut(&order.contract) else {
            return Reaction::Failed(failed(NO_CONTRACT, "Account not found"));
        };
        match order.slot {
            Slot::Acc1 => blocks.acc1.clone_from(&order.value),
            Slot::Acc2 => blocks.acc2.clone_from(&order.value),
        }
        Reaction::Applied
    }

    /// Keeps the answer for a repeat of the same message, forgetting the oldest if need be.
    pub(super) fn remember(&mut self, header: &Header, order: Order, answer: Bytes) {
        let answers = &mut self.answers;
        if answers.oldest_first.len() >= ANSWERS_MAX
            && let Some(oldest) = answers.oldest_first.pop_front()
        {
            answers.by_key.remove(&oldest);
        }
        let key = MessageKey::of(header);
        if answers.by_key.insert(key.clone(), (order, answer)).is_none() {
            answers.oldest_first.push_back(key);
        }
    }
}

impl desk::Books for Books {
    fn show(&self) -> Map<String, Value> {
        let contracts: Map<String, Value> = self
            .contracts
            .iter()
            .map(|(number, blocks)| {
                (number.clone(), json!({ "ACC1": blocks.acc1, "ACC2": blocks.acc2 }))
            })
            .collect();
        Map::from_iter([("contracts".to_owned(), Value::Object(contracts))])
    }
}

impl Blocks {
    fn clear() -> Self {
        Self { acc1: CLEAR.to_owned(), acc2: CLEAR.to_owned() }
    }
}

impl MessageKey {
    fn of(header: &Header) -> Self {
        Self {
            bank_id: header.bank_id.clone(),
            src_application: header.src_application.clone(),
            msg_id: header.msg_id.clone(),
        }
    }
}

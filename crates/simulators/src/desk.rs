//! Where status-changing requests arrive: the journal, the fault script and the books they change.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::rt::{spawn, time::sleep};
use actix_web::web::Data;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::faults::{Fault, FaultScript, Refusal, broken_connection, garbage, plain, too_many};

/// How many status-changing requests the journal remembers.
const JOURNAL_MAX: usize = 1_000;

/// What one vendor's system holds.
pub(crate) trait Books: Clone + Send + 'static {
    /// The part of `GET /_sim/state` that is this vendor's own.
    fn show(&self) -> Map<String, Value>;
}

/// A status-changing request as the journal records it.
pub(crate) struct Received {
    pub(crate) operation: &'static str,
    pub(crate) value: String,
    pub(crate) message_id: Option<String>,
}

/// What came of a status-changing request.
pub(crate) struct Settled {
    pub(crate) effect: bool,
    pub(crate) response: HttpResponse,
}

impl Settled {
    pub(crate) fn applied(response: HttpResponse) -> Self {
        Self { effect: true, response }
    }

    pub(crate) fn without_effect(response: HttpResponse) -> Self {
        Self { effect: false, response }
    }
}

#[derive(Serialize)]
struct Entry {
    seq: u64,
    subject: String,
    operation: &'static str,
    value: String,
    effect: bool,
    message_id: Option<String>,
}

#[derive(Default, Serialize)]
struct Counts {
    received: u64,
    applied: u64,
}

#[derive(Default)]
struct Journal {
    total: Counts,
    by_subject: BTreeMap<String, Counts>,
    entries: VecDeque<Entry>,
}

/// Names a journal entry; the generation tells entries of before a reset from those after it.
struct Ticket {
    generation: u64,
    seq: u64,
    subject: String,
}

struct Inner<B> {
    books: B,
    journal: Journal,
    faults: FaultScript,
    generation: u64,
}

/// One simulator's books, journal and fault script behind one lock, held for one request's work.
pub(crate) struct Desk<B> {
    seed: B,
    inner: Mutex<Inner<B>>,
}

impl<B: Books> Desk<B> {
    pub(crate) fn new(seed: B) -> Self {
        let inner = Inner {
            books: seed.clone(),
            journal: Journal::default(),
            faults: FaultScript::default(),
            generation: 0,
        };
        Self { seed, inner: Mutex::new(inner) }
    }

    /// Runs something on the books that is not a status-changing request, such as a read.
    pub(crate) fn with_books<T>(&self, work: impl FnOnce(&mut B) -> T) -> T {
        work(&mut self.lock().books)
    }

    /// Notes a request that was turned away before the script or the books were asked.
    pub(crate) fn turn_away(&self, subject: String, received: Received) {
        let mut inner = self.lock();
        let generation = inner.generation;
        inner.journal.receive(generation, subject, received);
    }

    pub(crate) fn show(&self) -> Value {
        let inner = self.lock();
        let mut shown = inner.books.show();
        shown.insert("received".to_owned(), inner.journal.total.received.into());
        shown.insert("applied".to_owned(), inner.journal.total.applied.into());
        shown.insert("by_subject".to_owned(), json!(inner.journal.by_subject));
        shown.insert("journal".to_owned(), json!(inner.journal.entries));
        Value::Object(shown)
    }

    /// Back to the seeded books with an empty journal. The fault script stays.
    pub(crate) fn reset(&self) {
        let mut inner = self.lock();
        inner.books = self.seed.clone();
        inner.journal = Journal::default();
        inner.generation += 1;
    }

    pub(crate) fn replace_faults(&self, script: FaultScript) {
        self.lock().faults = script;
    }

    pub(crate) fn show_faults(&self) -> Value {
        self.lock().faults.show()
    }

    fn receive(
        &self,
        subject: impl FnOnce(&mut B) -> String,
        received: Received,
    ) -> (Ticket, Option<Fault>) {
        let mut inner = self.lock();
        let subject = subject(&mut inner.books);
        let generation = inner.generation;
        (inner.journal.receive(generation, subject, received), inner.faults.take())
    }

    fn settle(&self, ticket: &Ticket, work: impl FnOnce(&mut B) -> Settled) -> HttpResponse {
        let mut inner = self.lock();
        if inner.generation != ticket.generation {
            // The system was set back while this request was waiting; it went down with it.
            return broken_connection();
        }
        let settled = work(&mut inner.books);
        if settled.effect {
            inner.journal.applied(ticket);
        }
        settled.response
    }

    fn lock(&self) -> MutexGuard<'_, Inner<B>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes one status-changing request through the fault script and the books.
///
/// `subject` names whom it is about, in the form that is the same for every way to address them.
/// `work` has the effect and writes the answer; `refuse` writes a scripted refusal in the vendor's
/// form.
pub(crate) async fn serve<B: Books>(
    desk: &Data<Desk<B>>,
    received: Received,
    subject: impl FnOnce(&mut B) -> String,
    work: impl FnOnce(&mut B) -> Settled + 'static,
    refuse: impl FnOnce(&Refusal) -> HttpResponse,
) -> HttpResponse {
    let (ticket, fault) = desk.receive(subject, received);
    let Some(fault) = fault else { return desk.settle(&ticket, work) };
    match fault {
        Fault::Delay { ms } => {
            let desk = desk.clone();
            // A task of its own: a caller who gives up does not stop the vendor's work.
            let late = spawn(async move {
                sleep(Duration::from_millis(ms)).await;
                desk.settle(&ticket, work)
            });
            late.await.unwrap_or_else(|_ended| broken_connection())
        }
        Fault::DropBeforeEffect => broken_connection(),
        Fault::DropAfterEffect => {
            drop(desk.settle(&ticket, work));
            broken_connection()
        }
        Fault::Status { status } => plain(status),
        Fault::Garbage => garbage(),
        Fault::Refuse(refusal) => refuse(&refusal),
        Fault::TooMany { retry_after_s } => too_many(retry_after_s),
    }
}

impl Journal {
    fn receive(&mut self, generation: u64, subject: String, received: Received) -> Ticket {
        self.total.received += 1;
        let seq = self.total.received;
        match self.by_subject.get_mut(&subject) {
            Some(counts) => counts.received += 1,
            None => {
                self.by_subject.insert(subject.clone(), Counts { received: 1, applied: 0 });
            }
        }
        if self.entries.len() == JOURNAL_MAX {
            self.entries.pop_front();
        }
        let Received { operation, value, message_id } = received;
        self.entries.push_back(Entry {
            seq,
            subject: subject.clone(),
            operation,
            value,
            effect: false,
            message_id,
        });
        Ticket { generation, seq, subject }
    }

    fn applied(&mut self, ticket: &Ticket) {
        self.total.applied += 1;
        if let Some(counts) = self.by_subject.get_mut(&ticket.subject) {
            counts.applied += 1;
        }
        // From the back: all but delayed requests are settled right after they were noted.
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.seq == ticket.seq) {
            entry.effect = true;
        }
    }
}

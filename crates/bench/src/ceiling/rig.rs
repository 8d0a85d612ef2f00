//! The gateway's writer in this process, without HTTP on either side.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use router::config::Config;
use router::gateway::{Answered, Gateway};
use router::retry::RetryPolicy;
use router::upstreams::Upstreams;
use router::wire::Format;
use router::writer::op::{LinkOp, Linked, Op};
use router::writer::waiters::Waiters;
use router::writer::{Outbox, Rules, Writer};
use router::{crosswalk, formats};
use status_domain::command::Command;
use status_domain::ids::{ChangeId, SubjectId, System};
use status_domain::principal::{Person, Principal, Role};
use status_store::record::{ApprovalRow, ChangeRow, HistoryRow};
use status_store::sqlite::SqliteStore;
use status_store::store::{Needs, Snapshot, Store, StoreError, Writes};
use tokio::sync::{mpsc, oneshot};

use crate::request::{self, WAY4_PATH};

/// A writer that runs, and how to give it work.
#[derive(Clone)]
pub(super) struct Rig {
    gateway: Gateway<Watched>,
    format: Arc<dyn Format>,
    queue: mpsc::Sender<Op>,
    by: Principal,
}

impl Rig {
    /// Starts a writer on this record. Work for upstreams goes to the outbox.
    pub(super) fn start(
        config: &Config,
        store: Watched,
        outbox: impl FnOnce(&Upstreams, &mpsc::Sender<Op>) -> Outbox,
    ) -> anyhow::Result<Self> {
        let upstreams = formats::upstreams(config).map_err(|error| anyhow!("{error}"))?;
        let routes = formats::routes(config).map_err(|error| anyhow!("{error}"))?;
        let format = routes.into_iter().map(|route| route.format);
        let format = { format }.find(|format| *format.system() == adapter_system());
        let (queue, ops) = mpsc::channel(config.writer.queue_max.get());
        let waiters = Arc::new(Waiters::default());
        let outbox = outbox(&upstreams, &queue);
        let writer = Writer {
            store: store.clone(),
            queue: ops,
            rules: Arc::new(rules(config, upstreams)),
            waiters: Arc::clone(&waiters),
            outbox,
            batch_max: config.writer.batch_max.get(),
        };
        tokio::spawn(writer.run());
        let gateway = Gateway::new(store, queue.clone(), waiters, config.server.answer_deadline);
        Ok(Self { gateway, format: format.context("WAY4 is not served")?, queue, by: maker() })
    }

    /// Adds the contracts to the record.
    pub(super) async fn link(&self) -> anyhow::Result<()> {
        let rows = crosswalk::read(request::contracts().as_bytes())?;
        let (done, outcome) = oneshot::channel();
        if self.queue.send(Op::Link(LinkOp { rows, done })).await.is_err() {
            bail!("the writer has ended");
        }
        let linked = outcome.await.context("the contracts were not recorded")?;
        anyhow::ensure!(linked.iter().all(|one| *one == Linked::Created), "contracts are there");
        Ok(())
    }

    /// Records a change, as a client does that does not wait.
    pub(super) async fn change(
        &self,
        msg_id: u64,
        contract: u32,
        blocked: bool,
    ) -> anyhow::Result<Answered> {
        let contract = request::contract_number(contract);
        let code = if blocked { "O" } else { "_" };
        let body = request::way4_body(&request::msg_id_text(msg_id), &contract, code);
        let request = http::Request::post(WAY4_PATH)
            .header("content-type", "application/json")
            .header("authorization", "Bearer none")
            .body(Bytes::from(body))?;
        let read = self.format.decode(&request).map_err(|_| anyhow!("the request is not read"))?;
        let Ok(Command::Change(change)) = read.command else { bail!("the request is refused") };
        Ok(self.gateway.change(self.by.clone(), *change, false, read.encode).await)
    }
}

const fn adapter_system() -> System {
    System::new("way4")
}

fn maker() -> Principal {
    Principal {
        format: adapter_system(),
        client: "ssp".into(),
        tenant: "default".into(),
        person: Person { id: "ssp".into(), number: None, name: "ssp".into() },
        roles: [Role::Maker].into(),
    }
}

fn rules(config: &Config, upstreams: Upstreams) -> Rules {
    let delivery = &config.delivery;
    let retry = RetryPolicy {
        attempts_max: delivery.attempts_max.get(),
        backoff_min: delivery.backoff_min,
        backoff_max: delivery.backoff_max,
        retry_after_max: delivery.retry_after_max,
    };
    Rules { policy: config.policy(), upstreams, retry, lease: delivery.lease }
}

/// A store that keeps a copy of everything that is written while somebody wants one.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    store: SqliteStore,
    seen: Option<Arc<Mutex<Vec<Writes>>>>,
}

impl Watched {
    /// Opens a record and keeps no copies.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        Ok(Self { store: SqliteStore::open(path).context("opening the record")?, seen: None })
    }

    /// The same, with copies.
    pub(super) fn open_and_watch(path: &Path) -> anyhow::Result<Self> {
        Ok(Self { seen: Some(Arc::default()), ..Self::open(path)? })
    }

    /// The copies; from here on there are new ones.
    pub(super) fn take(&self) -> Vec<Writes> {
        let Some(seen) = &self.seen else { return Vec::new() };
        std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for Watched {
    async fn write<T: Send + 'static>(
        &self,
        needs: Needs,
        decide: impl FnOnce(Snapshot) -> (Writes, T) + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(seen) = self.seen.clone() else { return self.store.write(needs, decide).await };
        let watched = move |snapshot| {
            let (writes, value) = decide(snapshot);
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(writes.clone());
            (writes, value)
        };
        self.store.write(needs, watched).await
    }

    async fn approval(&self, id: ChangeId) -> Result<Option<ApprovalRow>, StoreError> {
        self.store.approval(id).await
    }

    async fn approvals(
        &self,
        tenant: &str,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Vec<ApprovalRow>, StoreError> {
        self.store.approvals(tenant, from, to).await
    }

    async fn change(&self, id: ChangeId) -> Result<Option<ChangeRow>, StoreError> {
        self.store.change(id).await
    }

    async fn history(&self, subject: SubjectId) -> Result<Vec<HistoryRow>, StoreError> {
        self.store.history(subject).await
    }

    async fn next_due(&self, system: &System) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.store.next_due(system).await
    }

    async fn purge_answers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store.purge_answers(before).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}

/// A runtime as the gateway's own.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("starting a runtime")
}

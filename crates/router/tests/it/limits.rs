//! What a caller is told when the gateway, its record or an upstream cannot do more, and that nothing
//! is lost, done twice or said too early.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use status_store::store::{Needs, Store as _, StoreError, Writes};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::raw::{Raw, taken_apart, whole};
use crate::refusal::{
    Expected, bench, capillary, code_of, header, is_refusal, n4n, received, secrets_are_kept,
};
use crate::support::{
    Answer, Bench, CONTRACT, CUSTOMER, MOBILE, N4N_CUSTOMER, Setup, System, Way4Change,
    capillary_request, eventually,
};

/// The record, locked by somebody else.
struct Locked {
    release: mpsc::Sender<()>,
    holder: JoinHandle<Result<(), StoreError>>,
}

impl Locked {
    async fn new(bench: &Bench) -> Self {
        let store = bench.store();
        let (release, released) = mpsc::channel();
        let (locked, is_locked) = oneshot::channel();
        let holder = tokio::spawn(async move {
            let hold = move |_| {
                locked.send(()).unwrap();
                // Ends with an error if the test has ended.
                let _ended = released.recv();
                (Writes::default(), ())
            };
            store.write(Needs::default(), hold).await
        });
        is_locked.await.unwrap();
        Self { release, holder }
    }

    async fn release(self) {
        self.release.send(()).unwrap();
        self.holder.await.unwrap().unwrap();
    }
}

/// One change in each format. No two are about the same register.
async fn changes(bench: &Bench) -> [(&'static str, RequestBuilder); 4] {
    let way4 = Way4Change { msg_id: "LIMITS000001", contract: CONTRACT, slot: "ACC1", value: "_" };
    let capillary_body = capillary_request(MOBILE, "Suspended").to_string();
    [
        ("netxd", bench.calls.netxd_status_request(CUSTOMER, "DORMANT")),
        ("way4", bench.calls.way4_request(&way4.body()).await),
        ("capillary", capillary(bench, capillary_body)),
        ("n4n", n4n(bench, format!("customer_id={N4N_CUSTOMER}"))),
    ]
}

/// Sends each change so many times at once, and returns the answers by format.
async fn all_at_once(bench: &Bench, times: usize) -> Vec<(&'static str, Answer)> {
    let mut sent = Vec::new();
    for _ in 0..times {
        for (format, request) in changes(bench).await {
            let calls = bench.calls.clone();
            sent.push((format, tokio::spawn(async move { calls.send(request).await.unwrap() })));
        }
    }
    let mut answers = Vec::new();
    for (format, answer) in sent {
        answers.push((format, answer.await.unwrap()));
    }
    answers
}

/// Checks that the gateway has made nothing of what it refused, and works again.
async fn works_again(bench: &Bench, seen: u64) {
    assert_eq!(received(bench).await, seen);
    let list = bench.calls.capillary_list(&bench.calls.maker(), "").await;
    assert_eq!(list.at("/pagination/totalElements"), 0);
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=_ Active unlocked");
    for (format, request) in changes(bench).await {
        let answer = bench.calls.send(request).await.unwrap();
        let said = match format {
            "netxd" => answer.netxd(),
            "way4" => answer.way4(),
            "capillary" => answer.state(),
            _ => answer.text(),
        };
        assert!(["ok", "S 000", "AdminTask", "true"].contains(&&*said), "{format} {answer:?}");
    }
    assert_eq!(bench.documents_customer().await, "DORMANT ACC1=_ ACC2=_ Dormant unlocked");
    secrets_are_kept(bench).await;
}

const UNAVAILABLE: [(&str, &str); 4] =
    [("netxd", "UNAVAILABLE"), ("way4", "G504"), ("capillary", "900302"), ("n4n", "error")];

/// Checks that an answer says that the record is not available, in its format's words.
fn is_unavailable(bench: &Bench, format: &str, answer: &Answer) {
    let (_, code) = UNAVAILABLE.into_iter().find(|(known, _)| *known == format).unwrap();
    let says = "the record is not available, try again later";
    is_refusal(bench, format, answer, Expected { status: 503, code, says });
    assert!(header(answer, "retry-after").is_some(), "{format}");
}

async fn readiness(bench: &Bench) -> u16 {
    let request = bench.calls.request(Method::GET, "/readyz");
    bench.calls.send(request).await.unwrap().status
}

#[tokio::test]
async fn while_the_record_is_locked_changes_are_refused_and_afterwards_made() {
    let bench = bench(Setup::new()).await;
    let before = received(&bench).await;
    // Asked for now: a token takes no record, but the test's own first call would.
    bench.calls.way4_token().await;
    let locked = Locked::new(&bench).await;
    for (format, answer) in all_at_once(&bench, 1).await {
        is_unavailable(&bench, format, &answer);
    }
    assert_eq!(readiness(&bench).await, 503);
    let request = bench.calls.request(Method::GET, "/healthz");
    assert_eq!(bench.calls.send(request).await.unwrap().status, 200);
    // Reading goes on.
    let list = bench.calls.capillary_list(&bench.calls.maker(), "").await;
    assert_eq!(list.at("/pagination/totalElements"), 0);
    locked.release().await;
    assert_eq!(readiness(&bench).await, 200);
    works_again(&bench, before).await;
}

#[tokio::test]
async fn a_full_queue_is_answered_with_overloaded_at_once() {
    let bench = bench(Setup::new().and("[writer]\nqueue_max = 1\n")).await;
    let before = received(&bench).await;
    bench.calls.way4_token().await;
    let locked = Locked::new(&bench).await;
    // One is being recorded and one waits, for two seconds: of six in one format that come together, at
    // least one finds the queue full also on a machine that is slow to send them.
    let answers = all_at_once(&bench, 6).await;
    let overloaded =
        [("netxd", "OVERLOADED"), ("way4", "G503"), ("capillary", "900301"), ("n4n", "error")];
    for (format, code) in overloaded {
        let of_format = answers.iter().filter(|(known, _)| *known == format);
        let (full, waited): (Vec<_>, Vec<_>) =
            of_format.partition(|(_, answer)| answer.text().contains("overloaded"));
        assert!(!full.is_empty(), "{format}: {waited:?}");
        for (_, answer) in full {
            let expected = Expected { status: 503, code, says: "overloaded, try again later" };
            is_refusal(&bench, format, answer, expected);
            assert!(header(answer, "retry-after").is_some(), "{format}");
        }
        for (_, answer) in waited {
            is_unavailable(&bench, format, answer);
        }
    }
    locked.release().await;
    works_again(&bench, before).await;
}

/// A small file system of its own, which ends with it.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where the system does not let us.
    fn new(directory: &Path) -> Option<Self> {
        let mount = |at: &Path| {
            let size = ["-t", "tmpfs", "-o", "size=4m", "tmpfs"];
            Command::new("mount")
                .args(size)
                .arg(at)
                .output()
                .is_ok_and(|done| done.status.success())
        };
        mount(directory).then(|| Self(directory.to_owned()))
    }

    /// Leaves no room for a single byte.
    fn fill(&self) {
        let mut size = 4 << 20;
        while size > 0 {
            let room = std::fs::read(self.filler()).unwrap_or_default().len();
            if std::fs::write(self.filler(), vec![0; room + size]).is_err() {
                size /= 2;
            }
        }
        // A write that fails leaves what went in.
        assert!(std::fs::write(self.0.join("one more"), b"x").is_err());
    }

    fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[tokio::test]
async fn on_a_full_disk_changes_are_refused_and_with_room_made() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::new(directory.path()) else {
        eprintln!("SKIPPED: a full disk needs the right to mount one");
        return;
    };
    let url = format!("sqlite:{}/statusgate.db", directory.path().display());
    let bench = bench(Setup::new().replacing("sqlite:statusgate.db", &url)).await;
    let before = received(&bench).await;
    bench.calls.way4_token().await;
    disk.fill();
    for (format, answer) in all_at_once(&bench, 1).await {
        is_unavailable(&bench, format, &answer);
    }
    disk.make_room();
    works_again(&bench, before).await;
}

#[tokio::test]
async fn while_no_upstream_is_there_every_format_says_pending_and_never_success() {
    let setup = Setup::new().answering_within_ms(300);
    let mut bench = bench(setup).await;
    for system in System::ALL {
        bench.stop_upstream(system).await;
    }
    let [(_, netxd), (_, way4), (_, capillary), (_, n4n)] = changes(&bench).await;

    let answer = bench.calls.send(netxd).await.unwrap();
    assert_eq!((answer.status, answer.netxd()), (200, "PENDING_DELIVERY".to_owned()));
    let change = answer.at("/error/data/change_id");
    assert!(change.is_string(), "{answer:?}");
    let change = change.as_str().unwrap();
    assert!(answer.text().contains(&format!("recorded as change {change}")));
    assert!(answer.json().get("result").is_none());

    let answer = bench.calls.send(way4).await.unwrap();
    assert_eq!((answer.status, answer.way4()), (200, "F G002".to_owned()));

    let request = bench.calls.send(capillary).await.unwrap().request_id();
    let answer = bench.calls.capillary_approve(&request).await;
    assert_eq!(answer.state(), "IntouchAPITask");
    assert_eq!(answer.at("/data/endTime"), Value::Null);
    assert_eq!(answer.at("/data/details/IntouchAPITask_Output"), Value::Null);

    let answer = bench.calls.send(n4n).await.unwrap();
    assert_eq!((answer.status, code_of_pending(&answer)), (504, "error".to_owned()));
    assert!(answer.text().contains("not confirmed in time"), "{answer:?}");
    assert!(!answer.text().contains("true"));

    for system in System::ALL {
        bench.start_upstream(system).await;
    }
    let held = "SUSPENDED ACC1=_ ACC2=T Suspended unlocked";
    eventually(held, async || (bench.documents_customer().await == held).then_some(())).await;
    eventually("the request ends", async || {
        let shown = bench.calls.capillary_show(&bench.calls.checker(), &request).await;
        (shown.state() == "approved").then_some(())
    })
    .await;
    secrets_are_kept(&bench).await;
}

/// N4N: the error object of a change that has an id.
fn code_of_pending(answer: &Answer) -> String {
    let mut body = answer.json();
    let change = body.as_object_mut().unwrap().remove("change_id");
    assert!(change.is_some_and(|change| change.is_string()), "{answer:?}");
    let without = Answer { body: body.to_string().into(), ..answer.clone() };
    code_of(&without)
}

/// How a caller goes away.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    WithAReset,
    InGoodOrder,
}

#[tokio::test]
async fn a_change_whose_caller_has_gone_is_made_to_the_end_and_once() {
    for leaves in [Leaves::WithAReset, Leaves::InGoodOrder] {
        let bench = bench(Setup::new()).await;
        let slow = json!([{ "kind": "delay", "ms": 300 }]);
        let id = bench.calls.capillary_ask("Suspended").await.request_id();
        let approve = json!({
            "requestId": id, "actionName": "AdminTask",
            "payload": { "AdminTask-Payload": { "actionDecision": "approved", "actionMessage": "" } },
        });
        let checker = bench.calls.checker();
        let approve = bench
            .calls
            .capillary_request(Method::PUT, "/CUSTOMER-STATUS-CHANGE", &checker)
            .body(approve.to_string());
        let [(_, netxd), _, _, (_, n4n)] = changes(&bench).await;
        let way4 = Way4Change { msg_id: "GONE1", contract: CONTRACT, slot: "ACC1", value: "F" };
        let way4_request = bench.calls.way4_request(&way4.body()).await;
        // With how many requests the four upstreams have seen when it has come to its end.
        let cases = [
            (System::Netxd, netxd, 4),
            (System::N4n, n4n, 5),
            (System::Capillary, approve, 9),
            (System::Way4, way4_request, 13),
        ];
        for (system, request, seen) in cases {
            let (head, body) = taken_apart(request);
            let before = bench.journal(system).await.len();
            bench.faults(system, slow.clone()).await;
            let mut raw = Raw::connect(&bench).await;
            raw.send(&whole(&head, &body)).await;
            // It has arrived, and its upstream has not answered yet.
            eventually("the upstream is asked", async || {
                (bench.journal(system).await.len() > before).then_some(())
            })
            .await;
            match leaves {
                Leaves::WithAReset => raw.reset(),
                Leaves::InGoodOrder => drop(raw),
            }
            eventually("every upstream has done it", async || {
                let journal = bench.journal(system).await;
                let is_done = journal.last().is_some_and(|line| !line.ends_with("(no effect)"));
                (is_done && received(&bench).await >= seen).then_some(())
            })
            .await;
            assert_eq!(received(&bench).await, seen, "{leaves:?} {system:?}");
        }
        // Whoever asks again hears how it ended, and nothing is sent for it.
        eventually("the change ends", async || {
            let answer = bench.calls.way4_change(way4).await;
            (answer.way4() == "S 000").then_some(())
        })
        .await;
        let shown = bench.calls.capillary_show(&checker, &id).await;
        assert_eq!(shown.state(), "approved", "{leaves:?}");
        assert_eq!(received(&bench).await, 13, "{leaves:?}");
        let held = bench.documents_customer().await;
        assert_eq!(held, "BLOCKED ACC1=F ACC2=T Blocked locked", "{leaves:?}");
    }
}

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use status_domain::ids::SubjectId;
use status_store::history;
use status_store::record::{ChangeOutcome, ChangeRow, Head, SubjectRow};
use status_store::store::{FamilyRecord, Needs, Snapshot, Store, Writes};

use crate::support::{
    NETXD, WAY4, account, answer, answer_key, approval, at, attempt, change, change_id, customer,
    identifier, lane, leased, load, register, rich_state, save, save_family, subject_id,
};

pub(crate) async fn every_row_is_loaded_as_it_was_written<S: Store>(store: S) {
    let mut subject = customer(1);
    subject.subject.state = rich_state();
    subject.subject.identifiers.push(identifier(WAY4, "77"));
    let id = subject_id(1);
    let entry = |head: &mut Head, kind| {
        history::append(head, id, change_id(1), at(1), kind, "{\"a\":1}".into())
    };
    let entries = vec![entry(&mut subject.head, "recorded"), entry(&mut subject.head, "applied")];
    let rejected = ChangeRow {
        outcome: ChangeOutcome::Rejected,
        answer_key: None,
        native: None,
        reason: None,
        settled_at: Some(at(3)),
        ..change(2, 1)
    };
    let mut unfinished = answer("unfinished", None, 5);
    unfinished.response = None;
    let writes = Writes {
        subjects: vec![subject],
        changes: vec![change(1, 1), rejected],
        registers: vec![register(1, "profile"), register(1, "status")],
        lanes: vec![leased(1, NETXD, Some(4), 9), lane(1, WAY4, None)],
        history: entries,
        attempts: vec![attempt(1)],
        answers: vec![answer("1", Some(2), 0), unfinished],
        approvals: vec![approval(2, 1)],
    };
    save(&store, writes.clone()).await.unwrap();

    let needs = Needs {
        now: at(10),
        identifiers: vec![identifier(WAY4, "77")],
        answers: vec![answer_key("1"), answer_key("unfinished")],
        approvals: vec![change_id(2)],
        ..Needs::default()
    };
    let snapshot = load(&store, needs).await;
    let [family] = &snapshot.families[..] else { panic!("one family") };
    assert_eq!(snapshot.known[&identifier(WAY4, "77")], id);
    assert_eq!(family.root, id);
    assert_eq!(family.subjects, writes.subjects);
    assert_eq!(family.registers, writes.registers);
    assert_eq!(family.lanes, writes.lanes);
    assert_eq!(family.changes, [change(1, 1)]);
    assert_eq!(snapshot.answers[&answer_key("1")], writes.answers[0]);
    assert_eq!(snapshot.answers[&answer_key("unfinished")], writes.answers[1]);
    assert_eq!(snapshot.approvals[&change_id(2)], writes.approvals[0]);
    assert_eq!(snapshot.changes[&change_id(2)], writes.changes[1]);

    assert_eq!(store.history(id).await.unwrap(), writes.history);
    assert_eq!(store.change(change_id(1)).await.unwrap(), Some(change(1, 1)));
    assert_eq!(store.approval(change_id(2)).await.unwrap(), Some(approval(2, 1)));
}

pub(crate) async fn an_existing_row_is_replaced_whole<S: Store>(store: S) {
    save_family(&store).await;
    let mut subject = customer(1);
    subject.subject.state = rich_state();
    let open = change(1, 1);
    let closed = ChangeRow {
        outcome: ChangeOutcome::Applied,
        before: Vec::new(),
        settled_at: Some(at(9)),
        ..open
    };
    let mut register = register(1, "status");
    register.confirmed = None;
    register.last_error = None;
    let before = Writes {
        answers: vec![answer("1", Some(1), 0)],
        approvals: vec![approval(1, 1)],
        ..Writes::default()
    };
    save(&store, before).await.unwrap();
    let mut answer = answer("1", Some(1), 0);
    answer.response = None;
    let mut approval = approval(1, 1);
    approval.approval.comment = None;
    let after = Writes {
        subjects: vec![subject],
        changes: vec![closed],
        registers: vec![register],
        lanes: vec![leased(1, NETXD, Some(4), 9)],
        answers: vec![answer],
        approvals: vec![approval],
        ..Writes::default()
    };
    save(&store, after.clone()).await.unwrap();

    let answers = vec![answer_key("1")];
    let needs = Needs { subjects: vec![subject_id(1)], answers, ..Needs::default() };
    let snapshot = load(&store, needs).await;
    let family = &snapshot.families[0];
    assert_eq!(family.subjects[0], after.subjects[0]);
    assert_eq!(family.registers[0], after.registers[0]);
    assert_eq!(family.lanes[0], after.lanes[0]);
    assert!(family.changes.iter().all(|change| change.id != change_id(1)), "it is settled");
    assert_eq!(snapshot.changes[&change_id(1)], after.changes[0]);
    assert_eq!(snapshot.answers[&answer_key("1")], after.answers[0]);
    assert_eq!(store.approval(change_id(1)).await.unwrap().unwrap(), after.approvals[0]);
}

pub(crate) async fn what_nobody_knows_is_left_out<S: Store>(store: S) {
    save_family(&store).await;
    let needs = Needs {
        now: at(100),
        identifiers: vec![identifier(NETXD, "2"), identifier(WAY4, "1")],
        subjects: vec![subject_id(99)],
        answers: vec![answer_key("none")],
        approvals: vec![change_id(1)],
        claims: vec![(WAY4, 5)],
    };
    let snapshot = load(&store, needs).await;
    assert!(snapshot.known.is_empty());
    assert!(snapshot.families.is_empty());
    assert!(snapshot.answers.is_empty());
    assert!(snapshot.changes.is_empty());
    assert!(snapshot.approvals.is_empty());
    assert!(snapshot.due.is_empty());
    assert_eq!(store.change(change_id(99)).await.unwrap(), None);
    assert_eq!(store.approval(change_id(99)).await.unwrap(), None);
    assert_eq!(store.history(subject_id(1)).await.unwrap(), []);
    assert_eq!(store.next_due(&NETXD).await.unwrap(), None);
}

/// The members of the only family that was loaded, after checking that nothing of it is missing.
#[track_caller]
fn whole_family(snapshot: &Snapshot) -> BTreeSet<SubjectId> {
    let [FamilyRecord { root, subjects, registers, lanes, changes }] = &snapshot.families[..]
    else {
        panic!("{} families", snapshot.families.len())
    };
    assert_eq!(*root, subject_id(1));
    let members: BTreeSet<_> = subjects.iter().map(|row| row.subject.id).collect();
    assert_eq!(registers.iter().map(|row| row.subject).collect::<BTreeSet<_>>(), members);
    assert_eq!(lanes.iter().map(|row| row.subject).collect::<BTreeSet<_>>(), members);
    assert_eq!(changes.iter().map(|row| row.subject).collect::<BTreeSet<_>>(), members);
    for SubjectRow { subject, .. } in subjects {
        let expected = if subject.id == *root { NETXD } else { WAY4 };
        assert_eq!(
            subject.identifiers,
            [identifier(expected, &subject.id.0.as_u128().to_string())]
        );
    }
    members
}

fn members() -> BTreeSet<SubjectId> {
    [1, 2, 3].map(subject_id).into()
}

pub(crate) async fn a_family_is_loaded_whole_by_an_identifier<S: Store>(store: S) {
    save_family(&store).await;
    let identifiers = vec![identifier(WAY4, "3")];
    let snapshot = load(&store, Needs { identifiers, ..Needs::default() }).await;
    assert_eq!(snapshot.known[&identifier(WAY4, "3")], subject_id(3));
    assert_eq!(whole_family(&snapshot), members());
}

pub(crate) async fn a_family_is_loaded_whole_by_any_of_its_subjects<S: Store>(store: S) {
    save_family(&store).await;
    for number in 1..=3 {
        let subjects = vec![subject_id(number)];
        let snapshot = load(&store, Needs { subjects, ..Needs::default() }).await;
        assert_eq!(whole_family(&snapshot), members());
    }
}

pub(crate) async fn a_family_is_loaded_whole_by_a_claim<S: Store>(store: S) {
    save_family(&store).await;
    let lanes = vec![lane(2, NETXD, Some(1))];
    save(&store, Writes { lanes, ..Writes::default() }).await.unwrap();
    let claims = vec![(NETXD, 5)];
    let snapshot = load(&store, Needs { now: at(1), claims, ..Needs::default() }).await;
    assert_eq!(snapshot.due, [(subject_id(2), NETXD)]);
    assert_eq!(whole_family(&snapshot), members());
}

pub(crate) async fn a_family_is_loaded_whole_by_an_approval<S: Store>(store: S) {
    save_family(&store).await;
    let mut about = approval(3, 3);
    about.family = subject_id(1);
    let approvals = vec![about.clone()];
    save(&store, Writes { approvals, ..Writes::default() }).await.unwrap();
    let approvals = vec![change_id(3)];
    let snapshot = load(&store, Needs { approvals, ..Needs::default() }).await;
    assert_eq!(snapshot.approvals[&change_id(3)], about);
    assert_eq!(snapshot.changes[&change_id(3)].subject, subject_id(3));
    assert_eq!(whole_family(&snapshot), members());
}

pub(crate) async fn a_family_is_loaded_once<S: Store>(store: S) {
    save_family(&store).await;
    let lanes = vec![lane(2, NETXD, Some(1)), lane(3, NETXD, Some(1))];
    save(&store, Writes { lanes, ..Writes::default() }).await.unwrap();
    let needs = Needs {
        now: at(2),
        identifiers: vec![identifier(NETXD, "1"), identifier(WAY4, "2"), identifier(WAY4, "2")],
        subjects: vec![subject_id(1), subject_id(3)],
        claims: vec![(NETXD, 5)],
        ..Needs::default()
    };
    let snapshot = load(&store, needs).await;
    assert_eq!(snapshot.due.len(), 2);
    assert_eq!(whole_family(&snapshot), members());
}

pub(crate) async fn a_settled_change_is_loaded_with_its_answer_only<S: Store>(store: S) {
    let settled =
        ChangeRow { outcome: ChangeOutcome::Unknown, settled_at: Some(at(2)), ..change(1, 1) };
    let writes = Writes {
        subjects: vec![customer(1)],
        changes: vec![settled.clone()],
        answers: vec![answer("1", Some(1), 0)],
        ..Writes::default()
    };
    save(&store, writes).await.unwrap();
    let subjects = vec![subject_id(1)];
    let snapshot = load(&store, Needs { subjects, ..Needs::default() }).await;
    assert_eq!(snapshot.families[0].changes, []);
    assert!(snapshot.changes.is_empty());
    let answers = vec![answer_key("1")];
    let snapshot = load(&store, Needs { answers, ..Needs::default() }).await;
    assert_eq!(snapshot.changes[&change_id(1)], settled);
    assert!(snapshot.families.is_empty());
}

pub(crate) async fn an_account_that_joins_a_customer_takes_its_open_changes_along<S: Store>(
    store: S,
) {
    let writes = Writes {
        subjects: vec![customer(1), account(2, None)],
        changes: vec![change(1, 2)],
        approvals: vec![approval(1, 2)],
        ..Writes::default()
    };
    save(&store, writes).await.unwrap();
    let subjects = vec![account(2, Some(1))];
    save(&store, Writes { subjects, ..Writes::default() }).await.unwrap();

    let subjects = vec![subject_id(1)];
    let snapshot = load(&store, Needs { subjects, ..Needs::default() }).await;
    let [family] = &snapshot.families[..] else { panic!("one family") };
    assert_eq!(family.subjects.len(), 2);
    assert_eq!(family.changes, [ChangeRow { family: subject_id(1), ..change(1, 2) }]);
    let approval = store.approval(change_id(1)).await.unwrap().unwrap();
    assert_eq!(approval.family, subject_id(1));
}

pub(crate) async fn approvals_are_listed_by_tenant_and_time<S: Store>(store: S) {
    let made = |number: u128, tenant: &str, seconds| {
        let mut row = approval(number, 1);
        row.approval.tenant = tenant.into();
        row.approval.started_at = at(seconds);
        row
    };
    let writes = Writes {
        subjects: vec![customer(1)],
        changes: (1..=4).map(|number| change(number, 1)).collect(),
        approvals: vec![
            made(1, "bank", 30),
            made(2, "other", 20),
            made(3, "bank", 20),
            made(4, "bank", 10),
        ],
        ..Writes::default()
    };
    save(&store, writes).await.unwrap();
    let listed = async |from: Option<DateTime<Utc>>, to| {
        let rows = store.approvals("bank", from, to).await.unwrap();
        rows.iter().map(|row| row.approval.id.0.as_u128() >> 64).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None).await, [4, 3, 1]);
    assert_eq!(listed(Some(at(20)), None).await, [3, 1]);
    assert_eq!(listed(None, Some(at(20))).await, [4]);
    assert_eq!(listed(Some(at(20)), Some(at(30))).await, [3]);
}

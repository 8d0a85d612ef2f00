use chrono::TimeDelta;
use status_domain::ids::System;
use status_store::record::LaneRow;
use status_store::store::{Needs, Store, Writes};

use crate::support::{
    NETXD, WAY4, account, at, customer, lane, leased, load, present, save, subject_id,
};

/// Numbers of the subjects whose lanes to `system` are claimed: at 100 seconds, if the record has no clock of
/// its own.
async fn claimed<S: Store>(store: &S, claims: Vec<(System, u32)>) -> Vec<u128> {
    let snapshot = load(store, Needs { now: at(100), claims, ..Needs::default() }).await;
    snapshot.due.iter().map(|(subject, _)| subject.0.as_u128()).collect()
}

pub(crate) async fn only_lanes_that_are_due_and_nobodys_are_claimed<S: Store>(store: S) {
    // What is to come is far enough away for a clock that runs meanwhile.
    let lanes = vec![
        lane(1, NETXD, Some(100)),
        lane(2, NETXD, Some(3700)),
        lane(3, NETXD, None),
        leased(4, NETXD, Some(50), 3700),
        // Whoever held these has not come back in time.
        leased(5, NETXD, Some(50), 100),
        leased(6, NETXD, Some(3700), 99),
        leased(7, NETXD, None, 99),
        lane(8, WAY4, Some(1)),
    ];
    let ahead: TimeDelta = present(&store, at(100)).await - at(100);
    let shift = |mut row: LaneRow| {
        row.due_at = row.due_at.map(|due| due + ahead);
        row.lease.iter_mut().for_each(|lease| lease.until += ahead);
        row
    };
    let writes = Writes {
        subjects: (1..=8).map(customer).collect(),
        lanes: lanes.into_iter().map(shift).collect(),
        ..Writes::default()
    };
    save(&store, writes).await.unwrap();
    assert_eq!(claimed(&store, vec![(NETXD, 10)]).await, [5, 1]);
    assert_eq!(claimed(&store, vec![(NETXD, 10), (WAY4, 10)]).await, [5, 1, 8]);
    assert_eq!(claimed(&store, Vec::new()).await, []);
}

pub(crate) async fn a_claim_takes_the_longest_due_up_to_its_limit<S: Store>(store: S) {
    let due = [(1, 30), (2, 10), (3, 40), (4, 20)];
    let writes = Writes {
        subjects: (1..=4).map(|number| account(number, None)).collect(),
        lanes: due.map(|(number, due)| lane(number, NETXD, Some(due))).into(),
        ..Writes::default()
    };
    save(&store, writes).await.unwrap();
    assert_eq!(claimed(&store, vec![(NETXD, 3)]).await, [2, 4, 1]);
    assert_eq!(claimed(&store, vec![(NETXD, 0)]).await, []);
}

pub(crate) async fn a_system_that_is_named_twice_gives_each_lane_once<S: Store>(store: S) {
    let writes = Writes {
        subjects: vec![customer(1), account(2, Some(1))],
        lanes: vec![lane(1, NETXD, Some(1)), lane(2, NETXD, Some(2))],
        ..Writes::default()
    };
    save(&store, writes).await.unwrap();
    assert_eq!(claimed(&store, vec![(NETXD, 1), (NETXD, 5)]).await, [1, 2]);
}

pub(crate) async fn the_next_due_lane_is_the_first_that_can_be_claimed<S: Store>(store: S) {
    let subjects = (1..=5).map(customer).collect();
    save(&store, Writes { subjects, ..Writes::default() }).await.unwrap();
    // Each line adds one lane.
    for (row, expected) in [
        (lane(1, NETXD, None), None),
        (leased(2, NETXD, Some(10), 90), Some(90)),
        (lane(3, NETXD, Some(70)), Some(70)),
        (leased(4, NETXD, Some(20), 60), Some(60)),
        // Due only after its lease has run out.
        (leased(5, NETXD, Some(50), 40), Some(50)),
        (lane(1, WAY4, Some(5)), Some(50)),
    ] {
        save(&store, Writes { lanes: vec![row], ..Writes::default() }).await.unwrap();
        assert_eq!(store.next_due(&NETXD).await.unwrap(), expected.map(at));
    }
    let lanes = load(&store, Needs { subjects: vec![subject_id(1)], ..Needs::default() }).await;
    assert_eq!(lanes.families[0].lanes.len(), 2);
}

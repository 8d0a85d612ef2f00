//! The hash chain of a history.

use status_store::history::{append, first_bad, hash};
use status_store::record::{Head, HistoryRow};

use crate::support::{at, change_id, subject_id};

fn history() -> Vec<HistoryRow> {
    let mut head = Head::default();
    (1..=5)
        .map(|number| {
            let body = format!("{{\"n\":{number}}}");
            append(&mut head, subject_id(1), change_id(number), at(0), "recorded", body)
        })
        .collect()
}

#[test]
fn an_untouched_history_is_good() {
    assert_eq!(first_bad(&history()), None);
    assert_eq!(first_bad(&[]), None);
}

#[test]
fn a_changed_entry_is_found() {
    type Change = fn(&mut HistoryRow);
    let changes: [Change; 6] = [
        |row| row.subject = subject_id(2),
        |row| row.change = change_id(9),
        |row| row.at = at(1),
        |row| row.kind = "applied".into(),
        |row| row.body = "{\"n\":33}".into(),
        |row| row.previous[0] ^= 1,
    ];
    for change in changes {
        let mut rows = history();
        change(&mut rows[2]);
        assert_eq!(first_bad(&rows), Some(3));
    }
}

#[test]
fn a_changed_entry_with_its_hash_made_anew_is_found_at_the_next() {
    let mut rows = history();
    rows[2].body = "{\"n\":33}".into();
    rows[2].hash = hash(&rows[2]);
    assert_eq!(first_bad(&rows), Some(4));
}

#[test]
fn a_removed_entry_is_found() {
    let mut rows = history();
    rows.remove(1);
    assert_eq!(first_bad(&rows), Some(2));
}

#[test]
fn entries_out_of_order_are_found() {
    let mut rows = history();
    rows.swap(1, 3);
    assert_eq!(first_bad(&rows), Some(2));
    let mut rows = history();
    rows.swap(1, 3);
    rows[1].number = 2;
    rows[3].number = 4;
    assert_eq!(first_bad(&rows), Some(2));
}

#[test]
fn parts_cannot_be_shifted_into_one_another() {
    let mut rows = history();
    rows[0].kind = "recorded{".into();
    rows[0].body = "\"n\":1}".into();
    assert_eq!(first_bad(&rows), Some(1));
}

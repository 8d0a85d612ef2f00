//! What every implementation of the store must do.

pub(crate) mod claims;
pub(crate) mod snapshots;
pub(crate) mod writes;

/// Puts the stores that `$make` makes through the whole suite. `$make` is an async function that gives an
/// empty store and whatever must outlive it.
macro_rules! suite {
    ($make:path) => {
        $crate::suite::suite! { @ $make;
            snapshots {
                every_row_is_loaded_as_it_was_written
                an_existing_row_is_replaced_whole
                what_nobody_knows_is_left_out
                a_family_is_loaded_whole_by_an_identifier
                a_family_is_loaded_whole_by_any_of_its_subjects
                a_family_is_loaded_whole_by_a_claim
                a_family_is_loaded_whole_by_an_approval
                a_family_is_loaded_once
                a_settled_change_is_loaded_with_its_answer_only
                an_account_that_joins_a_customer_takes_its_open_changes_along
                approvals_are_listed_by_tenant_and_time
            }
            claims {
                only_lanes_that_are_due_and_nobodys_are_claimed
                a_claim_takes_the_longest_due_up_to_its_limit
                a_system_that_is_named_twice_gives_each_lane_once
                the_next_due_lane_is_the_first_that_can_be_claimed
            }
            writes {
                concurrent_writes_go_one_after_the_other
                a_write_is_done_also_when_its_caller_has_gone
                a_decision_without_writes_still_answers
                a_decision_that_panics_changes_nothing_and_the_store_goes_on
                a_refused_row_undoes_the_whole_write
                an_identifier_cannot_move_to_another_subject
                a_parent_must_exist
                the_maker_cannot_be_the_checker
                a_history_entry_is_written_once
                old_answers_are_purged_and_others_kept
                a_store_that_can_be_written_to_passes_its_check
            }
        }
    };
    (@ $make:path; $($module:ident { $($name:ident)+ })+) => {
        $(
            mod $module {
                $(
                    #[tokio::test]
                    async fn $name() {
                        let (store, _kept) = $make().await;
                        $crate::suite::$module::$name(store).await;
                    }
                )+
            }
        )+
    };
}

pub(crate) use suite;

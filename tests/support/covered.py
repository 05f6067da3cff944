"""Which tests show what of each rule: one that trips it, one that comes close, one where facts are not all there yet.

A line is `rule: (trips, close, early)`, each `module::test` of tests/unit/domain without the two prefixes `test_`; one
test may show more than one of them. `early` is what is said while something was not uploaded or has not happened: the
verdict is unknown or rests on an absence, or nothing is said at all. The invariant is the house test's: whatever stands
here is run and watched, so a line cannot claim what its tests do not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NEVER_BROKEN: Final = frozenset({"INV-36", "INV-39"})
"""Kept by construction: nothing is changed in place, earlier values stay. Their evaluators say where that shows."""

COVERED: Final[Mapping[str, tuple[str, str, str]]] = {
    "INV-01": (
        "case_officers::inv_01_is_broken_by_a_single_interviewer_and_by_a_single_handler",
        "case_officers::inv_01_two_certified_officers_keep_it",
        "case_officers::inv_01_without_a_certificate_entry_rests_on_its_absence",
    ),
    "INV-02": (
        "case_officers::inv_02_the_certificate_counts_as_it_stood_on_the_day",
        "inspection_invariants::inv_02_certificates_held_on_the_day_of_the_act",
        "case_officers::inv_02_without_an_entry_rests_on_its_absence",
    ),
    "INV-03": (
        "inspection_invariants::inv_03_certificates_are_shown_before_evidence",
        "inspection_invariants::inv_03_certificates_are_shown_before_evidence",
        "inspection_invariants::inv_03_certificates_are_shown_before_evidence",
    ),
    "INV-04": (
        "inspection_invariants::inv_04_the_scheme_is_approved_before_entry",
        "inspection_invariants::inv_04_the_scheme_is_approved_before_entry",
        "inspection_invariants::inv_04_the_scheme_is_approved_before_entry",
    ),
    "INV-05": (
        "inspection_invariants::inv_05_the_record_is_signed_or_its_refusal_reported",
        "inspection_invariants::inv_05_the_record_is_signed_or_its_refusal_reported",
        "inspection_invariants::inv_05_says_nothing_while_there_is_no_record",
    ),
    "INV-06": (
        "inspection_invariants::inv_06_an_order_is_for_one_enterprise_and_ends_after_it_began",
        "inspection_invariants::inv_06_an_order_is_for_one_enterprise_and_ends_after_it_began",
        "inspection_invariants::inv_06_an_order_is_for_one_enterprise_and_ends_after_it_began",
    ),
    "INV-07": (
        "hazard_judge::inv_07_a_closure_rests_on_a_passed_re_inspection",
        "hazard_judge::inv_07_a_closure_rests_on_a_passed_re_inspection",
        "hazard_judge::inv_07_is_a_gate_while_the_hazard_is_open",
    ),
    "INV-08": (
        "registers::inv_08_an_item_is_concluded_only_by_its_recorded_chain",
        "registers::inv_08_an_item_is_concluded_only_by_its_recorded_chain",
        "registers::inv_08_a_missing_link_waits_for_the_terminal",
    ),
    "INV-09": (
        "registers::inv_09_key_inspections_are_at_least_sixty_percent",
        "registers::inv_09_key_inspections_are_at_least_sixty_percent",
        "registers::inv_09_waits_for_all_parts_of_a_plan",
    ),
    "INV-10": (
        "registers::inv_10_one_supervising_body_at_a_time",
        "registers::inv_10_one_supervising_body_at_a_time",
        "registers::inv_10_one_supervising_body_at_a_time",
    ),
    "INV-11": (
        "case_order::inv_11_is_broken_when_a_decision_comes_before_the_filing",
        "case_order::inv_11_is_kept_when_the_case_is_filed_on_the_very_day",
        "case_order::inv_11_without_a_filing_rests_on_its_absence",
    ),
    "INV-12": (
        "case_side::inv_12_disposed_within_seven_days_of_its_law",
        "case_side::inv_12_disposed_within_seven_days_of_its_law",
        "case_side::inv_12_is_unknown_while_no_disposal_is_recorded",
    ),
    "INV-13": (
        "case_hearing::inv_13_without_a_defence_the_three_working_days_must_be_over",
        "case_hearing::inv_13_without_a_defence_the_three_working_days_must_be_over",
        "case_hearing::inv_13_is_broken_without_a_notice",
    ),
    "INV-14": (
        "case_hearing::inv_14_asks_for_a_hearing_from_the_threshold_itself_on",
        "case_hearing::inv_14_asks_for_a_hearing_from_the_threshold_itself_on",
        "case_hearing::inv_14_waits_for_the_period_by_the_rule_of_the_day_of_the_notice",
    ),
    "INV-15": (
        "case_hearing::inv_15_is_broken_by_a_chair_who_handled_the_case",
        "case_hearing::inv_15_asks_for_seven_working_days_of_notice",
        "case_hearing::inv_15_without_a_notice_rests_on_its_absence",
    ),
    "INV-16": (
        "case_discretion::inv_16_nothing_heavier_than_what_was_told",
        "case_discretion::inv_16_compares_with_the_last_notice",
        "case_discretion::inv_16_is_unknown_without_a_notice",
    ),
    "INV-17": (
        "case_review::inv_17_a_review_of_draft_a_does_not_cover_draft_b",
        "case_review::inv_17_the_review_ends_before_the_decision",
        "case_review::inv_17_is_broken_when_no_review_is_recorded_and_says_what_would_open_the_gate",
    ),
    "INV-18": (
        "case_review::inv_18_is_broken_by_a_reviewer_who_handles_the_case",
        "case_review::inv_18_a_first_timer_needs_the_exam_and_an_old_hand_does_not",
        "case_review::inv_18_without_a_register_entry_rests_on_its_absence",
    ),
    "INV-19": (
        "case_review::inv_19_enough_members_take_part",
        "case_review::inv_19_a_small_fine_needs_no_discussion_unless_the_violation_is_serious",
        "case_review::inv_19_is_broken_without_an_earlier_discussion",
    ),
    "INV-20": (
        "case_order::inv_20_counts_days_from_filing_by_the_rule_of_that_day",
        "case_order::inv_20_counts_days_from_filing_by_the_rule_of_that_day",
        "case_order::inv_20_is_unknown_while_nothing_is_decided",
    ),
    "INV-21": (
        "case_discretion::inv_21_the_version_of_the_day_of_the_violation_applies",
        "case_discretion::inv_21_a_later_version_applies_only_if_it_is_lighter",
        "case_discretion::inv_21_is_broken_when_none_is_named_and_unknown_without_a_day_of_violation",
    ),
    "INV-22": (
        "case_discretion::inv_22_closure_and_detention_are_not_the_agencys",
        "case_discretion::inv_22_closure_and_detention_are_not_the_agencys",
        "case_discretion::inv_22_says_nothing_before_a_decision",
    ),
    "INV-23": (
        "case_spot::inv_23_the_ceiling_is_that_of_the_day_of_the_decision",
        "case_spot::inv_23_cash_has_a_ticket_and_a_ground",
        "case_spot::inv_23_says_nothing_without_a_penalty_on_the_spot",
    ),
    "INV-24": (
        "case_discretion::inv_24_the_second_fine_for_one_violation_breaks_it",
        "case_discretion::inv_24_another_day_clause_or_party_is_another_violation",
        "case_discretion::inv_24_while_it_finds_nothing_rests_on_an_absence",
    ),
    "INV-25": (
        "case_execution::inv_25_served_within_seven_days_of_its_law",
        "case_execution::inv_25_a_public_notice_has_its_days",
        "case_execution::inv_25_is_unknown_while_no_service_is_recorded",
    ),
    "INV-26": (
        "case_execution::inv_26_no_more_is_paid_than_was_fined",
        "case_fine_points::inv_26_a_late_fine_that_accrued_may_be_paid_without_a_decision_of_its_own",
        "case_execution::inv_26_part_of_a_fine_rests_on_payments_that_may_still_come",
    ),
    "INV-27": (
        "case_execution::inv_27_neither_before_the_demand_is_over_nor_after_three_months",
        "case_execution::inv_27_instalments_shift_the_start",
        "case_execution::inv_27_is_unknown_without_the_decision_or_its_service",
    ),
    "INV-28": (
        "case_side::inv_28_three_days_and_twenty_four_hours",
        "case_side::inv_28_a_refusal_needs_its_reason",
        "case_side::inv_28_is_unknown_while_decision_or_delivery_are_not_recorded",
    ),
    "INV-29": (
        "case_closing::inv_29_published_within_seven_working_days",
        "case_closing::inv_29_withdrawn_within_three_working_days_of_the_alteration",
        "case_closing::inv_29_is_unknown_while_no_disclosure_is_recorded",
    ),
    "INV-30": (
        "case_fine_points::inv_30_only_fields_of_the_list_are_published",
        "case_fine_points::inv_30_only_fields_of_the_list_are_published",
        "case_fine_points::inv_30_is_unknown_without_a_list_of_the_feed",
    ),
    "INV-31": (
        "case_closing::inv_31_executed_means_paid_in_full",
        "case_closing::inv_31_no_penalty_and_revocation_close_a_case",
        "case_closing::inv_31_other_grounds_rest_on_their_own_decision",
    ),
    "INV-32": (
        "case_closing::inv_32_after_archiving_nothing_is_added",
        "case_closing::inv_32_the_hashes_of_the_volumes_stay",
        "case_closing::inv_32_says_nothing_before_the_archive",
    ),
    "INV-33": (
        "judge_series::a_number_on_two_documents_is_kept_twice_and_flagged",
        "judge_series::two_events_that_tell_of_one_document_are_no_duplicate",
        "judge_series::numbers_are_unique_only_as_far_as_every_terminal_has_handed_in",
    ),
    "INV-34": (
        "inspection_invariants::inv_34_records_follow_one_another",
        "inspection_invariants::inv_34_records_follow_one_another",
        "inspection_invariants::inv_34_a_side_chain_is_a_fault_and_a_task_without_records_says_nothing",
    ),
    "INV-35": (
        "inspection_invariants::inv_35_nothing_is_made_after_it_was_received",
        "inspection_invariants::inv_35_nothing_is_made_after_it_was_received",
        "inspection_invariants::inv_35_says_nothing_while_no_terminal_recorded_anything",
    ),
    "INV-36": (
        "inspection_invariants::inv_36_a_correction_names_a_record_that_stays",
        "inspection_invariants::inv_36_a_correction_names_a_record_that_stays",
        "inspection_invariants::inv_36_a_correction_names_a_record_that_stays",
    ),
    "INV-37": (
        "case_side::inv_37_approval_comes_before",
        "case_side::inv_37_an_urgent_measure_is_reported_within_a_day",
        "case_side::inv_37_an_urgent_measure_without_a_report_rests_on_its_absence",
    ),
    "INV-38": (
        "case_officers::inv_38_an_entrusted_act_names_agency_and_entrustment",
        "case_officers::inv_38_the_entrustment_holds_on_the_day_of_the_act",
        "case_fine_points::inv_38_an_entrustment_without_a_stated_period_is_not_taken_for_valid",
    ),
    "INV-39": (
        "case_closing::inv_39_speaks_where_a_value_was_replaced",
        "case_order::an_extension_after_the_end_moves_nothing",
        "case_closing::inv_39_speaks_where_a_value_was_replaced",
    ),
    "INV-40": (
        "registers::inv_40_a_tip_about_deaths_goes_to_the_county_government",
        "registers::inv_40_a_tip_about_deaths_goes_to_the_county_government",
        "registers::inv_40_a_tip_about_deaths_goes_to_the_county_government",
    ),
    "SIG-01": (
        "judge_series::sig_01_a_number_that_nothing_accounts_for_is_asked_about_after_the_longest_time_offline",
        "judge_series::sig_01_a_declared_void_closes_a_gap_and_one_without_photo_does_not",
        "judge_series::sig_01_the_rest_of_a_block_is_none_before_its_end_and_none_that_was_given_back",
    ),
    "SIG-02": (
        "judge_series::a_later_number_with_an_earlier_date_in_one_block_is_disorder",
        "judge_series::two_offline_terminals_with_their_blocks_are_neither_disorder_nor_a_gap",
        "judge_series::disorder_is_said_when_the_other_document_has_come_in_and_not_before",
    ),
    "SIG-03": (
        "inspection_signals::sig_03_steps_written_in_the_reverse_order",
        "inspection_signals::sig_03_what_is_written_within_minutes_or_lasts_longer_is_in_order",
        "inspection_signals::sig_03_goes_when_the_approval_of_the_backfill_arrives",
    ),
    "SIG-04": (
        "outside_judge::sig_04_a_receipt_without_payment_or_decision",
        "outside_judge::sig_04_a_receipt_with_an_exact_key_raises_nothing",
        "outside_judge::sig_04_waits_for_terminals_that_may_still_upload",
    ),
    "SIG-05": (
        "case_order::sig_05_names_the_steps_that_are_missing",
        "case_order::sig_05_is_silent_when_the_period_for_a_defence_ended_unused",
        "case_order::sig_05_names_the_steps_that_are_missing",
    ),
    "SIG-06": (
        "case_officers::sig_06_sees_one_officer_alone_and_more_surely_with_a_helper",
        "case_officers::sig_06_is_silent_of_two",
        "inspection_signals::sig_06_rests_on_an_absence_while_a_certificate_is_not_entered",
    ),
    "SIG-07": (
        "case_officers::sig_07_raises_one_signal_for_each_officer",
        "case_officers::sig_07_is_silent_of_valid_certificates_and_less_sure_without_an_entry",
        "case_officers::sig_07_is_silent_of_valid_certificates_and_less_sure_without_an_entry",
    ),
    "SIG-08": (
        "case_hearing::sig_08_sees_a_decision_before_a_period_ended",
        "case_hearing::sig_08_is_silent_without_a_notice_because_another_rule_says_so",
        "case_hearing::sig_08_sees_a_decision_before_a_period_ended",
    ),
    "SIG-09": (
        "case_review::sig_09_says_how_the_review_fails",
        "case_review::sig_09_is_silent_where_no_review_is_due",
        "case_review::sig_09_waits_for_a_decision",
    ),
    "SIG-10": (
        "case_review::sig_10_sees_a_missing_discussion_and_a_small_one",
        "case_review::sig_10_sees_the_principal_against_the_majority_without_a_reason",
        "case_review::sig_10_sees_a_missing_discussion_and_a_small_one",
    ),
    "SIG-11": (
        "inspection_signals::sig_11_a_plan_item_called_done_without_what_makes_it_done",
        "inspection_signals::sig_11_a_stay_of_a_few_minutes",
        "inspection_signals::sig_11_a_plan_item_called_done_without_what_makes_it_done",
    ),
    "SIG-12": (
        "inspection_signals::sig_12_a_terminal_that_fell_silent_on_the_site",
        "inspection_signals::sig_12_a_zone_without_devices_that_was_declared_before_explains_silence",
        "inspection_signals::sig_12_a_terminal_that_fell_silent_on_the_site",
    ),
    "SIG-13": (
        "day_judge::sig_13_one_officer_on_two_sites",
        "day_judge::sig_13_from_one_site_to_the_next_faster_than_anybody_travels",
        "day_judge::sig_13_one_officer_on_two_sites",
    ),
    "SIG-14": (
        "case_order::sig_14_sees_evidence_younger_than_conclusion_or_decision",
        "case_order::sig_14_lets_earlier_evidence_and_photos_of_later_steps_pass",
        "case_order::sig_14_waits_for_a_conclusion_or_decision",
    ),
    "SIG-15": (
        "inspection_signals::sig_15_one_file_for_two_pieces_of_evidence",
        "inspection_signals::sig_15_a_file_older_than_the_visit",
        "inspection_signals::sig_15_a_segment_that_follows_one_which_nobody_recorded",
    ),
    "SIG-16": (
        "inspection_signals::sig_16_the_clock_was_off",
        "inspection_signals::sig_16_the_clock_jumped_or_the_chain_broke",
        "inspection_signals::sig_16_the_clock_was_off",
    ),
    "SIG-17": (
        "case_recording::sig_17_sees_a_gap_where_the_recording_must_be_continuous",
        "case_recording::sig_17_takes_a_recording_that_ends_within_the_margin",
        "case_recording::sig_17_sees_a_hearing_and_a_sealing_without_a_recording",
    ),
    "SIG-18": (
        "registers::sig_18_more_inspections_in_a_year_than_the_cap",
        "registers::sig_18_two_agencies_within_a_window_without_a_joint_task",
        "registers::sig_18_a_task_names_its_plan_item_or_trigger",
    ),
    "SIG-19": (
        "hazard_judge::sig_19_closed_by_the_finder_alone",
        "hazard_judge::sig_19_a_re_inspection_that_repeats_the_old_photo_shows_both_states",
        "hazard_judge::sig_19_closed_without_re_inspection_until_it_arrives",
    ),
    "SIG-20": (
        "case_discretion::sig_20_sees_a_fine_outside_its_tier_and_a_second_fine",
        "case_discretion::sig_20_lets_the_end_of_a_tier_and_a_reasoned_departure_pass",
        "case_discretion::sig_20_says_nothing_where_the_benchmark_is_not_known",
    ),
    "SIG-21": (
        "hazard_judge::sig_21_a_violation_that_must_be_penalised",
        "hazard_judge::sig_21_the_list_of_the_authority_makes_a_code_mandatory",
        "case_closing::sig_21_is_silent_where_nothing_was_proved_and_while_nothing_is_decided",
    ),
    "SIG-22": (
        "case_side::sig_22_opens_when_the_days_for_deciding_are_over",
        "case_side::sig_22_prompts_where_casualties_reach_a_threshold_and_nobody_proposed_a_referral",
        "case_side::sig_22_sees_a_reviewers_hint_without_a_referral",
    ),
    "SIG-23": (
        "disclosure_signals::sig_23_stands_from_the_end_of_the_seven_days_until_it_is_published",
        "disclosure_signals::sig_23_is_silent_where_it_was_published_in_time_or_withheld_with_approval",
        "disclosure_signals::sig_23_rests_on_nothing_being_recorded_while_nothing_is",
    ),
    "SIG-24": (
        "registers::sig_24_a_reported_figure_differs_from_the_system_by_one",
        "registers::sig_24_equal_figures_raise_nothing",
        "registers::sig_24_without_figures_of_the_system_nothing_is_said",
    ),
    "SIG-25": (
        "outside_judge::sig_25_an_act_that_only_others_know",
        "outside_judge::sig_25_what_is_recorded_raises_nothing",
        "outside_judge::sig_25_an_act_that_only_others_know",
    ),
    "SIG-26": (
        "case_discretion::sig_26_sees_a_filing_and_a_decision_outside_the_list_of_powers",
        "inspection_signals::sig_26_an_act_outside_the_published_list",
        "case_discretion::sig_26_says_nothing_without_a_list_or_without_a_code",
    ),
    "SIG-27": (
        "day_judge::sig_27_one_officer_in_two_interviews",
        "day_judge::sig_27_the_same_interview_recorded_twice_is_one",
        "day_judge::sig_27_two_records_of_the_same_minute_at_two_places",
    ),
    "SIG-28": (
        "clones::sig_28_findings_in_the_same_words",
        "clones::sig_28_findings_in_the_same_words",
        "clones::sig_28_findings_in_the_same_words",
    ),
    "SIG-29": (
        "case_closing::sig_29_opens_thirty_days_after_the_last_act_and_at_the_end_of_the_period",
        "case_closing::sig_29_does_not_call_a_suspended_case_stalled",
        "case_closing::sig_29_goes_with_the_next_act_and_with_the_decision",
    ),
    "SIG-30": (
        "case_side::sig_30_sees_what_is_wrong_with_a_measure",
        "case_side::sig_30_an_extension_gives_thirty_days_more_once",
        "case_side::sig_30_opens_when_a_measure_should_have_been_lifted",
    ),
    "SIG-31": (
        "outside_judge::sig_31_an_officer_with_a_declared_interest_handles_the_case",
        "outside_judge::sig_31_an_interest_elsewhere_or_at_another_time_raises_nothing",
        "outside_judge::sig_31_without_a_filed_case_nothing_is_said",
    ),
    "SIG-32": (
        "judge_series::many_voids_are_asked_about_and_few_numbers_say_nothing",
        "judge_series::many_voids_are_asked_about_and_few_numbers_say_nothing",
        "judge_series::many_voids_are_asked_about_and_few_numbers_say_nothing",
    ),
}

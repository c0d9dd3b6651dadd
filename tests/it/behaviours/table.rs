//! The table: ids, a few words, tests.

use super::How;
use super::Proof;

/// Every behaviour, in the order of the list.
pub(super) const PROOFS: &[Proof] = &[
    same("B1.1", "a target that is not there", &["refusals::a_missing_profile"]),
    otherwise(
        "B1.2",
        "a schema that is not there",
        &[
            "behaviours::staging::a_schema_of_the_same_name_in_another_database_is_another_one",
            "deploy::from_nothing_to_version_two_and_back",
        ],
    ),
    same("B1.3", "a cluster that is not there", &["behaviours::staging::a_cluster_that_is_missing_is_named"]),
    same(
        "B1.4",
        "a cluster with replicas made by hand",
        &[
            "behaviours::staging::an_unmanaged_cluster_is_named_before_anything_is_made",
            "src::primitives::changes::tests::a_cluster_with_replicas_made_by_hand_is_not_cloned",
        ],
    ),
    same(
        "B1.5",
        "checks come before statements",
        &[
            "behaviours::staging::an_unmanaged_cluster_is_named_before_anything_is_made",
            "src::primitives::changes::tests::what_is_missing_or_not_ours_forbids_it_before_anything_is_created",
        ],
    ),
    same(
        "B1.6",
        "nothing to deploy",
        &[
            "behaviours::staging::a_project_with_nothing_in_it_deploys_nothing",
            "deploy::nothing_changed_means_nothing_done",
        ],
    ),
    same(
        "B2.1",
        "a sink in a schema that is swapped",
        &["sinks::a_sink_in_the_scope_of_a_swap_is_refused_by_name"],
    ),
    same(
        "B2.2",
        "a sink on a cluster that is swapped",
        &["src::primitives::changes::tests::what_others_have_in_scope_forbids_the_swap"],
    ),
    same(
        "B2.3",
        "sinks that stand apart",
        &["sinks::a_new_sink_comes_after_the_swap_and_follows_later_ones"],
    ),
    same("B3.1", "superusers are not asked", &["roles::what_nobody_is_asked_for"]),
    same(
        "B3.2",
        "whose production is",
        &["roles::what_another_deployer_owns_is_neither_swapped_nor_dropped"],
    ),
    same(
        "B3.3",
        "rights on the database",
        &[
            "roles::what_a_deployer_may_not_do_is_told_with_its_remedy",
            "privileges::schemas_are_renamed_and_dropped_with_privileges_on_their_database",
        ],
    ),
    same(
        "B3.4",
        "the right to make clusters",
        &["src::primitives::allowed::every_privilege_that_is_missing_is_told_once_with_its_remedy"],
    ),
    same(
        "B3.5",
        "members of an owner",
        &[
            "roles::what_another_deployer_owns_is_neither_swapped_nor_dropped",
            "src::primitives::allowed::nothing_is_missing_where_nothing_is_checked_and_for_members",
        ],
    ),
    same(
        "B3.6",
        "indexes and grants on what is others'",
        &[
            "privileges::grants_and_comments_on_what_is_not_rebuilt_are_its_owners",
            "carried::who_may_not_give_it_is_told_so_before_anything",
        ],
    ),
    same(
        "B3.7",
        "where nothing is checked",
        &[
            "roles::what_nobody_is_asked_for",
            "src::primitives::allowed::nothing_is_missing_where_nothing_is_checked_and_for_members",
        ],
    ),
    same(
        "B4.1",
        "green is made, then what it is granted",
        &["deploy::grants_comments_and_owners_are_carried"],
    ),
    otherwise(
        "B4.2",
        "something empty under a staging name",
        &[
            "behaviours::staging::what_stands_under_a_staging_name_is_listed_with_the_way_out",
            "cut::what_was_there_before_is_left_too",
        ],
    ),
    same(
        "B4.3",
        "a schema under a staging name",
        &["behaviours::staging::what_stands_under_a_staging_name_is_listed_with_the_way_out"],
    ),
    same(
        "B4.4",
        "a cluster under a staging name",
        &["behaviours::staging::what_stands_under_a_staging_name_is_listed_with_the_way_out"],
    ),
    otherwise(
        "B4.5",
        "taking over what stands there",
        &[
            "behaviours::staging::what_stands_under_a_staging_name_is_listed_with_the_way_out",
            "isolation_object::others::a_staging_name_that_is_taken_is_not_touched",
        ],
    ),
    otherwise(
        "B4.6",
        "whose green it is",
        &[
            "refusals::staging_under_an_id_that_other_content_has",
            "src::primitives::stage::tests::the_same_content_is_gone_on_with",
        ],
    ),
    same(
        "B4.7",
        "its own green is known by records",
        &[
            "cut::what_somebody_has_put_under_its_names_is_not_gone_on_with",
            "cut::what_its_run_has_made_goes_wherever_it_was_cut",
        ],
    ),
    same("B5.1", "grants on schemas", &["behaviours::staging::green_has_exactly_what_blue_has"]),
    same("B5.2", "grants on clusters", &["behaviours::staging::green_has_exactly_what_blue_has"]),
    same(
        "B5.3",
        "default privileges",
        &[
            "behaviours::staging::green_has_exactly_what_blue_has",
            "deploy::grants_comments_and_owners_are_carried",
        ],
    ),
    same(
        "B5.4",
        "grants, comments, owners of objects",
        &[
            "deploy::grants_comments_and_owners_are_carried",
            "metadata::what_is_rebuilt_is_without_what_the_files_no_longer_say",
        ],
    ),
    same(
        "B5.5",
        "options of clusters",
        &[
            "behaviours::staging::a_scheduled_cluster_is_cloned_with_its_schedule_and_without_replicas_of_its_own",
            "deploy::a_cluster_keeps_the_options_of_newer_servers",
        ],
    ),
    same(
        "B5.6",
        "names with capitals",
        &[
            "behaviours::staging::names_with_capitals_and_quotes_are_kept",
            "compare::names_with_quotes_dots_and_capitals",
        ],
    ),
    same(
        "B5.7",
        "a cluster without replicas",
        &["behaviours::staging::a_cluster_without_replicas_is_cloned_as_it_is_and_that_is_told"],
    ),
    same(
        "B6.1",
        "green reads green",
        &[
            "deploy::a_reader_never_sees_a_mixture_or_a_missing_name",
            "properties::meaning::rewriting_changes_references_and_nothing_else",
        ],
    ),
    same(
        "B6.2",
        "what is not rebuilt",
        &[
            "sinks::a_sink_in_the_scope_of_a_swap_is_refused_by_name",
            "src::primitives::changes::tests::what_others_have_in_scope_forbids_the_swap",
        ],
    ),
    same("B6.3", "a model without a cluster", &["format::cases_of_the_first_quarter"]),
    otherwise(
        "B7.1",
        "one look at everything",
        &[
            "refusals::readiness_goes_with_the_clock_of_the_server",
            "src::primitives::readiness::tests::lag_over_the_limit",
        ],
    ),
    same(
        "B7.2",
        "failing, hydrating, lagging, ready",
        &[
            "src::primitives::readiness::tests::a_crash_loop_is_failing_and_one_bad_replica_of_two_is_left_out",
            "src::primitives::readiness::tests::lag_over_the_limit",
        ],
    ),
    same(
        "B7.3",
        "nothing to wait for",
        &["src::primitives::readiness::tests::views_do_not_count_and_an_empty_deployment_is_ready"],
    ),
    same(
        "B7.4",
        "not reported is not ready",
        &["src::primitives::readiness::tests::what_no_replica_has_reported_is_hydrating"],
    ),
    same("B7.5", "no lag is not zero", &["src::primitives::readiness::tests::unknown_lag_is_not_zero"]),
    same(
        "B7.6",
        "one replica has everything",
        &["src::primitives::readiness::tests::every_replica_needs_everything"],
    ),
    same(
        "B7.7",
        "what somebody dropped",
        &[
            "src::primitives::readiness::tests::an_object_that_somebody_dropped_is_failing",
            "behaviours::promoting::what_somebody_drops_of_green_fails_the_wait_and_the_promotion",
        ],
    ),
    same(
        "B7.8",
        "waiting has an end",
        &["refusals::waiting_in_vain_has_an_end", "refusals::a_replica_that_crashes_again_and_again"],
    ),
    same(
        "B7.9",
        "a scheduled cluster that is off",
        &["src::primitives::readiness::tests::a_scheduled_cluster_counts_by_its_last_refresh"],
    ),
    same("B7.10", "a wait that is stopped", &["interrupts::wait_as_a_command_of_its_own"]),
    same(
        "B8.1",
        "what is missing at the promotion",
        &["behaviours::promoting::what_somebody_drops_of_green_fails_the_wait_and_the_promotion"],
    ),
    same("B8.2", "readiness is asked for", &["refusals::a_deployment_that_is_not_ready_in_time"]),
    same(
        "B8.3",
        "ids, not names",
        &[
            "conflicts::what_was_changed_since_staging_is_found_and_told",
            "src::primitives::exchange::tests::green_that_somebody_touched_is_found",
        ],
    ),
    same(
        "B8.4",
        "what others read is told before",
        &["foreign::what_others_have_over_the_replaced_version_keeps_all_of_it_until_it_is_gone"],
    ),
    same(
        "B9.1",
        "everything in one transaction",
        &[
            "behaviours::promoting::schemas_of_several_databases_and_several_clusters_change_places_at_once",
            "mishaps::the_server_refuses_the_swap",
        ],
    ),
    same(
        "B9.2",
        "where ids are afterwards",
        &["src::primitives::exchange::tests::after_the_swap_the_way_back_is_open_and_a_second_swap_is_not"],
    ),
    same(
        "B9.3",
        "never twice",
        &["commits::the_connection_breaks_after_commit_took_effect", "refusals::promoting_twice"],
    ),
    same(
        "B9.4",
        "conflicts are tried again",
        &["commits::others_change_the_catalog_meanwhile", "mishaps::others_never_stop_changing_the_catalog"],
    ),
    same(
        "B9.5",
        "a COMMIT that rolls back",
        &[
            "mishaps::a_commit_that_only_rolls_back_counts_as_an_attempt",
            "mishaps::a_commit_that_rolls_back_for_ever_has_an_end",
        ],
    ),
    same(
        "B9.6",
        "a rehearsal shows everything",
        &["rehearsal::a_change", "rehearsal::the_parts_one_at_a_time"],
    ),
    same("B9.7", "a swap that cannot work", &["mishaps::a_swap_that_cannot_work_is_known_when_staging"]),
    same("B10.1", "sinks follow", &["sinks::a_new_sink_comes_after_the_swap_and_follows_later_ones"]),
    same("B10.2", "sinks of anybody", &["sinks::a_sink_of_others_follows_too"]),
    same(
        "B10.3",
        "a sink without a successor",
        &["sinks::a_sink_whose_relation_goes_is_refused_before_anything"],
    ),
    same(
        "B10.4",
        "a sink that does not answer",
        &[
            "aftermath::a_sink_that_never_answers_is_given_up",
            "mishaps::a_sink_that_does_not_follow_is_cut_over_later",
        ],
    ),
    same(
        "B10.5",
        "a sink of another owner",
        &["sinks::a_sink_of_another_owner_is_named_before_the_swap_and_can_be_left"],
    ),
    same(
        "B10.6",
        "a sink that stalls",
        &["sinks::a_sink_that_stalls_once_it_was_altered_is_told_with_the_servers_text"],
    ),
    same("B10.7", "a rehearsal tells sinks", &["rehearsal::a_sink_and_what_is_said_of_objects_that_stay"]),
    same(
        "B11.1",
        "the tag of a schema",
        &["behaviours::promoting::the_tag_says_who_and_when_keeps_what_a_person_wrote_and_fails_nothing"],
    ),
    same(
        "B11.2",
        "a tag without git",
        &["behaviours::promoting::the_tag_says_who_and_when_keeps_what_a_person_wrote_and_fails_nothing"],
    ),
    same(
        "B11.3",
        "the tag goes along",
        &["behaviours::promoting::the_tag_says_who_and_when_keeps_what_a_person_wrote_and_fails_nothing"],
    ),
    same(
        "B12.1",
        "cleaning up twice",
        &[
            "behaviours::promoting::a_second_cleanup_finds_nothing_and_what_is_not_promoted_is_not_retired",
            "src::primitives::drop::tests::what_is_not_there_is_not_dropped",
        ],
    ),
    same(
        "B12.2",
        "no CASCADE",
        &["foreign::what_others_have_over_the_replaced_version_keeps_all_of_it_until_it_is_gone"],
    ),
    same(
        "B12.3",
        "nothing that is not recorded",
        &[
            "behaviours::promoting::a_second_cleanup_finds_nothing_and_what_is_not_promoted_is_not_retired",
            "src::primitives::drop::tests::a_name_that_holds_another_id_is_not_dropped",
        ],
    ),
    same(
        "B12.4",
        "a sink that still reads",
        &["sinks::a_sink_of_another_owner_is_named_before_the_swap_and_can_be_left"],
    ),
    same(
        "B12.5",
        "a SUBSCRIBE that still reads",
        &[
            "subscribes::a_promotion_tells_them_and_what_they_read_stays_until_somebody_ends_them",
            "subscribes::it_is_waited_for_until_they_have_ended_or_the_time_is_over",
        ],
    ),
    otherwise(
        "B13.1",
        "a cluster for a branch",
        &[
            "refusals::an_id_that_was_aborted_can_be_used_again",
            "refusals::staging_under_an_id_that_other_content_has",
        ],
    ),
    otherwise(
        "B13.2",
        "what may stand together",
        &["format::cases_of_the_second_quarter", "sinks::a_sink_in_the_scope_of_a_swap_is_refused_by_name"],
    ),
    same(
        "C1.1",
        "setting up again",
        &[
            "roles::setup_is_for_superusers_and_makes_the_roles_with_what_they_need",
            "mishaps::nothing_was_deployed_yet",
        ],
    ),
    same(
        "C1.2",
        "who may set up",
        &["roles::setup_is_for_superusers_and_makes_the_roles_with_what_they_need"],
    ),
    same("C1.3", "the three roles", &["roles::every_command_by_every_role"]),
    same(
        "C1.4",
        "a tracking database of others",
        &["roles::a_tracking_database_of_another_role_is_not_completed"],
    ),
    same(
        "C1.5",
        "no cluster of its own",
        &[
            "deploy::an_environment_need_not_have_the_default_cluster",
            "connecting::a_session_outlives_its_cluster",
        ],
    ),
    same(
        "C1.6",
        "schemas by id",
        &["behaviours::staging::a_schema_of_the_same_name_in_another_database_is_another_one"],
    ),
    same(
        "C2.1",
        "git and ids",
        &[
            "mishaps::uncommitted_changes_are_not_deployed_unasked",
            "embedded::two_versions_of_one_commit_and_back",
            "src::deployment::ids_are_plain_words",
        ],
    ),
    same("C2.2", "an id that is in use", &["refusals::staging_under_an_id_that_other_content_has"]),
    same(
        "C2.3",
        "only what changed",
        &[
            "src::primitives::changes::tests::the_same_project_again_is_no_change_however_it_is_formatted",
            "src::primitives::changes::tests::a_change_in_the_middle",
            "deploy::nothing_changed_means_nothing_done",
        ],
    ),
    same(
        "C2.4",
        "why something is rebuilt",
        &["src::primitives::changes::tests::a_change_in_the_middle", "rehearsal::a_change"],
    ),
    same(
        "C2.5",
        "what is not staged",
        &[
            "src::primitives::changes::tests::what_is_missing_or_not_ours_forbids_it_before_anything_is_created",
        ],
    ),
    otherwise(
        "C2.6",
        "schemas that are new",
        &[
            "src::primitives::exchange::tests::a_new_schema_moves_in_and_out_by_a_rename",
            "src::primitives::changes::tests::a_first_deployment_clones_no_cluster_and_moves_new_schemas_into_place",
            "behaviours::staging::a_cluster_that_is_missing_is_named",
        ],
    ),
    otherwise(
        "C2.7",
        "an object that the server refuses",
        &[
            "refusals::a_model_that_the_server_rejects",
            "refusals::the_same_run_goes_on_when_the_file_is_mended",
            "src::primitives::drop::tests::abort_claims_green_and_drops_it_leaves_first",
        ],
    ),
    same(
        "C2.8",
        "all options of clusters",
        &[
            "behaviours::staging::a_scheduled_cluster_is_cloned_with_its_schedule_and_without_replicas_of_its_own",
        ],
    ),
    same(
        "C2.9",
        "what was cut is listed and goes",
        &["listing::one_whose_run_has_died", "cut::what_its_run_has_made_goes_wherever_it_was_cut"],
    ),
    same(
        "C2.10",
        "indexes on what stays",
        &["src::primitives::changes::tests::an_index_of_a_table_on_a_cloned_cluster_gets_a_copy_of_its_own"],
    ),
    same("C2.11", "a rehearsal", &["rehearsal::a_first_deployment", "rehearsal::the_parts_one_at_a_time"]),
    same(
        "C2.12",
        "two at once",
        &[
            "isolation_object::others::two_deployments_side_by_side_in_one_schema",
            "behaviours::staging::ids_that_look_like_each_other_are_two",
        ],
    ),
    same(
        "C2.13",
        "what the project drops",
        &[
            "behaviours::promoting::a_view_and_a_whole_schema_that_the_project_drops_go_with_the_promotion",
            "src::primitives::changes::tests::what_others_read_is_not_removed",
        ],
    ),
    same("C2.14", "grants alone", &["metadata::what_files_say_comes_and_goes_and_nothing_is_rebuilt"]),
    same(
        "C2.15",
        "new in a stable schema",
        &["stable::what_is_new_comes_and_what_goes_is_gone_unless_others_read_it"],
    ),
    same(
        "C3.1",
        "waiting",
        &["refusals::readiness_goes_with_the_clock_of_the_server", "refusals::waiting_in_vain_has_an_end"],
    ),
    same(
        "C3.2",
        "what cannot be waited for",
        &[
            "refusals::promoting_what_nobody_staged",
            "behaviours::promoting::a_wait_for_what_is_production_says_so",
        ],
    ),
    same("C3.3", "ids that look alike", &["behaviours::staging::ids_that_look_like_each_other_are_two"]),
    same(
        "C3.4",
        "clusters that are gone",
        &[
            "behaviours::promoting::what_somebody_drops_of_green_fails_the_wait_and_the_promotion",
            "src::primitives::readiness::tests::views_do_not_count_and_an_empty_deployment_is_ready",
        ],
    ),
    same(
        "C3.5",
        "what ready means",
        &[
            "src::primitives::readiness::tests::what_no_replica_has_reported_is_hydrating",
            "src::primitives::readiness::tests::unknown_lag_is_not_zero",
            "src::primitives::readiness::tests::every_replica_needs_everything",
        ],
    ),
    same("C3.6", "a wait and its connection", &["behaviours::promoting::a_wait_outlives_its_connection"]),
    same(
        "C4.1",
        "what --force skips",
        &[
            "src::primitives::exchange::tests::force_skips_the_conflict_check_and_nothing_else",
            "refusals::promoting_twice",
            "refusals::promoting_what_nobody_staged",
        ],
    ),
    same(
        "C4.2",
        "somebody promoted meanwhile",
        &[
            "refusals::promoting_after_somebody_else_did",
            "conflicts::whoever_changes_it_during_the_swap_is_noticed_at_every_point",
        ],
    ),
    same(
        "C4.3",
        "two promotions at once",
        &[
            "crash_matrix::killed::of_two_deployments_that_race_for_a_schema_one_wins",
            "isolation_object::others::two_deployments_side_by_side_in_one_schema",
        ],
    ),
    same(
        "C4.4",
        "going on wherever it was cut",
        &[
            "crash_matrix::blue_green_dies_anywhere",
            "commits::a_killed_process_after_commit_is_found_to_have_swapped",
        ],
    ),
    same(
        "C4.5",
        "the state is the marker's",
        &["src::deployment::epoch::the_marker_tells_which_intents_were_carried_out"],
    ),
    same(
        "C4.6",
        "two processes, one run",
        &["mishaps::another_process_takes_the_run_over", "commits::two_promotions_of_one_deployment_at_once"],
    ),
    same(
        "C4.7",
        "the way back",
        &[
            "rollback::what_a_promotion_changed_in_place_goes_back_too",
            "crash_matrix::killed::a_rollback_after_a_later_swap_is_refused_with_the_reason",
        ],
    ),
    same(
        "C4.8",
        "a part of green is missing",
        &["behaviours::promoting::what_somebody_drops_of_green_fails_the_wait_and_the_promotion"],
    ),
    same(
        "C4.9",
        "a sink that is defined otherwise",
        &["sinks::a_sink_that_is_defined_otherwise_is_told_and_made_anew_when_asked"],
    ),
    same(
        "C4.10",
        "new sinks",
        &[
            "sinks::a_new_sink_comes_after_the_swap_and_follows_later_ones",
            "aftermath::a_new_sink_that_the_server_refuses_is_made_later",
        ],
    ),
    same(
        "C4.11",
        "replaced in place",
        &[
            "stable::a_change_is_replaced_in_place_and_readers_stay",
            "stable::readiness_covers_what_replaces",
            "stable::another_shape_is_told_when_staging_with_the_way_out",
        ],
    ),
    same(
        "C4.12",
        "names are records",
        &[
            "src::deployment::staged_names_never_end_in_the_id",
            "behaviours::staging::ids_that_look_like_each_other_are_two",
        ],
    ),
    same(
        "C4.13",
        "a rehearsal of the promotion",
        &["rehearsal::the_parts_one_at_a_time", "rehearsal::an_exit_code_tells_whether_there_are_changes"],
    ),
    same(
        "C4.14",
        "a drop that fails counts",
        &[
            "mishaps::others_keep_the_old_version_from_being_dropped",
            "mishaps::a_drop_is_refused_and_goes_on",
        ],
    ),
    same(
        "C4.15",
        "nothing of others is dropped",
        &["foreign::what_others_have_over_the_replaced_version_keeps_all_of_it_until_it_is_gone"],
    ),
    same(
        "C5.1",
        "what can be aborted",
        &[
            "src::primitives::drop::tests::a_state_that_has_nothing_to_drop_says_why",
            "mishaps::a_drop_is_refused_and_goes_on",
        ],
    ),
    same(
        "C5.2",
        "what an abort drops",
        &[
            "behaviours::staging::ids_that_look_like_each_other_are_two",
            "foreign::what_mz_deploy_has_staged_is_left_alone",
        ],
    ),
    otherwise(
        "C5.3",
        "others over green",
        &["foreign::what_others_have_over_what_is_staged_keeps_it_from_being_dropped"],
    ),
    same(
        "C5.4",
        "an abort and a promotion at once",
        &[
            "src::primitives::drop::tests::a_name_that_was_taken_over_after_the_claim_was_planned_stops_it",
            "crash_matrix::blue_green_dies_anywhere",
        ],
    ),
    same(
        "C6.1",
        "the list",
        &["listing::one_whose_run_has_died", "listing::one_that_the_server_has_refused"],
    ),
    same("C6.2", "the log", &["deploy::from_nothing_to_version_two_and_back"]),
    same(
        "C6.3",
        "one of them",
        &[
            "isolation_object::listing_and_describing_tell_where_green_stands",
            "refusals::promoting_what_nobody_staged",
        ],
    ),
    same(
        "C7.1",
        "what an overlay holds",
        &[
            "dev::it_holds_what_differs_and_what_reads_that",
            "live_overlay::what_is_saved_and_in_no_overlay_is_told",
        ],
    ),
    same("C7.2", "an overlay and production's clusters", &["dev::what_is_refused_has_changed_nothing"]),
    same(
        "C7.3",
        "an overlay goes",
        &[
            "dev::it_goes_when_it_is_told_to",
            "dev::a_rehearsal_tells_the_statements_and_sends_none",
            "dev::who_may_not_make_databases_is_told_the_grant",
        ],
    ),
    same(
        "C7.4",
        "what differs from the last build",
        &["dev::the_next_build_touches_what_differs_from_the_last"],
    ),
    same(
        "C7.5",
        "two developers",
        &[
            "dev::two_projects_over_one_database_leave_each_other_alone",
            "dev::two_developers_do_not_see_each_other",
        ],
    ),
    same("C7.6", "others in an overlay", &["dev::what_another_role_made_in_it_stays"]),
    same("C7.7", "where an overlay runs", &["dev::it_holds_what_differs_and_what_reads_that"]),
    same(
        "C8.1",
        "deleting one thing",
        &[
            "delete::nothing_is_deleted_unasked_or_unknown",
            "delete::what_others_read_stays_and_so_does_its_file",
        ],
    ),
    same("C8.2", "what depends on it", &["delete::what_others_read_stays_and_so_does_its_file"]),
    same("C8.3", "what is gone already", &["delete::of_what_is_gone_already_the_file_is_removed"]),
    same("M1", "readers by name", &["deploy::a_reader_never_sees_a_mixture_or_a_missing_name"]),
    same(
        "M2",
        "several clusters",
        &["behaviours::promoting::schemas_of_several_databases_and_several_clusters_change_places_at_once"],
    ),
    same(
        "M3",
        "several databases",
        &["behaviours::promoting::schemas_of_several_databases_and_several_clusters_change_places_at_once"],
    ),
    same("M4", "sources stay", &["deploy::from_nothing_to_version_two_and_back"]),
    same(
        "M5",
        "renames and swaps together",
        &[
            "src::primitives::exchange::tests::an_index_on_a_relation_that_stays_changes_names_by_way_of_a_third",
            "isolation_object::every_statement_is_one_that_is_needed",
        ],
    ),
    same("M6", "a wrong name in the middle", &["mishaps::a_swap_that_cannot_work_is_known_when_staging"]),
    same("M7", "names in the way", &["isolation_object::traps::each_trap_is_found_before_anything_is_made"]),
    same(
        "M8",
        "others change the catalog",
        &["commits::others_change_the_catalog_meanwhile", "mishaps::others_never_stop_changing_the_catalog"],
    ),
    same(
        "M9",
        "few read green",
        &[
            "canary::few_read_it_first_and_then_everybody_and_nobody_ever_fails",
            "shift::new_sessions_read_green_and_open_ones_blue",
        ],
    ),
    same(
        "M10",
        "what a canary's role may read",
        &["shift::what_cannot_be_read_there_is_told_before_anything_is_set"],
    ),
    same(
        "M11",
        "roles are put back",
        &["shift::whoever_swaps_or_drops_puts_roles_back_first", "shift::what_others_set_meanwhile_stays"],
    ),
    same(
        "M12",
        "compared at one moment",
        &[
            "compare::rows_that_differ_are_counted_by_key_or_as_they_are",
            "canary::without_an_allowance_any_difference_ends_it",
        ],
    ),
    same("M13", "held at any step", &["approvals::a_run_is_paused_and_goes_on_when_somebody_has_agreed"]),
    same("M14", "dropping the old version", &["deploy::the_old_version_is_gone_afterwards"]),
    same(
        "M15",
        "SUBSCRIBEs at the promotion",
        &[
            "subscribes::a_promotion_tells_them_and_what_they_read_stays_until_somebody_ends_them",
            "subscribes::the_parts_one_at_a_time_do_the_same",
        ],
    ),
    same(
        "M16",
        "readers in transactions",
        &["behaviours::promoting::a_reader_that_is_within_a_transaction_keeps_nobody_from_promoting"],
    ),
    otherwise(
        "M17",
        "columns that change",
        &["compare::columns_that_differ_are_told_and_the_others_compared"],
    ),
    same("X1", "before the first record", &["crash_matrix::blue_green_dies_anywhere"]),
    same("X2", "behind the intent", &["crash_matrix::blue_green_dies_anywhere"]),
    same("X3", "behind each CREATE", &["crash_matrix::blue_green_dies_anywhere"]),
    same("X4", "while it waits", &["crash_matrix::blue_green_dies_anywhere", "interrupts::while_hydrating"]),
    same("X5", "before the transaction", &["crash_matrix::blue_green_dies_anywhere"]),
    same("X6", "within it", &["crash_matrix::blue_green_dies_anywhere"]),
    same(
        "X7",
        "COMMIT without an answer",
        &[
            "crash_matrix::blue_green_dies_anywhere",
            "commits::the_connection_breaks_before_commit_arrives",
            "commits::the_connection_breaks_after_commit_took_effect",
        ],
    ),
    same(
        "X8",
        "behind COMMIT",
        &[
            "crash_matrix::blue_green_dies_anywhere",
            "commits::a_killed_process_after_commit_is_found_to_have_swapped",
        ],
    ),
    same(
        "X9",
        "between two sinks",
        &[
            "crash_matrix::blue_green_dies_anywhere",
            "aftermath::ctrl_c_while_a_sink_waits_for_what_it_is_to_read",
        ],
    ),
    same(
        "X10",
        "within a sink",
        &["crash_matrix::blue_green_dies_anywhere", "aftermath::a_sink_that_never_answers_is_given_up"],
    ),
    same("X11", "before the tag", &["crash_matrix::blue_green_dies_anywhere"]),
    same(
        "X12",
        "within a retirement",
        &["crash_matrix::blue_green_dies_anywhere", "mishaps::a_drop_is_refused_and_goes_on"],
    ),
    same(
        "X13",
        "within an abort",
        &[
            "crash_matrix::blue_green_dies_anywhere",
            "crash_matrix::killed::a_process_that_is_killed_leaves_nothing_that_cannot_be_aborted",
        ],
    ),
    same(
        "X14",
        "within a rollback",
        &[
            "crash_matrix::blue_green_dies_anywhere",
            "isolation_object::deaths::a_rollback_that_is_killed_is_finished_by_another",
            "rollback::it_goes_back_as_well_where_the_promotion_was_cut_in_between",
        ],
    ),
    same(
        "X15",
        "the marker tells",
        &[
            "commits::the_connection_breaks_after_commit_took_effect",
            "src::deployment::epoch::the_marker_tells_which_intents_were_carried_out",
        ],
    ),
    same(
        "X16",
        "two machines, one run",
        &[
            "crash_matrix::killed::two_runs_of_one_deployment_at_once_swap_once",
            "mishaps::another_process_takes_the_run_over",
        ],
    ),
    same("X17", "another time on this machine", &["refusals::readiness_goes_with_the_clock_of_the_server"]),
];

/// One that is done as it is asked.
const fn same(id: &'static str, about: &'static str, tests: &'static [&'static str]) -> Proof {
    Proof { id, about, how: How::Same, tests }
}

/// One instead of which something else is done.
const fn otherwise(id: &'static str, about: &'static str, tests: &'static [&'static str]) -> Proof {
    Proof { id, about, how: How::Otherwise, tests }
}

//! The acceptance cases that are about more than compiling a project, and where they are tested.

/// Number, file, and words of the test there.
pub(super) const CASES: &[(usize, &str, &str)] = &[
    (45, "src/sql/references.rs", "FROM t AS OF now()"),
    (52, "tests/it/unit_tests.rs", "missing_unexpected_and_repeated_rows_are_shown"),
    (53, "tests/it/unit_tests.rs", "filters_choose_and_nothing_to_test_is_no_failure"),
    (53, "tests/it/unit_tests.rs", "a_wrong_test_is_told_and_stops_no_deployment"),
    (54, "tests/it/check.rs", "what_is_outside_is_read_there_or_in_the_lock"),
    (55, "tests/it/foreign.rs", "what_mz_deploy_has_staged_is_left_alone"),
];

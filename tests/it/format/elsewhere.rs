//! The acceptance cases that are about more than compiling a project, and where they are tested.

/// Where a case is tested.
pub(super) enum Where {
    /// In a file, by a test in which these words stand.
    Test(&'static str, &'static str),
    /// With what is not about compiling: a verb or a file of its own.
    With(&'static str),
}

/// The cases by their number.
pub(super) const CASES: &[(usize, Where)] = &[
    (45, Where::Test("src/sql/references.rs", "FROM t AS OF now()")),
    (52, Where::With("`mzflow test`")),
    (53, Where::With("`mzflow test`")),
    (54, Where::With("`types.lock`")),
    (55, Where::Test("tests/it/foreign.rs", "what_mz_deploy_has_staged_is_left_alone")),
];

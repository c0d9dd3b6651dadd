//! What people and programs are told of roles that read a deployment.

use serde_json::Value;
use serde_json::json;

use super::ui::counted;
use crate::deployment::DeploymentId;
use crate::event::RoleShift;

/// Who reads a deployment now: the first line of each role belongs behind a label.
pub(crate) fn shifted(deployment: &DeploymentId, roles: &[RoleShift]) -> Vec<String> {
    let mut lines = Vec::new();
    for one in roles {
        let cluster = one.cluster.as_ref().map(|cluster| format!(", cluster {cluster}"));
        let open = match one.open_sessions {
            0 => String::new(),
            1 => " · 1 open session reads production until it connects again".to_owned(),
            many => format!(" · {many} open sessions read production until they connect again"),
        };
        let (role, path) = (&one.role, &one.search_path);
        let cluster = cluster.unwrap_or_default();
        lines.push(format!("role {role} reads {deployment} · search_path {path}{cluster}{open}"));
    }
    lines
}

/// Who reads production again.
pub(crate) fn unshifted(roles: &[String]) -> String {
    match roles {
        [one] => format!("role {one} reads production again"),
        many => format!("{} read production again: {}", counted(many.len(), "role"), many.join(", ")),
    }
}

/// Roles that read a deployment, for programs.
pub(crate) fn json(roles: &[RoleShift]) -> Vec<Value> {
    let one = |one: &RoleShift| {
        json!({
            "role": one.role,
            "search_path": one.search_path,
            "cluster": one.cluster,
            "open_sessions": one.open_sessions,
        })
    };
    roles.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn one_line_a_role() {
        let id = "77b01de".parse().expect("an id");
        let role = |role: &str, open_sessions| RoleShift {
            role: role.to_owned(),
            search_path: "core__77b01de__mzf, public".to_owned(),
            cluster: (open_sessions == 1).then(|| "serving__77b01de__mzf".to_owned()),
            open_sessions,
        };
        expect![[r#"
            role a reads 77b01de · search_path core__77b01de__mzf, public
            role b reads 77b01de · search_path core__77b01de__mzf, public, cluster serving__77b01de__mzf · 1 open session reads production until it connects again
            role c reads 77b01de · search_path core__77b01de__mzf, public · 2 open sessions read production until they connect again"#]]
        .assert_eq(&shifted(&id, &[role("a", 0), role("b", 1), role("c", 2)]).join("\n"));
        assert_eq!(unshifted(&["a".to_owned()]), "role a reads production again");
        let two = ["a".to_owned(), "b".to_owned()];
        assert_eq!(unshifted(&two), "2 roles read production again: a, b");
    }
}

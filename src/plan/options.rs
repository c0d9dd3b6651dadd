//! The options of a cluster: as they are sent, and what people are told of them.

/// The options of a cluster, as they stand between parentheses.
pub(super) fn sql(options: &[(String, String)]) -> String {
    let one = |(name, value): &(String, String)| match value.as_str() {
        "" => name.clone(),
        value => format!("{name} = {value}"),
    };
    options.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The options of a cluster that is made, as they stand behind its name.
pub(super) fn of_new(options: &[(String, String)]) -> String {
    let is_behind = |(name, _): &&(String, String)| name == "FEATURES";
    let inside: Vec<(String, String)> = options.iter().filter(|option| !is_behind(option)).cloned().collect();
    let behind = options.iter().filter(is_behind).map(|(name, value)| format!(" {name} {value}"));
    format!("({}){}", sql(&inside), behind.collect::<String>())
}

/// How large it is, as it stands behind its name; nothing where its replicas are made by hand.
pub(super) fn size(options: &[(String, String)]) -> String {
    let size = options.iter().find(|(name, _)| name.eq_ignore_ascii_case("size"));
    size.map_or_else(String::new, |(_, size)| format!(" ({})", size.trim_matches('\'')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_told_with_its_size() {
        let options = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(size(&options("SIZE", "'25cc'")), " (25cc)");
        assert_eq!(size(&options("REPLICAS", "()")), "");
        assert_eq!(sql(&options("SIZE", "'25cc'")), "SIZE = '25cc'");
        assert_eq!(sql(&options("MANAGED", "")), "MANAGED");
    }

    #[test]
    fn features_stand_behind_the_options() {
        let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let options = [option("FEATURES", "(ENABLE X = true)"), option("SIZE", "'25cc'")];
        assert_eq!(of_new(&options), "(SIZE = '25cc') FEATURES (ENABLE X = true)");
        assert_eq!(of_new(&options[1..]), "(SIZE = '25cc')");
    }
}

//! The options of a cluster: as they are sent, and what people are told of them.

/// The options of a cluster, as they stand between parentheses.
pub(super) fn sql(options: &[(String, String)]) -> String {
    options.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
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
    }
}

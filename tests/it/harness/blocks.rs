//! Blocks of a page that are whole files: Lua that begins with its path as a comment, and JSON behind a
//! line that ends in its path.

/// The files, each with its path.
pub(crate) fn files(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    let mut before = "";
    while let Some(line) = lines.next() {
        if line == "```lua" || line == "```json" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let path = match block.first().and_then(|first| first.strip_prefix("-- ")) {
                Some(path) if path.ends_with(".lua") => Some(path),
                _ => before.strip_suffix("`:").and_then(|before| before.rsplit('`').next()),
            };
            let text = block.iter().flat_map(|line| [*line, "\n"]).collect();
            found.extend(path.map(|path| (path.to_owned(), text)));
        } else if !line.is_empty() {
            before = line;
        }
    }
    found
}

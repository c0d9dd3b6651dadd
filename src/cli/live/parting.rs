//! What takes the overlay away again, as a person would type it. Start reading at [`removal`].

use super::Request;
use crate::cli::app::App;
use crate::cli::place;
use crate::cli::typed;

/// The command that removes this overlay, and no other one.
pub(crate) fn removal(app: &App, request: &Request) -> String {
    let name = request.overlay.as_str();
    // Named after the profile, it has the same name for the next command.
    let name = (place::profile(&app.global).as_deref() != Some(name)).then_some(name);
    typed::here(&command(request.cluster.0.as_str(), name))
}

fn command(cluster: &str, name: Option<&str>) -> String {
    let name = name.map(|name| format!(" --name {}", typed::quoted(name))).unwrap_or_default();
    format!("mzflow dev {} --down{name}", typed::quoted(cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_cluster_and_the_overlay() {
        assert_eq!(command("dev", None), "mzflow dev dev --down");
        assert_eq!(command("dev", Some("alice")), "mzflow dev dev --down --name alice");
        assert_eq!(command("dev", Some("it's me")), r"mzflow dev dev --down --name 'it'\''s me'");
        assert_eq!(command("my cluster", None), "mzflow dev 'my cluster' --down");
    }
}

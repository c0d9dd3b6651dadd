//! What takes the overlay away again, as a person would type it. Start reading at [`removal`].

use std::path::Path;

use super::Request;
use crate::cli::app::App;
use crate::cli::carried;
use crate::cli::place;

/// The command that removes this overlay, and no other one.
pub(crate) fn removal(app: &App, request: &Request) -> String {
    let name = request.overlay.as_str();
    // Named after the profile, it has the same name for the next command.
    let name = (place::profile(&app.global).as_deref() != Some(name)).then_some(name);
    carried::on(&command(request.cluster.0.as_str(), name, app.project()))
}

fn command(cluster: &str, name: Option<&str>, project: &Path) -> String {
    let name = name.map(|name| format!(" --name {}", carried::quoted(name)));
    let is_elsewhere = project != Path::new(".");
    let project =
        is_elsewhere.then(|| format!(" --project {}", carried::quoted(&project.display().to_string())));
    let options: String = [name, project].into_iter().flatten().collect();
    format!("mzflow dev {} --down{options}", carried::quoted(cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_overlay_and_the_project() {
        let told = |name, project: &str| command("dev", name, Path::new(project));
        assert_eq!(told(None, "."), "mzflow dev dev --down");
        assert_eq!(told(Some("alice"), "."), "mzflow dev dev --down --name alice");
        let odd = r"mzflow dev dev --down --name 'it'\''s me' --project shop";
        assert_eq!(told(Some("it's me"), "shop"), odd);
        assert_eq!(command("my cluster", None, Path::new(".")), "mzflow dev 'my cluster' --down");
    }
}

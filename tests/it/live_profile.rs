//! `mzflow dev --watch`: the file that names the environment is another, wrong, or leads elsewhere.

use crate::harness::World;
use crate::harness::watching::Bridge;
use crate::harness::watching::Staying;

/// A project whose own `dev_overlay` tells what it was given: what is tried with it is the watching.
const TELLING: &str = "\
-- file: shop/project.toml
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
-- file: shop/recipes/dev_overlay.lua
-- dev_overlay: tells what it was given.
return mz.recipe {
  api = 1, name = 'dev_overlay', summary = 'Tell what it was given.',
  args = { cluster = { help = 'where' }, name = { help = 'what' }, downstream = { help = 'how much' },
    down = { type = 'boolean', help = 'whether it goes' } },
  run = function(ctx)
    local project = mz.compile {}
    mz.setup {}
    local names = {}
    for _, object in ipairs(project.objects) do names[#names + 1] = object.object end
    table.sort(names)
    mz.log('built: ' .. table.concat(names, ' '))
    return ctx.done('told')
  end,
}
";

const WATCH: [&str; 11] = [
    "dev",
    "dev",
    "--name",
    "alice",
    "--watch",
    "--project",
    "shop",
    "--profile",
    "alice",
    "--profiles-dir",
    "elsewhere",
];

fn profile(address: std::net::SocketAddr) -> String {
    let (host, port) = (address.ip(), address.port());
    format!("[alice]\nhost = \"{host}\"\nport = {port}\nusername = \"materialize\"\nsslmode = \"disable\"\n")
}

fn write(world: &World, text: &str) {
    world.write(&format!("-- file: elsewhere/profiles.toml\n{text}"));
}

fn save(world: &World, name: &str) {
    world
        .write(&format!("-- file: shop/models/shop/core/{name}.sql\nCREATE VIEW {name} AS SELECT 1 AS a;\n"));
}

fn watch(world: &World) -> Staying {
    world.write(TELLING);
    write(world, &profile(world.address()));
    let watching = Staying::start(world, "watch", None, &WATCH);
    watching.until(world, "ready ", 1);
    watching
}

/// How many rows of a kind the journal of an environment has; none where it has no journal.
fn rows(world: &World, kind: &str) -> String {
    let sql = format!("SELECT count(*) FROM _mzflow.public.journal WHERE kind = '{kind}'");
    world.try_sql(&sql).map_or_else(|_| "none".to_owned(), |rows| rows[0].join(" "))
}

#[test]
fn what_is_saved_while_nothing_can_be_begun_is_built_then() {
    let world = World::new();
    let watching = watch(&world);
    write(&world, "host = ");
    watching.until(&world, "[profile.", 1);
    save(&world, "first");
    watching.until(&world, "[profile.", 2);
    save(&world, "second");
    watching.until(&world, "[profile.", 3);
    write(&world, &profile(world.address()));
    watching.until(&world, "built: first orders second", 1);
    // It is the same environment again, and so the same run.
    assert_eq!(rows(&world, "run.started"), "1");
}

#[test]
fn a_profile_that_leads_elsewhere_is_followed() {
    let (world, other) = (World::new(), World::new());
    let watching = watch(&world);
    assert_eq!(
        (rows(&world, "run.started"), rows(&other, "run.started")),
        ("1".to_owned(), "none".to_owned())
    );
    write(&world, &profile(other.address()));
    watching.until(&world, "ready ", 2);
    watching.until(&world, &other.address().to_string(), 1);
    // A run of its own there, which says who watches; that of the environment that was left is over.
    assert_eq!((rows(&other, "run.started"), rows(&other, "watch.began")), ("1".to_owned(), "1".to_owned()));
    assert_eq!(
        (rows(&world, "run.finished"), rows(&other, "run.finished")),
        ("1".to_owned(), "0".to_owned())
    );
}

#[test]
fn an_environment_that_cannot_be_reached_yet_is_gone_to_when_it_can() {
    let (world, other) = (World::new(), World::new());
    let watching = watch(&world);
    let bridge = Bridge::to(&other);
    bridge.cut();
    write(&world, &profile(bridge.address()));
    watching.until(&world, "trying again in", 2);
    save(&world, "first");
    watching.until(&world, "first.sql", 1);
    bridge.mend();
    watching.until(&world, "built: first orders", 1);
    watching.until(&world, "ready ", 2);
    assert_eq!(rows(&other, "run.started"), "1");
}

#[test]
#[cfg(unix)]
fn a_profile_behind_a_link_is_followed() {
    let (world, other) = (World::new(), World::new());
    world.write(TELLING);
    world.write(&format!("-- file: dotfiles/of-alice.toml\n{}", profile(world.address())));
    std::fs::create_dir(world.folder().join("elsewhere")).expect("a folder");
    std::os::unix::fs::symlink("../dotfiles/of-alice.toml", world.folder().join("elsewhere/profiles.toml"))
        .expect("a link");
    let watching = Staying::start(&world, "watch", None, &WATCH);
    watching.until(&world, "ready ", 1);
    world.write(&format!("-- file: dotfiles/of-alice.toml\n{}", profile(other.address())));
    watching.until(&world, "ready ", 2);
    assert_eq!(rows(&other, "run.started"), "1");
}

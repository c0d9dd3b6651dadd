//! `mzflow dev --watch`: what a developer who stays sees, whatever happens to files, server and process.

use std::path::Path;

use crate::harness::World;
use crate::harness::watching::Bridge;
use crate::harness::watching::Staying;
use crate::harness::watching::Terminal;

/// A project whose own `dev_overlay` tells what it was given, and takes as long as the project says: what
/// is tried with it is the watching, whatever is built.
const TELLING: &str = "\
-- file: shop/project.toml
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
-- file: shop/recipes/dev_overlay.lua
-- dev_overlay: tells what it was given.
local words = require('recipes.words')
return mz.recipe {
  api = 1, name = 'dev_overlay', summary = 'Tell what it was given.',
  args = {
    cluster = { help = 'where' }, name = { help = 'what' }, downstream = { help = 'how much' },
    down = { type = 'boolean', help = 'whether it goes' },
  },
  run = function(ctx)
    local project = mz.compile {}
    mz.setup {}
    local names = {}
    for _, object in ipairs(project.objects) do names[#names + 1] = object.object end
    table.sort(names)
    mz.log(words.begin .. table.concat(names, ' '))
    for _, name in ipairs(names) do
      if name == 'slow' then
        mz.log('it takes long')
        mz.sleep('10m')
      end
    end
    return ctx.done('told')
  end,
}
-- file: shop/recipes/words.lua
return { begin = 'built: ' }
";

const WATCH: [&str; 7] = ["dev", "dev", "--name", "alice", "--watch", "--project", "shop"];

fn telling() -> World {
    let world = World::new();
    world.write(TELLING);
    world
}

fn watch(world: &World) -> Staying {
    let watching = Staying::start(world, "watch", None, &WATCH);
    watching.until(world, "ready ", 1);
    watching
}

fn save(world: &World, name: &str, sql: &str) {
    world.write(&format!("-- file: shop/models/shop/core/{name}.sql\n{sql}\n"));
}

#[test]
fn a_save_is_built_and_a_touch_is_not() {
    let world = telling();
    let watching = watch(&world);
    save(&world, "totals", "CREATE VIEW totals AS SELECT sum(amount) AS total FROM core.orders;");
    watching.until(&world, "built: orders totals", 1);
    watching.until(&world, "ready ", 2);
    save(&world, "totals", "CREATE VIEW totals AS SELECT sum(amount) AS total FROM core.orders;");
    std::fs::rename(
        world.folder().join("shop/models/shop/core"),
        world.folder().join("shop/models/shop/base"),
    )
    .expect("renamed");
    watching.until(&world, "models/shop/base/orders.sql", 1);
    watching.until(&world, "failed ", 1);
    std::fs::rename(
        world.folder().join("shop/models/shop/base"),
        world.folder().join("shop/models/shop/core"),
    )
    .expect("renamed");
    watching.until(&world, "ready ", 3);
    std::fs::remove_file(world.folder().join("shop/models/shop/core/totals.sql")).expect("removed");
    watching.until(&world, "ready ", 4);
    let said = watching.said();
    assert_eq!(said.matches("\nsave ").count(), 4, "a touch is no save:\n{said}");
    assert!(said.contains("settle ") && said.contains("compile "), "{said}");
}

#[test]
fn a_project_that_turns_invalid_is_told_and_valid_again_is_built() {
    let world = telling();
    let watching = watch(&world);
    save(&world, "totals", "CREATE VIEW totals AS SELECT amount FROM core.nothing;");
    watching.until(&world, "[sql.unknown-relation]", 1);
    watching.until(&world, "models/shop/core/totals.sql:1:42", 1);
    watching.until(&world, "failed ", 1);
    save(&world, "totals", "CREATE VIEW totals AS SELECT amount FROM core.orders;");
    watching.until(&world, "built: orders totals", 1);
    // What makes it no project at all, and a file that cannot be read, are no end either.
    let settings = world.folder().join("shop/project.toml");
    std::fs::rename(&settings, world.folder().join("away")).expect("renamed");
    watching.until(&world, "[project.not-a-project]", 1);
    std::fs::rename(world.folder().join("away"), &settings).expect("renamed");
    watching.until(&world, "built: orders totals", 2);
    std::fs::write(world.folder().join("shop/models/shop/core/totals.sql"), [0xff, 0xfe]).expect("a file");
    watching.until(&world, "[project.unreadable-file]", 1);
    save(&world, "totals", "CREATE VIEW totals AS SELECT id FROM core.orders;");
    watching.until(&world, "built: orders totals", 3);
}

#[test]
fn recipes_are_watched_too() {
    let world = telling();
    let watching = watch(&world);
    world.write("-- file: shop/recipes/words.lua\nreturn { begin = 'made: ' }\n");
    watching.until(&world, "made: orders", 1);
    world.write("-- file: shop/recipes/words.lua\nreturn { begin = \n");
    watching.until(&world, "[lua.syntax]", 1);
    watching.until(&world, "recipes/words.lua", 1);
    world.write("-- file: shop/recipes/words.lua\nreturn { begin = 'done: ' }\n");
    watching.until(&world, "done: orders", 1);
    // What a recipe reads is watched wherever it is.
    world.write(
        "-- file: shop/recipes/words.lua\nreturn require('lib.said')\n\
         -- file: shop/lib/said.lua\nreturn require('recipes.deep.words')\n\
         -- file: shop/recipes/deep/words.lua\nreturn { begin = 'one: ' }\n",
    );
    watching.until(&world, "one: orders", 1);
    world.write("-- file: shop/recipes/deep/words.lua\nreturn { begin = 'two: ' }\n");
    watching.until(&world, "two: orders", 1);
    world.write("-- file: shop/lib/said.lua\nreturn { begin = 'three: ' }\n");
    watching.until(&world, "three: orders", 1);
}

#[test]
fn what_a_recipe_misses_is_taken_up_when_it_comes() {
    let world = telling();
    let watching = watch(&world);
    // Nobody watches a folder that is not there.
    world.write("-- file: shop/recipes/words.lua\nreturn require('lib.deep.said')\n");
    watching.until(&world, "[lua.no-module]", 1);
    world.write("-- file: shop/lib/deep/said.lua\nreturn { begin = 'one: ' }\n");
    watching.until(&world, "one: orders", 1);
    // It goes with its folder, and comes back.
    std::fs::rename(world.folder().join("shop/lib"), world.folder().join("away")).expect("renamed");
    watching.until(&world, "[lua.no-module]", 2);
    std::fs::rename(world.folder().join("away"), world.folder().join("shop/lib")).expect("renamed");
    watching.until(&world, "one: orders", 2);
    world.write("-- file: shop/lib/deep/said.lua\nreturn { begin = 'two: ' }\n");
    watching.until(&world, "two: orders", 1);
    // What is done without, and what is asked for by a run alone.
    world.write(
        "-- file: shop/recipes/words.lua\nlocal has, said = pcall(require, 'other.said')\n\
         return has and said or { begin = 'without: ' }\n",
    );
    watching.until(&world, "without: orders", 1);
    world.write("-- file: shop/other/said.lua\nreturn { begin = 'with: ' }\n");
    watching.until(&world, "with: orders", 1);
    world.write(&TELLING.replace("mz.log(words.begin", "mz.log(require('late.said').begin"));
    watching.until(&world, "[lua.no-module]", 3);
    world.write("-- file: shop/late/said.lua\nreturn { begin = 'late: ' }\n");
    watching.until(&world, "late: orders", 1);
}

#[test]
fn a_recipe_that_cannot_be_loaded_yet_is_waited_for() {
    let world = telling();
    world.write("-- file: shop/recipes/words.lua\nreturn require('lib.said')\n");
    let mut watching = Staying::start(&world, "watch", None, &WATCH);
    watching.until(&world, "[lua.no-module]", 1);
    watching.until(&world, "waiting for a save", 1);
    world.write("-- file: shop/lib/said.lua\nreturn { begin = 'said: ' }\n");
    watching.until(&world, "said: orders", 1);
    watching.until(&world, "ready ", 1);
    watching.signal("INT");
    assert_eq!(watching.end(), Some(0));
    // Once it is to be built once, it is an error.
    world.write("-- file: shop/recipes/words.lua\nreturn require('lib.missing')\n");
    let once = ["dev", "dev", "--name", "alice", "--project", "shop"];
    world.mzflow(&once).code(1).says("[lua.no-module]").says("no lib/missing.lua below the project");
}

#[test]
fn a_save_while_it_connects_is_built() {
    let world = telling();
    let bridge = Bridge::held(&world);
    let watching = Staying::start(&world, "watch", Some(&bridge.url()), &WATCH);
    world.until("it connects", || bridge.came() > 0);
    save(&world, "totals", "CREATE VIEW totals AS SELECT id FROM core.orders;");
    bridge.open();
    watching.until(&world, "built: orders totals", 1);
}

#[test]
fn another_build_is_promised_while_one_is_under_way() {
    let world = telling();
    save(&world, "slow", "CREATE VIEW slow AS SELECT 1 AS a;");
    let mut terminal = Terminal::start(&world, (24, 100), &WATCH);
    terminal.until(&world, "it takes long");
    terminal.press("r");
    terminal.until(&world, "builds once more when this build has ended");
}

#[test]
fn a_newer_save_ends_the_build_and_starts_over() {
    let world = telling();
    let watching = watch(&world);
    save(&world, "slow", "CREATE VIEW slow AS SELECT 1 AS a;");
    watching.until(&world, "it takes long", 1);
    std::fs::remove_file(world.folder().join("shop/models/shop/core/slow.sql")).expect("removed");
    save(&world, "quick", "CREATE VIEW quick AS SELECT 1 AS a;");
    watching.until(&world, "built: orders quick", 1);
    watching.until(&world, "ready ", 2);
}

#[test]
fn a_second_watcher_is_told_who_has_it() {
    let world = telling();
    let mut watching = watch(&world);
    world
        .mzflow(&WATCH)
        .code(3)
        .says("[dev.watched]")
        .says("`alice` is watched already, by materialize since ")
        .says("--name NAME --watch");
    // Another overlay is another's business.
    let other = ["dev", "dev", "--name", "bob", "--watch", "--project", "shop"];
    let bob = Staying::start(&world, "bob", None, &other);
    bob.until(&world, "ready ", 1);
    // Who is killed keeps nobody away.
    watching.signal("KILL");
    watching.end();
    let sessions = || world.rows("SELECT count(*) FROM mz_internal.mz_sessions");
    world.until_told(sessions, || {
        let again = Staying::start(&world, "again", None, &WATCH);
        let both = || again.times("ready ") + again.times("[dev.watched]");
        world.until("an answer", || both() > 0);
        again.times("ready ") > 0
    });
}

#[test]
fn a_server_that_goes_and_comes_back_is_waited_for() {
    let world = telling();
    let bridge = Bridge::to(&world);
    let watching = Staying::start(&world, "watch", Some(&bridge.url()), &WATCH);
    watching.until(&world, "ready ", 1);
    bridge.cut();
    // The connection is found broken by the save, at the latest.
    save(&world, "totals", "CREATE VIEW totals AS SELECT id FROM core.orders;");
    watching.until(&world, "offline ", 1);
    watching.until(&world, "trying again in", 2);
    save(&world, "more", "CREATE VIEW more AS SELECT id FROM core.orders;");
    watching.until(&world, "more.sql", 1);
    bridge.mend();
    watching.until(&world, "online ", 1);
    watching.until(&world, "built: more orders totals", 1);
    watching.until(&world, "ready ", 2);
    // Without a save it is found broken when production is looked at.
    bridge.cut();
    watching.until(&world, "trying again in", 4);
    bridge.mend();
    watching.until(&world, "online ", 2);
    watching.until(&world, "ready ", 3);
}

#[test]
fn ctrl_c_ends_it_in_order() {
    let world = telling();
    let mut watching = watch(&world);
    watching.signal("INT");
    assert_eq!(watching.end(), Some(0));
    assert!(watching.said().contains("the overlay stays"), "{}", watching.said());
    let finished = "SELECT count(*) FROM _mzflow.public.journal WHERE kind = 'run.finished'";
    assert_eq!(world.rows(finished), "1");
    // In the middle of a build.
    let mut watching = watch(&world);
    save(&world, "slow", "CREATE VIEW slow AS SELECT 1 AS a;");
    watching.until(&world, "it takes long", 1);
    watching.signal("TERM");
    assert_eq!(watching.end(), Some(130));
    assert_eq!(world.rows(finished), "2");
}

#[test]
fn programs_get_a_line_for_everything() {
    let world = telling();
    let mut arguments = WATCH.to_vec();
    arguments.push("--json");
    let mut watching = Staying::start(&world, "json", None, &arguments);
    watching.until(&world, "\"dev.ready\"", 1);
    save(&world, "totals", "CREATE VIEW totals AS SELECT id FROM core.orders;");
    watching.until(&world, "\"dev.ready\"", 2);
    save(&world, "totals", "CREATE VIEW totals AS SELECT id,");
    watching.until(&world, "\"dev.failed\"", 1);
    watching.signal("INT");
    assert_eq!(watching.end(), Some(0));
    let lines: Vec<serde_json::Value> =
        watching.out().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let named = |name: &str| lines.iter().filter(|line| line["event"] == name).collect::<Vec<_>>();
    assert_eq!(named("dev.saved")[0]["files"], serde_json::json!(["models/shop/core/totals.sql"]));
    let failed = named("dev.failed")[0];
    let place = ["code", "file", "line"].map(|field| failed[field].to_string());
    assert_eq!(place, ["\"sql.syntax\"", "\"models/shop/core/totals.sql\"", "1"]);
    assert_eq!(failed["error"]["code"], "compile.failed");
    let times = &named("dev.ready")[1]["times"];
    assert!(times["settle_ms"].as_u64() >= Some(70) && times["ready_ms"].is_u64(), "{times}");
    assert_eq!(lines.last().expect("a line")["event"], "run.finished");
    assert!(lines.iter().all(|line| line["at"].is_u64() && line["run"].is_string()));
}

#[test]
fn without_notifications_it_looks() {
    let world = telling();
    let mut arguments = WATCH.to_vec();
    arguments.push("--poll");
    let watching = Staying::start(&world, "poll", None, &arguments);
    watching.until(&world, "ready ", 1);
    save(&world, "totals", "CREATE VIEW totals AS SELECT id FROM core.orders;");
    watching.until(&world, "built: orders totals", 1);
}

#[test]
fn a_terminal_gets_a_screen_and_gets_it_back() {
    let world = telling();
    let mut terminal = Terminal::start(&world, (24, 120), &WATCH);
    terminal.until(&world, "save → ready");
    terminal.until(&world, "shop__alice on cluster dev");
    assert!(terminal.is_taken() && terminal.hides_cursor());
    terminal.press("?");
    terminal.until(&world, "compare its rows with production");
    terminal.press("?");
    world.until("the help is gone", || !terminal.seen().contains("compare its rows"));
    terminal.resize((12, 60));
    world.until("it is narrower", || {
        let seen = terminal.seen();
        seen.lines().all(|line| line.chars().count() <= 60) && seen.contains("q quit")
    });
    save(&world, "totals", "CREATE VIEW totals AS SELECT amount FROM core.nothing;");
    terminal.until(&world, "core.nothing");
    // Nothing happens, and nothing is written.
    terminal.until(&world, "failed after");
    let written = terminal.written();
    terminal.press("z");
    terminal.press("?");
    terminal.until(&world, "choose an object");
    assert!(
        terminal.written() - written < 2_000,
        "{} bytes for a help of ten lines",
        terminal.written() - written
    );
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    world.until("the shell's screen is back", || !terminal.is_taken() && !terminal.hides_cursor());
    terminal.until(&world, "the overlay stays");
}

#[test]
fn a_terminal_is_given_back_at_every_end() {
    let world = telling();
    for (signal, code) in [("TERM", 0), ("INT", 0), ("HUP", 0)] {
        let mut terminal = Terminal::start(&world, (24, 100), &WATCH);
        terminal.until(&world, "save → ready");
        terminal.signal(signal);
        assert_eq!(terminal.end(), code, "{signal}");
        world.until("the shell's screen is back", || !terminal.is_taken() && !terminal.hides_cursor());
    }
    let mut terminal = Terminal::start(&world, (24, 100), &WATCH);
    terminal.until(&world, "save → ready");
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), 0, "Ctrl-C is a key there");
    // Where a build is under way it is stopped in order, and the screen says so.
    save(&world, "slow", "CREATE VIEW slow AS SELECT 1 AS a;");
    let mut terminal = Terminal::start(&world, (24, 100), &WATCH);
    terminal.until(&world, "it takes long");
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), 130);
    world.until("the shell's screen is back", || !terminal.is_taken() && !terminal.hides_cursor());
}

/// Nothing happens: nothing is done but to look at production every so often, and nothing is held that
/// need not be. What of the program itself is in memory depends on how it was built.
#[test]
fn an_idle_watcher_costs_nothing() {
    let world = telling();
    let watching = watch(&world);
    let read = |name: &str| {
        let path = Path::new("/proc").join(watching.id().to_string()).join(name);
        std::fs::read_to_string(path)
    };
    let Ok(status) = read("status") else {
        eprintln!("skipped: there is no /proc here");
        return;
    };
    let held = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let held = held.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    assert!(held.expect("a number") < 60 * 1024, "{held:?} kB");
    // Hundredths of a second, in user and kernel mode.
    let ticks = || {
        let stat = read("stat").expect("it runs");
        let behind = stat.rsplit(") ").next().expect("fields").to_owned();
        let fields: Vec<u64> =
            behind.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        fields.iter().sum::<u64>()
    };
    let screen = ["dev", "dev", "--name", "bob", "--watch", "--project", "shop"];
    let terminal = Terminal::start(&world, (24, 100), &screen);
    terminal.until(&world, "save → ready");
    let (before, written) = (ticks(), terminal.written());
    world.forget();
    let glance = |sql: &String| sql.contains("mz_schemas") && sql.contains("_mzflow");
    world.until("both look at production", || {
        world.statements().iter().filter(|sql| glance(sql)).count() >= 2
    });
    assert_eq!(terminal.written(), written, "nothing has changed on the screen");
    let used = ticks() - before;
    assert!(used <= 10, "{used} hundredths of a second for ten seconds in which nothing happened");
}

#[test]
fn an_overlay_has_a_name() {
    let world = telling();
    let once = ["dev", "dev", "--project", "shop"];
    world.mzflow(&once).code(2).says("[cli.no-overlay-name]").says("--name NAME");
    world.mzflow(&[&once[..], &["--poll"]].concat()).code(2).says("--watch");
    world.mzflow(&[&once[..], &["--name", "alice"]].concat()).code(0).says("built: orders");
}

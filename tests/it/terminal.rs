//! At a terminal: a question that is waited for, and lines without colour.

use crate::harness::World;
use crate::harness::shop::first;
use crate::harness::shop::staged;
use crate::harness::shop::staging;
use crate::harness::watching::Terminal;

const RUN: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];

const QUESTION: &str = "this removes 1 object; go on? [y/N]";

/// The first version is production, and its totals are gone from the disk.
fn removing() -> World {
    let world = first();
    std::fs::remove_file(world.folder().join("shop/models/shop/core/totals.sql")).expect("it is there");
    world
}

fn totals(world: &World) -> String {
    world.rows("SELECT count(*) FROM mz_objects WHERE name = 'totals'")
}

#[test]
fn ctrl_c_at_a_question_is_an_answer() {
    let world = removing();
    let mut terminal = Terminal::start(&world, (24, 100), &RUN);
    terminal.until(&world, QUESTION);
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), 130);
    terminal.until(&world, "stopping at the next safe point");
    terminal.until(&world, "[run.interrupted]");
    assert_eq!((totals(&world), staging(&world)), ("1".to_owned(), String::new()));

    let mut terminal = Terminal::start(&world, (24, 100), &RUN);
    terminal.until(&world, QUESTION);
    terminal.press("n\r");
    assert_eq!(terminal.end(), 3);
    terminal.until(&world, "[run.needs-consent]");

    let mut terminal = Terminal::start(&world, (24, 100), &RUN);
    terminal.until(&world, QUESTION);
    terminal.press("y\r");
    assert_eq!(terminal.end(), 0);
    assert_eq!(totals(&world), "0");
}

#[test]
fn ctrl_c_at_the_question_of_gc_drops_nothing() {
    let world = staged();
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    let kept = staging(&world);
    let mut terminal = Terminal::start(&world, (24, 100), &["gc", "--kept"]);
    terminal.until(&world, "drop 1 version? [y/N]");
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), 130);
    terminal.until(&world, "[run.interrupted]");
    assert_eq!(staging(&world), kept);
    let mut terminal = Terminal::start(&world, (24, 100), &["gc", "--kept"]);
    terminal.until(&world, "drop 1 version? [y/N]");
    terminal.press("y\r");
    assert_eq!(terminal.end(), 0);
    assert_eq!(staging(&world), "");
}

#[test]
fn without_colour_lines_are_plain_and_questions_are_asked() {
    let world = removing();
    world.sql("ALTER SYSTEM SET sandbox_hydration = '500ms'");
    let mut terminal = Terminal::start_with(&world, (24, 100), &[("NO_COLOR", "1")], &RUN);
    terminal.until(&world, QUESTION);
    terminal.press("y\r");
    assert_eq!(terminal.end(), 0);
    terminal.until(&world, "second is production");
    assert!(!terminal.raw().contains(&0x1b), "neither colour nor a live line: {}", terminal.seen());
}
